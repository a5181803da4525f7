"""Whole pickles and files with objects of classes of others, also by commands."""

from __future__ import annotations

import pickle
import sys

import pytest
from click.testing import CliRunner

import pickle_migrate
from pickle_migrate import Lineage, Rebuild, Registry, RenameField, cli, registry, resolver
from pickle_migrate.errors import ForeignError, PolicyError, VerificationError
from pickle_migrate.foreign.rewriting import concerns, rewritten
from pickle_migrate.foreign.wanted import Wanted, file_beside
from pickle_migrate.loader import load_parts
from pickle_migrate.project import Settings
from pickle_migrate.scanner import scan_all

pytestmark = pytest.mark.usefixtures("lib")


def declared(version_of=lambda view: 1 if "old" in view.fields else 2, *steps):
    made = Registry()
    told = Lineage("lib:Tree", version_of=version_of, registry=made)
    told.upgrade(1, *(steps or (RenameField("old", "new"),)))
    return made


def tree(lib, **fields):
    made = lib.Tree()
    vars(made).update(fields)
    return made


def done(data, wanted, **options):
    return rewritten(data, scan_all(data).pickles, wanted, **options)


def test_without_such_lineages_nothing_is_looked_at(lib):
    """A registry without any concerns no pickle, and neither does one for other classes."""
    data = pickle.dumps(tree(lib, old=1))
    assert not concerns(scan_all(data).pickles, Registry())
    assert not concerns(scan_all(pickle.dumps([1])).pickles, declared())
    assert concerns(scan_all(data).pickles, declared())
    assert done(pickle.dumps(tree(lib, new=1)), Wanted(declared())) is None


def test_twice_changes_nothing(lib):
    """The bytes that come out need nothing more."""
    first = done(pickle.dumps([tree(lib, old=1)]), Wanted(declared()))
    assert first is not None
    assert first.steps == ("lib:Tree 1 to 2: rename 'old' to 'new'",)
    assert done(first.data, Wanted(declared())) is None


def test_a_version_of_that_never_ends_is_noticed(lib):
    """Steps that leave an object at its old version are a mistake of the lineage."""
    with pytest.raises(VerificationError, match="version_of gives an old version for lib:Tree"):
        done(pickle.dumps(tree(lib, old=1)), Wanted(declared(lambda view: 1)))


def test_several_pickles_in_a_row(lib, tmp_path):
    """Each stays a pickle of its own, at its protocol; those that share a memo go on sharing."""
    path = tmp_path / "row.pickle"
    shared = tree(lib, old=1)
    with path.open("wb") as file:
        for protocol in (0, 2, 4):
            pickle.dump(shared, file, protocol)
    found = done(path.read_bytes(), Wanted(declared()))
    assert [scan.protocol for scan in scan_all(found.data).pickles] == [0, 2, 4]
    with path.open("wb") as file:
        pickler = pickle.Pickler(file, 4)
        pickler.dump(shared)
        pickler.dump([shared])
    path.write_bytes(done(path.read_bytes(), Wanted(declared())).data)
    with path.open("rb") as file:
        unpickler = pickle.Unpickler(file)
        first, second = unpickler.load(), unpickler.load()
    assert second == [first]
    assert first.new == 1


def test_real_values_are_loaded_under_a_policy(lib):
    """Data types of the presets, and nothing else; nothing at all where nothing may be loaded."""

    def real(view):
        return view.real(view.fields["old"])

    wanted = declared(lambda view: 1, Rebuild(real))
    data = pickle.dumps(tree(lib, old=complex(1, 2)))
    assert pickle.loads(done(data, Wanted(wanted, load=load_parts)).data) == 1 + 2j
    with pytest.raises(ForeignError, match="nothing may be loaded"):
        done(data, Wanted(wanted))
    with pytest.raises(PolicyError):
        done(pickle.dumps(tree(lib, old=sys.exit)), Wanted(wanted, load=load_parts))


