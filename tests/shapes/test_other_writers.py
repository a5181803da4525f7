"""What else writes pickles: cloudpickle, dill, joblib, shelve, multiprocessing, copy.

What a writer reads back in another process runs in one, with real modules in a folder.
"""

from __future__ import annotations

import copy
import io
import os
import pickle
import shelve
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import cloudpickle
import dill
import joblib
import pytest
from releases import LOADERS, PROTOCOLS, Releases, fields_of, install

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
EXPECTED = [{"b": 1, "z": 9}, {"b": 2, "z": 9}, {"b": [3], "z": 9}]


def old_objects(shop: Any) -> list[Any]:
    return [shop.C(1), shop.S(2), shop.C([3])]


def joblib_dumps(obj: Any, protocol: int) -> bytes:
    stream = io.BytesIO()
    joblib.dump(obj, stream, protocol=protocol)
    return stream.getvalue()


def dill_dumps(obj: Any, protocol: int) -> bytes:
    return dill.dumps(obj, protocol=protocol)


@pytest.mark.parametrize("dumps", [cloudpickle.dumps, dill_dumps, joblib_dumps])
def test_writers_of_importable_classes(releases: Releases, dumps: Any) -> None:
    """cloudpickle, dill and joblib write an importable class by its name, as pickle does, so any
    loader migrates what they wrote.
    """
    shop = releases.install_old(OLD)
    objects = old_objects(shop)
    protocols = [p for p in PROTOCOLS if p >= 2 or releases.are_stamped]
    pickles = [dumps([*objects, objects[0]], protocol) for protocol in protocols]
    releases.install_new(NEW)
    readers = {**LOADERS, "joblib": lambda data: joblib.load(io.BytesIO(data)), "dill": dill.loads}
    for data in pickles:
        assert (b"pickle_migrate" in data) is releases.are_stamped
        for loads in readers.values():
            loaded = loads(data)
            assert [fields_of(obj) for obj in loaded] == [*EXPECTED, EXPECTED[0]]
            assert loaded[0] is loaded[3]


def test_joblib_files(releases: Releases, tmp_path: Path) -> None:
    """A joblib file with arrays that stand inline, outside of valid pickle, beside old objects."""
    import numpy

    shop = releases.install_old(OLD)
    arrays = [numpy.arange(5), numpy.ones((2, 3))]
    objects = old_objects(shop)
    objects[2].a = arrays[1]
    for compress in (0, 3):
        joblib.dump([objects, arrays], tmp_path / f"{compress}.joblib", compress=compress)
    releases.install_new(NEW)
    for compress in (0, 3):
        loaded, again = joblib.load(tmp_path / f"{compress}.joblib")
        assert [fields_of(obj) for obj in loaded[:2]] == EXPECTED[:2]
        assert loaded[2].b.tolist() == [[1.0] * 3] * 2
        assert again[0].tolist() == [0, 1, 2, 3, 4]


def test_joblib_memory(tmp_path: Path) -> None:
    """joblib's cache hashes its arguments by pickling them: equal objects have equal hashes."""
    shop = install("from pickle_migrate import *\n" + textwrap.dedent(OLD))
    assert joblib.hash(shop.C(1)) == joblib.hash(shop.C(1))
    assert joblib.hash(shop.C(1)) != joblib.hash(shop.C(2))
    assert joblib.hash(shop.S(1)) == joblib.hash(shop.S(1))


def test_shelve(releases: Releases, tmp_path: Path) -> None:
    """A shelf that the old release wrote, opened by the new one, and written back."""
    path = str(tmp_path / "shelf")
    shop = releases.install_old(OLD)
    with shelve.open(path) as shelf:
        for number, obj in enumerate(old_objects(shop)):
            shelf[str(number)] = obj
        shelf["all"] = old_objects(shop)
    releases.install_new(NEW)
    with shelve.open(path) as shelf:
        found = [shelf["0"], shelf["1"], shelf["2"]]
        assert [fields_of(obj) for obj in found] == EXPECTED
        assert [fields_of(obj) for obj in shelf["all"]] == EXPECTED
        shelf["0"] = found[0]
    with shelve.open(path, writeback=True) as shelf:
        assert fields_of(shelf["0"]) == EXPECTED[0]
        shelf["1"].b = "changed"
    with shelve.open(path) as shelf:
        assert fields_of(shelf["1"]) == {"b": "changed", "z": 9}


