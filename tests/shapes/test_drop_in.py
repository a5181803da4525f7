"""The loader and the pickler stand in for pickle's own, argument by argument; and what else pickle
lets a program do: extension codes, private tables, persistent ids, buffers, threads, reloading.
"""

from __future__ import annotations

import copyreg
import importlib
import inspect
import io
import pickle
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
import pytest
from releases import LOADERS, PROTOCOLS, Releases, fields_of, install, written

import pickle_migrate

OLD = """
    @versioned(1, unstamped=1)
    class C:
        def __init__(self, a):
            self.a = a
    @versioned(1, unstamped=1)
    class S:
        __slots__ = ("a",)
        def __init__(self, a):
            self.a = a
    """
NEW = """
    Lineage("shop:C").upgrade(1, RenameField("a", "b"), AddField("z", default=9))
    Lineage("shop:S").upgrade(1, RenameField("a", "b"), AddField("z", default=9))
    @versioned(2, unstamped=1)
    class C:
        pass
    @versioned(2, unstamped=1)
    class S:
        __slots__ = ("b", "z")
    """
EXPECTED = [{"b": 1, "z": 9}, {"b": 2, "z": 9}]


# --- signatures -------------------------------------------------------------------------------

NAMES = ["dump", "dumps", "load", "loads", "Pickler", "Unpickler"]


@pytest.mark.parametrize("name", NAMES)
def test_every_argument_of_pickles_is_taken(name: str) -> None:
    """Drop-in: each parameter of pickle's function or class is there, of the same kind, in the same
    place, with the same default.
    """
    theirs = _parameters(getattr(pickle, name))
    ours = _parameters(getattr(pickle_migrate, name))
    for parameter in theirs:
        assert parameter in ours, parameter


def _parameters(function: Callable[..., Any]) -> list[tuple[str, str, object]]:
    found = inspect.signature(function).parameters.values()
    return [
        (p.name, p.kind.name, p.default)
        for p in found
        if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
    ]


def test_load_reads_one_pickle_and_no_more() -> None:
    """The file stands behind the pickle afterwards, as with pickle.load."""
    stream = io.BytesIO(pickle.dumps([1]) + pickle.dumps([2]) + b"rest")
    assert pickle_migrate.load(stream) == [1]
    assert pickle_migrate.load(stream) == [2]
    assert stream.read() == b"rest"


def test_loads_takes_bytes_likes_and_ignores_what_follows() -> None:
    """bytes, bytearray and memoryview; bytes after the first pickle are ignored, as by pickle."""
    data = pickle.dumps({"a": 1}) + b"rest"
    for form in (bytes, bytearray, memoryview):
        assert pickle_migrate.loads(form(data)) == pickle.loads(form(data)) == {"a": 1}


def test_one_unpickler_reads_a_shared_memo() -> None:
    """A Pickler used twice shares its memo across dumps: one Unpickler follows it."""
    stream = io.BytesIO()
    pickler = pickle_migrate.Pickler(stream)
    shared = ["shared"]
    pickler.dump(shared)
    pickler.dump([shared])
    stream.seek(0)
    unpickler = pickle_migrate.Unpickler(stream)
    first = unpickler.load()
    [again] = unpickler.load()
    assert first is again


@pytest.mark.parametrize("protocol", [None, -1, *PROTOCOLS])
def test_protocol(protocol: int | None) -> None:
    """The protocol is taken by position and by name, and means what it means to pickle."""
    data = pickle_migrate.dumps({"a": (1, "x")}, protocol)
    assert data == pickle.dumps({"a": (1, "x")}, protocol)
    stream = io.BytesIO()
    pickle_migrate.dump({"a": (1, "x")}, stream, protocol=protocol)
    assert stream.getvalue() == data


def test_errors_of_pickle_pass() -> None:
    """What is no pickle, a truncated one, and what cannot be pickled: pickle's own errors."""
    for data in (b"", b"nonsense", pickle.dumps([1, 2])[:-3]):
        with pytest.raises((pickle.UnpicklingError, EOFError)) as theirs:
            pickle.loads(data)
        with pytest.raises((pickle.UnpicklingError, EOFError)) as ours:
            pickle_migrate.loads(data)
        assert type(ours.value) is type(theirs.value)
    with pytest.raises((pickle.PicklingError, AttributeError, TypeError)):
        pickle_migrate.dumps(lambda: 0)
    with pytest.raises(TypeError):
        pickle_migrate.loads("text")  # type: ignore[arg-type]