def test_a_pickle_that_cannot_be_written_again_is_refused(lib):
    """Extension codes and buffers outside of it have no place in a graph."""
    data = pickle.dumps([tree(lib, old=1), pickle.PickleBuffer(b"x")], 5, buffer_callback=[].append)
    with pytest.raises(ForeignError, match="buffers outside"):
        done(data, Wanted(declared()))


def test_the_view_tells_of_the_whole_pickle(lib):
    """Its globals, and other objects by their class."""
    seen = []

    def version_of(view):
        leaves = view.pickle.objects("lib:Leaf")
        seen.append((view.pickle.names("lib"), view.pickle.names("li"), len(leaves)))

    done(pickle.dumps([lib.Leaf(), lib.Leaf(), tree(lib, old=1)]), Wanted(declared(version_of)))
    assert seen == [(True, False, 2)]


def test_loading_needs_no_other_call(lib):
    """Files, several pickles one after the other, policies and limits: all see the steps taken."""
    import io

    mine = declared()
    data = pickle.dumps(tree(lib, old=1)) + pickle.dumps([tree(lib, old=2)])
    file = io.BytesIO(data)
    assert pickle_migrate.load(file, registry=mine).new == 1
    assert pickle_migrate.load(file, registry=mine)[0].new == 2
    policy = pickle_migrate.Policy(presets=["registered"], registry=mine)
    assert pickle_migrate.loads(data, registry=mine, policy=policy).new == 1
    with pytest.raises(PolicyError):
        pickle_migrate.loads(
            pickle.dumps([tree(lib, old=1), sys.exit]), registry=mine, policy=policy
        )


# --- commands ---------------------------------------------------------------------------------


@pytest.fixture
def fresh(monkeypatch, tmp_path):
    """A default registry as it was before, and settings that say nothing."""
    monkeypatch.chdir(tmp_path)
    for name in [n for n in sys.modules if n.startswith("foreign_steps_")]:
        monkeypatch.delitem(sys.modules, name)
    before = {
        k: v.copy() if isinstance(v, dict | set | list) else v
        for k, v in vars(registry.DEFAULT).items()
        if k != "lock"
    }
    yield tmp_path
    vars(registry.DEFAULT).update(before)
    registry.DEFAULT.generation += 1_000
    resolver.use_settings(None)


STEPS = """
from pickle_migrate import Lineage, RenameField

tree = Lineage("gonelib:Tree", version_of=lambda view: 1 if "old" in view.fields else 2)
tree.upgrade(1, RenameField("old", "new"))
"""

GONE = b"\x80\x02cgonelib\nTree\n)\x81}U\x03oldK\x01sb."


@pytest.mark.parametrize("option", ["--static", "--json"])
def test_the_command_upgrades_what_cannot_be_imported(fresh, option, monkeypatch):
    """The library is not there, and the file is brought up to date, once."""
    (fresh / "foreign_steps_of_test.py").write_text(STEPS)
    (fresh / "old.pickle").write_bytes(GONE)
    monkeypatch.syspath_prepend(fresh)
    run = ["upgrade", "old.pickle", "--in-place", "--import", "foreign_steps_of_test", option]
    first = CliRunner().invoke(cli.main, run)
    assert first.exit_code == 0, first.output
    assert "gonelib:Tree" in first.output
    assert b"new" in (fresh / "old.pickle").read_bytes()
    again = CliRunner().invoke(cli.main, run)
    assert "current" in again.output


def test_what_a_step_finds_wrong_is_a_problem_of_the_file(fresh, monkeypatch):
    """It is refused with its reason, and stays as it is."""
    (fresh / "foreign_steps_wrong.py").write_text(
        STEPS.replace('RenameField("old"', 'RenameField("gone"')
    )
    (fresh / "old.pickle").write_bytes(GONE)
    monkeypatch.syspath_prepend(fresh)
    run = ["upgrade", "old.pickle", "--in-place", "--import", "foreign_steps_wrong"]
    result = CliRunner().invoke(cli.main, run)
    assert result.exit_code == 1
    assert "refused" in result.output
    assert "gone" in result.output
    assert (fresh / "old.pickle").read_bytes() == GONE