# --- copies -----------------------------------------------------------------------------------

COPIED = """
    calls = []
    @migrates("shop:C", 1)
    def step(state):
        calls.append("step")
    @versioned(2, unstamped=1)
    class C:
        def __init__(self, a):
            self.a = a
    class Free(C):
        pass
    @versioned(2, unstamped=1)
    class S:
        __slots__ = ("a", "me")
        def __init__(self, a):
            self.a = a
    @migrates("shop:S", 1)
    def step_of_slots(state):
        calls.append("step")
    """


@pytest.mark.parametrize("name", ["C", "Free", "S"])
def test_copies_run_no_migration(stamped_releases: Releases, name: str) -> None:
    """Trap: copyreg reducers also serve copy and deepcopy: a copy must equal its original, share no
    state with it, and run no migration.
    """
    shop = stamped_releases.install_new(COPIED)
    obj = getattr(shop, name)([1])
    obj.me = obj
    shallow, deep = copy.copy(obj), copy.deepcopy(obj)
    assert type(shallow) is type(deep) is type(obj)
    assert shallow.a is obj.a
    assert deep.a == obj.a
    assert deep.a is not obj.a
    assert shallow.me is obj
    assert deep.me is deep
    shallow.a, deep.a = "shallow", "deep"
    assert obj.a == [1]
    assert set(fields_of(shallow)) == set(fields_of(deep)) == {"a", "me"}
    assert shop.calls == []


def test_deepcopy_in_a_process_that_already_read_old_pickles(releases: Releases) -> None:
    """Loading an old pickle first changes nothing for copies afterwards."""
    shop = releases.install_old(OLD)
    data = pickle.dumps(old_objects(shop), 4)
    releases.install_new(NEW)
    loaded = pickle.loads(data)
    for twins in (copy.deepcopy(loaded), [copy.copy(obj) for obj in loaded]):
        assert [fields_of(obj) for obj in twins] == EXPECTED


def test_replace_of_dataclasses_and_attrs() -> None:
    """``dataclasses.replace`` and ``attrs.evolve`` call the class and are not our concern."""
    import dataclasses

    import attrs

    shop = install("""
        import attrs, dataclasses
        from pickle_migrate import *
        @versioned(2, unstamped=1)
        @dataclasses.dataclass(frozen=True)
        class D:
            a: int
        @versioned(2, unstamped=1)
        @attrs.frozen
        class A:
            a: int
        """)
    assert dataclasses.replace(shop.D(1), a=2) == shop.D(2)
    assert attrs.evolve(shop.A(1), a=2) == shop.A(2)


# --- other processes --------------------------------------------------------------------------

ROOT = Path(__file__).resolve().parents[2]