def test_dump_leaves_the_file_alone_when_it_fails() -> None:
    """Nothing is written of an object that cannot be pickled."""
    stream = io.BytesIO()
    with pytest.raises((pickle.PicklingError, AttributeError, TypeError)):
        pickle_migrate.dump([1, 2, lambda: 0], stream)
    assert stream.getvalue() == b""


# --- Python 2's pickles -----------------------------------------------------------------------

# Written by the pickle module of Python 2.7.18: class C (old style, then new style) of a module
# "shop", with the fields
# a = 1 and name = "caf\\xc3\\xa9" (8-bit), at protocols 0, 1 and 2.
OLD_STYLE = [
    b"(ishop\nC\np0\n(dp1\nS'a'\np2\nI1\nsS'name'\np3\nS'caf\\xc3\\xa9'\np4\nsb.",
    b"(cshop\nC\nq\x00oq\x01}q\x02(U\x01aq\x03K\x01U\x04nameq\x04U\x05caf\xc3\xa9q\x05ub.",
    b"\x80\x02(cshop\nC\nq\x00oq\x01}q\x02(U\x01aq\x03K\x01U\x04nameq\x04U\x05caf\xc3\xa9q\x05ub.",
]
NEW_STYLE = [
    b"ccopy_reg\n_reconstructor\np0\n(cshop\nC\np1\nc__builtin__\nobject\np2\nNtp3\nRp4\n(dp5\nS'a'"
    b"\np6\nI1\nsS'name'\np7\nS'caf\\xc3\\xa9'\np8\nsb.",
    b"ccopy_reg\n_reconstructor\nq\x00(cshop\nC\nq\x01c__builtin__\nobject\nq\x02Ntq\x03Rq\x04}q\x05("
    b"U\x01aq\x06K\x01U\x04nameq\x07U\x05caf\xc3\xa9q\x08ub.",
    b"\x80\x02cshop\nC\nq\x00)\x81q\x01}q\x02(U\x01aq\x03K\x01U\x04nameq\x04U\x05caf\xc3\xa9q\x05ub.",
]
PYTHON_2 = {
    "pickle_migrate.loads": pickle_migrate.loads,
    "pickle.loads": pickle.loads,
    "pickle._loads": pickle._loads,  # type: ignore[attr-defined]
}


@pytest.mark.parametrize("loader", PYTHON_2)
@pytest.mark.parametrize("data", [*OLD_STYLE, *NEW_STYLE])
@pytest.mark.parametrize(
    ("encoding", "name"),
    [("utf-8", "caf\u00e9"), ("latin-1", "caf\u00c3\u00a9"), ("bytes", b"caf\xc3\xa9")],
)
def test_python_2_pickles_and_the_encoding(
    loader: str, data: bytes, encoding: str, name: object
) -> None:
    """Trap: Python 2: ``fix_imports``, ``copy_reg._reconstructor``, 8-bit strings and the encoding.
    With ``encoding="bytes"`` even attribute names are bytes; steps see them as text.
    """
    install("""
        from pickle_migrate import *
        Lineage("shop:C").upgrade(1, RenameField("a", "b"), AddField("z", default=9))
        @versioned(2, unstamped=1)
        class C:
            pass
        """)
    loaded = PYTHON_2[loader](data, encoding=encoding)
    assert vars(loaded) == {"b": 1, "name": name, "z": 9}


def test_errors_argument_of_the_decoding() -> None:
    """``errors`` says what becomes of bytes that the encoding does not know."""
    data = b"U\x02a\xff."
    with pytest.raises(UnicodeDecodeError):
        pickle_migrate.loads(data)
    assert pickle_migrate.loads(data, errors="replace") == "a\ufffd"
    assert pickle_migrate.loads(data, encoding="latin-1") == "a\xff"


def test_fix_imports() -> None:
    """Names of Python 2's library are mapped, unless ``fix_imports=False``; when dumping, too."""
    data = b"c__builtin__\nxrange\n."
    assert pickle_migrate.loads(data) is range
    with pytest.raises(ModuleNotFoundError):
        pickle_migrate.loads(data, fix_imports=False)
    assert b"__builtin__" in pickle_migrate.dumps(range, 2)
    assert b"builtins" in pickle_migrate.dumps(range, 2, fix_imports=False)


