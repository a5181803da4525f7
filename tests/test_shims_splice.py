"""Real names in place of those of stand-ins, frames included."""

import io
import pickle
import pickletools

import pytest

from pickle_migrate.errors import ShimError
from pickle_migrate.refs import GlobalRef
from pickle_migrate.shims_splice import renamed
from pickle_migrate.shims_types import ShimType
from pickle_migrate.shims_world import World
from pickle_migrate.shims_writer import Table


def written(ref, content, protocol):
    """A pickle with a stand-in for ``ref`` in it, before and after."""
    cls = World().new(ShimType, ref)
    file = io.BytesIO()
    pickler = pickle.Pickler(file, protocol)
    pickler.dispatch_table = Table()
    pickler.dump([cls, *content, cls])
    raw = file.getvalue()
    return renamed(raw, lambda token: {cls._token: ref}[token])


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("content", [[], ["t" * 70_000], [b"b" * 70_000] * 2, list("abc") * 30_000])
def test_names_and_frames(protocol, content):
    """Frames end where they say, before and after large items too."""
    found = list(pickletools.genops(written(GlobalRef("a.b", "C"), content, protocol)))
    names = [op.name for op, _, _ in found]
    assert ("FRAME" in names) == (protocol >= 4)
    texts = [arg for op, arg, _ in found if isinstance(arg, str)]
    assert ("a.b C" in texts) == (protocol < 4)
    assert ("a.b" in texts) == (protocol >= 4)


@pytest.mark.parametrize("name", ["é", "x" * 300, "x" * 70_000, "a\nb", "\ud800"])
def test_any_name_from_protocol_4_on(name):
    """Long ones and odd ones."""
    data = written(GlobalRef(name, name), [], 4)
    assert [arg for _, arg, _ in pickletools.genops(data)].count(name) == 2


def test_line_ends_below_protocol_4():
    """There a name is a line."""
    with pytest.raises(ShimError, match="line end"):
        written(GlobalRef("a\nb", "c"), [], 2)


def test_nothing_to_do():
    """Bytes without stand-ins are given back."""
    data = pickle.dumps([1, 2])
    assert renamed(data, lambda token: GlobalRef("a", "b")) is data