def run(folder: Path, *arguments: str) -> str:
    """Run a Python in a folder and give what it printed. Warnings are errors there too."""
    done = subprocess.run(
        [sys.executable, "-W", "error", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}", "PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def script(folder: Path, name: str, source: str) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(textwrap.dedent(source), encoding="utf-8")
    return path


@pytest.mark.parametrize("library", ["cloudpickle", "dill"])
def test_classes_of_main_and_of_functions_by_value(tmp_path: Path, library: str) -> None:
    """Trap: ``__main__``, and a class made in a function. cloudpickle and dill write the class
    itself, so it has to stand in the pickle. Another process, which knows neither, reads them, and
    writes and copies them again.
    """
    script(
        tmp_path,
        "write.py",
        f"""
        import {library}, sys
        from pickle_migrate import versioned
        if "{library}" == "dill":
            dill.settings["recurse"] = True

        @versioned(2, unstamped=1)
        class Order:
            def __init__(self, a):
                self.a = a
            def double(self):
                return self.a * 2

        @versioned(1)
        class Slotted:
            __slots__ = ("a",)
            def double(self):
                return self.a * 2

        class Free(Order):
            pass

        def make():
            @versioned(3)
            class Local:
                def __init__(self, a):
                    self.a = a
                def double(self):
                    return self.a * 2
            return Local(3)

        slotted = Slotted()
        slotted.a = 2
        objects = [Order(1), slotted, make(), Order("x"), Free(5)]
        with open("objects.pickle", "wb") as file:
            {library}.dump([*objects, objects[0]], file, protocol=int(sys.argv[1]))
        """,
    )
    script(
        tmp_path,
        "read.py",
        f"""
        import copy, pickle, pickle_migrate, {library}
        data = open("objects.pickle", "rb").read()
        for loads in (pickle.loads, pickle._loads, pickle_migrate.loads, {library}.loads):
            loaded = loads(data)
            assert loaded[0] is loaded[-1], loads
            again = {library}.loads({library}.dumps(loaded))
            for objects in (loaded, copy.deepcopy(loaded), again):
                assert [obj.double() for obj in objects] == [2, 4, 6, "xx", 10, 2], loads
                assert vars(objects[0]) == {{"a": 1}}
        print("read")
        """,
    )
    for protocol in (2, 4, 5):
        run(tmp_path, "write.py", str(protocol))
        assert run(tmp_path, "read.py") == "read\n"


def test_class_by_value_with_a_registry_of_its_own() -> None:
    """The registry does not travel: where the class is rebuilt, it belongs to the default one."""

    @pickle_migrate.versioned(1, registry=pickle_migrate.Registry())
    class Local:
        pass

    obj = Local()
    obj.a = 1
    loaded = cloudpickle.loads(cloudpickle.dumps(obj))
    assert vars(loaded) == {"a": 1}
    registry = pickle_migrate.Registry()
    assert copy.copy(registry) is copy.deepcopy(registry) is registry


def test_pickles_of_main_migrate_in_main(tmp_path: Path) -> None:
    """A class in a script: plain pickle writes it as ``__main__``'s, and a later version of the
    script reads it, through all loaders.
    """
    script(
        tmp_path,
        "one.py",
        """
        import pickle, sys
        from pickle_migrate import versioned

        @versioned(1)
        class Order:
            def __init__(self, a):
                self.a = a

        objects = [Order(1), Order(2)]
        with open("main.pickle", "wb") as file:
            for protocol in range(6):
                file.write(pickle.dumps(objects, protocol))
                file.write(pickle._dumps(objects, protocol))
        """,
    )
    script(
        tmp_path,
        "two.py",
        """
        import io, pickle, pickle_migrate
        from pickle_migrate import AddField, Lineage, RenameField, versioned

        Lineage("__main__:Order").upgrade(1, RenameField("a", "b"), AddField("z", default=9))

        @versioned(2)
        class Order:
            pass

        data = open("main.pickle", "rb").read()
        for load in (pickle.load, pickle._load, pickle_migrate.load):
            stream, count = io.BytesIO(data), 0
            while stream.tell() < len(data):
                loaded = load(stream)
                assert [vars(obj) for obj in loaded] == [{"b": 1, "z": 9}, {"b": 2, "z": 9}]
                assert {type(obj) for obj in loaded} == {Order}
                assert [vars(o) for o in load(io.BytesIO(pickle.dumps(loaded)))] == [
                    vars(obj) for obj in loaded
                ]
                count += 1
            assert count == 12
        print("read")
        """,
    )
    run(tmp_path, "one.py")
    assert run(tmp_path, "two.py") == "read\n"


SCRIPT = """
    import pickle
    from pickle_migrate import versioned
    @versioned(1)
    class Order:
        def __init__(self, a):
            self.a = a
    if __name__ == "__main__":
        with open("main.pickle", "wb") as file:
            pickle.dump([Order(1), Order(2)], file)
    """
MODULE = """
    from pickle_migrate import *
    Lineage("orders:Order").upgrade(1, RenameField("a", "b"))
    @versioned(2)
    class Order:
        pass
    """


def test_main_of_a_script_that_is_a_module_now(tmp_path: Path) -> None:
    """What a script wrote as ``__main__`` is read by a program that imports the class from a
    module: by our loader with a rename, and by plain pickle where the program imported the name.
    """
    run(tmp_path, str(script(tmp_path, "script.py", SCRIPT)))
    script(tmp_path, "orders.py", MODULE)
    script(
        tmp_path,
        "program.py",
        """
        import pickle, sys
        import orders, pickle_migrate

        def read(load):
            with open("main.pickle", "rb") as file:
                loaded = load(file)
            assert [vars(obj) for obj in loaded] == [{"b": 1}, {"b": 2}], loaded
            assert {type(obj) for obj in loaded} == {orders.Order}
            for again in (pickle.loads(pickle.dumps(loaded)), pickle._loads(pickle._dumps(loaded))):
                assert [vars(obj) for obj in again] == [{"b": 1}, {"b": 2}]

        if sys.argv[1] == "renamed":
            pickle_migrate.Lineage("orders:Order").renamed_from("__main__:Order")
            read(pickle_migrate.load)
        else:
            from orders import Order
            for load in (pickle.load, pickle._load, pickle_migrate.load):
                read(load)
        print("read")
        """,
    )
    assert run(tmp_path, "program.py", "renamed") == "read\n"
    assert run(tmp_path, "program.py", "imported") == "read\n"


def test_multiprocessing(tmp_path: Path) -> None:
    """Objects go through a Pool and a Queue of spawned processes, there and back; an old pickle
    that a child reads is migrated there.
    """
    script(
        tmp_path,
        "shop.py",
        """
        from pickle_migrate import AddField, Lineage, RenameField, versioned
        Lineage("shop:C").upgrade(1, RenameField("a", "b"), AddField("z", default=9))
        @versioned(2, unstamped=1)
        class C:
            def __init__(self, b):
                self.b, self.z = b, 0
        @versioned(1)
        class S:
            __slots__ = ("a",)
            def __init__(self, a):
                self.a = a
        """,
    )
    script(
        tmp_path,
        "program.py",
        """
        import multiprocessing, pickle, sys
        import shop

        def work(obj):
            if type(obj) is bytes:
                return pickle.loads(obj)
            if type(obj) is shop.C:
                obj.b += 1
            return obj

        def put(queue):
            queue.put([shop.C(5), shop.S(6)])

        if __name__ == "__main__":
            context = multiprocessing.get_context("spawn")
            old = open("old.pickle", "rb").read()
            with context.Pool(1) as pool:
                one, two, three = pool.map(work, [shop.C(1), shop.S(2), old])
            assert vars(one) == {"b": 2, "z": 0}
            assert two.a == 2
            assert [vars(obj) for obj in three] == [{"b": 1, "z": 9}] * 2, three
            queue = context.Queue()
            child = context.Process(target=put, args=(queue,))
            child.start()
            first, second = queue.get(timeout=60)
            child.join(60)
            assert (first.b, second.a) == (5, 6)
            print("done")
        """,
    )
    old = tmp_path / "old"
    script(
        old,
        "shop.py",
        """
        from pickle_migrate import versioned
        @versioned(1)
        class C:
            def __init__(self, a):
                self.a = a
        """,
    )
    write = "import pickle, shop; open('../old.pickle', 'wb').write(pickle.dumps([shop.C(1)] * 2))"
    run(old, "-c", write)
    assert run(tmp_path, "program.py") == "done\n"


def test_dill_reads_what_pickle_wrote_and_the_other_way_round(releases: Releases) -> None:
    """dill replaces parts of pickle when it is imported; stamps go through both."""
    shop = releases.install_old(OLD)
    data = pickle.dumps([shop.C(1)], 4), dill.dumps([shop.C(1)])
    releases.install_new(NEW)
    for one in data:
        for loads in (pickle.loads, dill.loads, pickle_migrate.loads):
            assert fields_of(loads(one)[0]) == EXPECTED[0]