# --- buffers ----------------------------------------------------------------------------------


def test_out_of_band_buffers(releases: Releases) -> None:
    """Protocol 5 with ``buffer_callback`` and ``buffers``: arrays inside of versioned objects
    travel beside the pickle, without a copy.
    """
    shop = releases.install_old(OLD)
    array = numpy.arange(1000)
    buffers: list[pickle.PickleBuffer] = []
    data = pickle_migrate.dumps([shop.C(array), shop.S(2)], 5, buffer_callback=buffers.append)
    assert len(buffers) == 1
    assert len(data) < 1000
    releases.install_new(NEW)
    for loads in (pickle_migrate.loads, pickle.loads, pickle._loads):  # type: ignore[attr-defined]
        first, second = loads(data, buffers=buffers)
        assert numpy.shares_memory(first.b, array)
        assert (first.z, fields_of(second)) == (9, {"b": 2, "z": 9})


def test_buffers_through_the_classes(releases: Releases) -> None:
    """The same by Pickler and Unpickler."""
    shop = releases.install_old(OLD)
    stream, buffers = io.BytesIO(), []
    array = numpy.arange(1000)
    pickle_migrate.Pickler(stream, 5, buffer_callback=buffers.append).dump(shop.C(array))
    releases.install_new(NEW)
    stream.seek(0)
    loaded = pickle_migrate.Unpickler(stream, buffers=buffers).load()
    assert numpy.shares_memory(loaded.b, array)


# --- subclasses of Pickler and Unpickler ------------------------------------------------------


def test_persistent_ids(releases: Releases) -> None:
    """``persistent_id`` and ``persistent_load`` of subclasses; objects beside them are migrated."""

    class Pickler(pickle_migrate.Pickler):
        def persistent_id(self, obj: Any) -> Any:
            return ("row", obj[1]) if type(obj) is tuple and obj[:1] == ("row",) else None

    class Unpickler(pickle_migrate.Unpickler):
        def persistent_load(self, pid: Any) -> Any:
            return ("loaded", *pid)

    shop = releases.install_old(OLD)
    pickles = []
    for protocol in range(1 if releases.are_stamped else 2, 6):
        stream = io.BytesIO()
        Pickler(stream, protocol).dump([shop.C(("row", 5)), shop.S(2), ("row", 6)])
        pickles.append(stream.getvalue())
    releases.install_new(NEW)
    for data in pickles:
        first, second, third = Unpickler(io.BytesIO(data)).load()
        assert fields_of(first) == {"b": ("loaded", "row", 5), "z": 9}
        assert fields_of(second) == {"b": 2, "z": 9}
        assert third == ("loaded", "row", 6)
        with pytest.raises(pickle.UnpicklingError, match="persistent"):
            pickle_migrate.loads(data)


def test_find_class_of_a_subclass(releases: Releases) -> None:
    """A subclass's ``find_class`` is asked first, for stamps as for all globals, and may refuse."""
    asked = []

    class Unpickler(pickle_migrate.Unpickler):
        def find_class(self, module_name: str, global_name: str, /) -> Any:
            asked.append((module_name, global_name.partition("~")[0]))
            if module_name == "os":
                raise pickle.UnpicklingError("forbidden")
            return super().find_class(module_name, global_name)

    shop = releases.install_old(OLD)
    data = pickle.dumps(shop.C(1), 4)
    releases.install_new(NEW)
    assert vars(Unpickler(io.BytesIO(data)).load()) == EXPECTED[0]
    stamp = ("pickle_migrate.stamps", "shop:C@1")
    assert asked == [stamp if releases.are_stamped else ("shop", "C")]
    with pytest.raises(pickle.UnpicklingError, match="forbidden"):
        Unpickler(io.BytesIO(b"cos\nsystem\n.")).load()


def test_restricting_unpickler_of_the_python_documentation(releases: Releases) -> None:
    """Somebody's own ``pickle.Unpickler`` with an allow list has to allow the module of stamps, and
    then migrates as well.
    """

    class Restricted(pickle.Unpickler):
        def find_class(self, module_name: str, global_name: str, /) -> Any:
            if module_name not in ("shop", "pickle_migrate.stamps", "copyreg", "builtins"):
                raise pickle.UnpicklingError(f"{module_name}.{global_name} is forbidden")
            return super().find_class(module_name, global_name)

    shop = releases.install_old(OLD)
    data = [one.data for one in written([shop.C(1), shop.S(2)], 2)]
    releases.install_new(NEW)
    for one in data:
        loaded = Restricted(io.BytesIO(one)).load()
        assert [fields_of(obj) for obj in loaded] == EXPECTED