def test_settings_name_packs(fresh):
    """They are used when the settings are read; an unknown one is told."""
    resolver.use_settings(Settings(packs=("python2",)))
    assert pickle_migrate.loads(b"\x80\x02U\x02\xc3\xab.") == "ë"
    with pytest.raises(pickle_migrate.PickleMigrateError, match="no such pack"):
        resolver.use_settings(Settings(packs=("nothing",), source="pyproject.toml"))


def test_the_first_load_looks_for_packs(fresh, monkeypatch):
    """Rules for strings are needed before any name is; settings that are broken are none."""
    monkeypatch.delenv("PICKLE_MIGRATE_SETTINGS", raising=False)
    (fresh / "pickle_migrate.toml").write_text("packs = 3")
    resolver.use_settings(None)
    assert pickle_migrate.loads(b"\x80\x02U\x01a.") == "a"
    (fresh / "pickle_migrate.toml").write_text('packs = "python2"')
    resolver.use_settings(None)
    assert pickle_migrate.loads(b"\x80\x02U\x02\xc3\xab.") == "ë"


def test_a_file_beside_has_a_bare_name(tmp_path):
    """A name that leads out of the folder is not looked at."""
    (tmp_path / "a.pickle").write_bytes(b"N.")
    (tmp_path / "b.npy").write_bytes(b"array")
    (tmp_path / "in").mkdir()
    place = str(tmp_path / "in" / "x.pickle")
    assert file_beside(str(tmp_path / "a.pickle"), "b.npy") == b"array"
    for name in ("../b.npy", str(tmp_path / "b.npy"), "..", "", "b.npy\0", "b.npy"):
        assert file_beside(place, name) is None


def test_buffers_outside_of_a_pickle_are_no_matter_where_nothing_changes(lib):
    """Only a pickle that would be written anew is refused for them."""
    mine = declared()
    value = [tree(lib, new=1), pickle.PickleBuffer(b"abc")]
    buffers = []
    data = pickle.dumps(value, 5, buffer_callback=buffers.append)
    loaded = pickle_migrate.loads(data, registry=mine, buffers=buffers)
    assert bytes(loaded[1]) == b"abc"


def test_an_unpickler_with_persistent_ids(lib):
    """A subclass that knows them gets them, also from a pickle that was written anew."""
    import io

    class IdPickler(pickle.Pickler):
        def persistent_id(self, obj):
            return "id" if obj == "x" else None

    class Knows(pickle_migrate.Unpickler):
        def persistent_load(self, pid):
            return pid

    for protocol in (1, 4):
        file = io.BytesIO()
        shared = tree(lib, old=1)
        pickler = IdPickler(file, protocol)

        pickler.dump([shared, "x", shared])
        file.seek(0)
        first, pid, again = Knows(file, registry=declared()).load()
        assert (first.new, pid) == (1, "id")
        assert again is first


def test_deep_graphs(lib):
    """A linked list of 20,000 objects: nothing recurses."""
    mine = declared()
    node = None
    for _ in range(20_000):
        node = tree(lib, old=node)
    data = pickle_migrate.dumps(node, 4)
    found = done(data, Wanted(mine))
    node, count = pickle_migrate.loads(found.data, registry=mine), 0
    while node is not None:
        node, count = node.new, count + 1
    assert count == 20_000


def test_pickles_that_share_a_memo_are_not_mixed_up(lib):
    """What a later one refers to is no longer what it was; the command upgrades such a file."""
    import io

    file = io.BytesIO()
    pickler = pickle.Pickler(file, 4)
    shared, other = tree(lib, old=1), tree(lib, new=2)
    for obj in (shared, [shared]):
        pickler.dump(obj)
    file.seek(0)
    unpickler = pickle_migrate.Unpickler(file, registry=declared())
    assert unpickler.load().new == 1
    with pytest.raises(ForeignError, match="a pickle before it"):
        unpickler.load()
    file = io.BytesIO()
    pickler = pickle.Pickler(file, 4)
    for obj in (other, [other]):
        pickler.dump(obj)
    file.seek(0)
    unpickler = pickle_migrate.Unpickler(file, registry=declared())
    first = unpickler.load()
    assert unpickler.load() == [first]