def test_reducer_override(stamped_releases: Releases) -> None:
    """A Pickler with a ``reducer_override`` that declines leaves versioned objects to us."""

    class Pickler(pickle_migrate.Pickler):
        def reducer_override(self, obj: Any) -> Any:
            return NotImplemented

    shop = stamped_releases.install_old(OLD)
    stream = io.BytesIO()
    Pickler(stream).dump([shop.C(1), shop.S(2)])
    stamped_releases.install_new(NEW)
    loaded = pickle_migrate.loads(stream.getvalue())
    assert [fields_of(obj) for obj in loaded] == EXPECTED


PRIVATE = {complex: lambda number: (complex, (number.real, number.imag))}
BASES = [pickle.Pickler, pickle._Pickler, pickle_migrate.Pickler]  # type: ignore[attr-defined]


@pytest.mark.parametrize("pickler", BASES)
@pytest.mark.parametrize("way", ["attribute", "class"])
def test_private_dispatch_table_without_copyregs(
    stamped_releases: Releases, pickler: Any, way: str
) -> None:
    """A pickler with a dispatch table of its own never looks into copyreg's: the class's own
    ``__reduce_ex__`` stamps the objects, at every protocol.
    """
    shop = stamped_releases.install_old(OLD)
    pickles = []
    for protocol in PROTOCOLS:
        stream = io.BytesIO()
        if way == "attribute":
            writer = pickler(stream, protocol)
            writer.dispatch_table = PRIVATE
        else:
            writer = type("Private", (pickler,), {"dispatch_table": PRIVATE})(stream, protocol)
        writer.dump([shop.C(1), shop.S(2), 1j])
        assert b"shop:C@1" in stream.getvalue()
        pickles.append(stream.getvalue())
    stamped_releases.install_new(NEW)
    for data in pickles:
        for loads in LOADERS.values():
            assert [fields_of(obj) for obj in loads(data)[:2]] == EXPECTED


# --- extension codes --------------------------------------------------------------------------


@pytest.fixture
def extension() -> Any:
    """Gives a function that registers an extension code, and takes all back at the end."""
    added = []

    def add(module: str, name: str, code: int) -> None:
        copyreg.add_extension(module, name, code)
        added.append((module, name, code))

    yield add
    for one in added:
        copyreg.remove_extension(*one)
    copyreg.clear_extension_cache()


def test_extension_code_of_an_unstamped_class(extension: Any) -> None:
    """Trap: after their first load ``copyreg._extension_cache`` bypasses ``find_class``. The second
    load migrates as the first did.
    """
    releases = Releases("unstamped")
    shop = releases.install_old(OLD)
    extension("shop", "C", 241)
    extension("shop", "S", 242)
    pickles = [one.data for one in written([shop.C(1), shop.S(2)], 2)]
    assert all(b"shop" not in data for data in pickles)
    releases.install_new(NEW)
    copyreg.clear_extension_cache()  # a new process has an empty one
    for data in pickles:
        for loads in LOADERS.values():
            for _turn in range(2):
                assert [fields_of(obj) for obj in loads(data)] == EXPECTED


def test_extension_code_of_a_stamped_class(stamped_releases: Releases, extension: Any) -> None:
    """The code is the class's, and the pickle names the stamp: it is written in full."""
    shop = stamped_releases.install_old(OLD)
    extension("shop", "C", 241)
    pickles = [one.data for one in written([shop.C(1), shop.S(2)])]
    assert all(b"shop:C@1" in data for data in pickles)
    stamped_releases.install_new(NEW)
    for data in pickles:
        for loads in LOADERS.values():
            assert [fields_of(obj) for obj in loads(data)] == EXPECTED


def test_extension_code_of_a_stamp(extension: Any) -> None:
    """Somebody gives a stamp itself a code, to save bytes. Plain pickle keeps what it found first;
    as long as the version stands, that is right.
    """
    shop = Releases("stamped").install_old(OLD)
    extension("pickle_migrate.stamps", "shop:C@1", 243)
    pickles = [one.data for one in written([shop.C(1), shop.C(2)], 2)]
    assert all(b"shop" not in data for data in pickles)
    for data in pickles:
        for loads in LOADERS.values():
            for _turn in range(2):
                assert [vars(obj) for obj in loads(data)] == [{"a": 1}, {"a": 2}]


# --- modules that come again ------------------------------------------------------------------

RELOADED = """
from pickle_migrate import *
order = Lineage("reloaded_shop:Order")
order.upgrade(1, RenameField("a", "b"))
@migrates("reloaded_shop:Order", 2)
def step(state):
    state["c"] = state.pop("b")
def finish(obj):
    obj.finished = getattr(obj, "finished", 0) + 1
order.finish(1, finish)
@versioned(3, unstamped=1)
class Order:
    pass
"""


def test_reloaded_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Trap: a module reloaded. Its steps are declared again and are no duplicates, its finishing
    function runs once, and what is loaded afterwards is of the new class.
    """
    (tmp_path / "reloaded_shop.py").write_text(RELOADED, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    old = install(
        {
            "reloaded_shop": """
        from pickle_migrate import *
        @versioned(1)
        class Order: pass
        """
        }
    )
    order = old.Order()
    order.a = 1
    old_data = pickle.dumps([order, order], 4)
    install("")
    try:
        shop = importlib.import_module("reloaded_shop")
        first_class = shop.Order
        first = pickle_migrate.loads(old_data)[0]
        for _turn in range(2):
            shop = importlib.reload(shop)
            assert shop.Order is not first_class
            for loads in LOADERS.values():
                again = loads(old_data)[0]
                assert type(again) is shop.Order
                assert again.c == 1
            assert vars(pickle_migrate.loads(old_data)[0]) == {"c": 1, "finished": 1}
            current = shop.Order()
            current.c = 7
            for one in written([current, current]):
                assert [vars(o) for o in pickle.loads(one.data)] == [{"c": 7}] * 2
        with pytest.raises(pickle.PicklingError, match="not the same object"):
            pickle.dumps(first)  # as pickle says of objects of a class that was replaced
        assert type(first) is first_class
    finally:
        sys.modules.pop("reloaded_shop", None)


def test_class_defined_twice() -> None:
    """Trap: a class defined twice under one name in one module: the later one counts, for loading
    and for stamps; objects of the earlier one cannot be written, as plain pickle has it.
    """
    shop = install("""
        from pickle_migrate import *
        @versioned(1)
        class C:
            first = True
        First = C
        @versioned(1)
        class C:
            first = False
        """)
    obj = shop.C()
    obj.a = 1
    for one in written([obj, obj]):
        for loads in LOADERS.values():
            loaded = loads(one.data)
            assert [type(o) for o in loaded] == [shop.C] * 2
            assert vars(loaded[0]) == {"a": 1}
    for dumps in (pickle.dumps, pickle._dumps, pickle_migrate.dumps):  # type: ignore[attr-defined]
        with pytest.raises(pickle.PicklingError, match="not the same object"):
            dumps(shop.First())


# --- threads ----------------------------------------------------------------------------------


def test_two_threads_loading_and_dumping_at_once(releases: Releases) -> None:
    """Trap: two threads loading and dumping at once, the first load of all among them: the steps
    are found once, and every object is right.
    """
    shop = releases.install_old(OLD)
    data = pickle.dumps([obj for n in range(20) for obj in (shop.C(n), shop.S(n))], 4)
    releases.install_new(NEW)
    barrier = threading.Barrier(len(LOADERS) + 1)
    wrong: list[object] = []

    def work(loads: Callable[[bytes], Any]) -> None:
        try:
            barrier.wait(30)
            for _turn in range(20):
                loaded = loads(data)
                loaded = loads(pickle.dumps(loaded, 4))
                found = [fields_of(obj) for obj in loaded]
                if found != [{"b": n // 2, "z": 9} for n in range(40)]:
                    wrong.append(found)
        except BaseException as error:
            wrong.append(error)

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        kinds = [*LOADERS.values(), pickle_migrate.loads]
        threads = [threading.Thread(target=work, args=(loads,)) for loads in kinds]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    finally:
        sys.setswitchinterval(before)
    assert wrong == []
