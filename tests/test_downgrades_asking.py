"""Who asks for older versions: calls, blocks, settings; threads, tasks and copies apart."""

import asyncio
import copy
import copyreg
import io
import multiprocessing
import pickle
import sys
import threading

import pytest

import pickle_migrate
from pickle_migrate import Pickler, Registry, dump, dumps, loads, writing_versions
from pickle_migrate.errors import ArgumentError, DowngradeError
from pickle_migrate.project import Settings
from pickle_migrate.refs import GlobalRef
from pickle_migrate.resolver import use_settings

SHOP = """
    from dataclasses import dataclass

    @versioned(3)
    @dataclass
    class Order:
        quantity: int
        currency: str = "EUR"

    order = Lineage("shop:Order")
    order.upgrade(1, RenameField("qty", "quantity"))
    order.upgrade(2, AddField("currency", default="EUR"))

    @versioned(2)
    @dataclass
    class Gift(Order):
        note: str = ""

    Lineage("shop:Gift").upgrade(1, AddField("note", default=""))

    class Voucher(Order):
        pass
"""


@pytest.fixture
def shop(scratch):
    return scratch.module("shop", SHOP)


def stamps_in(data):
    """Which classes at which versions a pickle holds, without fingerprints."""
    from pickle_migrate.scanner import scan
    from pickle_migrate.stamps import StampText

    texts = [StampText.decode(text) for text in scan(data).stamps]
    return [[f"{c.ref}@{c.version}" for c in text.classes] for text in texts]


# --- who asks ---------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["text", "class", "ref"])
@pytest.mark.parametrize("protocol", range(6))
def test_a_call_asks_by_class_text_or_ref(shop, key, protocol):
    keys = {"text": "shop:Order", "class": shop.Order, "ref": GlobalRef("shop", "Order")}
    data = dumps(shop.Order(3), protocol, versions={keys[key]: 1})
    assert stamps_in(data) == [["shop:Order@1"]]
    assert b"qty" in data
    assert loads(data) == pickle.loads(data) == shop.Order(3)


def test_dump_and_pickler_ask_the_same_way(shop):
    expected = dumps(shop.Order(3), versions={shop.Order: 2})
    file = io.BytesIO()
    dump(shop.Order(3), file, versions={shop.Order: 2})
    assert file.getvalue() == expected
    file = io.BytesIO()
    pickler = Pickler(file, versions={shop.Order: 2})
    pickler.dump(shop.Order(3))
    pickler.dump(shop.Order(3, "EUR"))
    assert file.getvalue().startswith(expected)
    assert stamps_in(pickle.dumps(shop.Order(3))) == [["shop:Order@3"]]


def test_inside_a_block_every_pickler_writes_the_older_version(shop):
    """pickle's own in C and in Python, ForkingPickler, cloudpickle."""
    cloudpickle = pytest.importorskip("cloudpickle")
    with writing_versions({"shop:Order": 2}):
        python = io.BytesIO()
        pickle._Pickler(python).dump(shop.Order(3))
        written = [
            pickle.dumps(shop.Order(3)),
            python.getvalue(),
            bytes(multiprocessing.reduction.ForkingPickler.dumps(shop.Order(3))),
            cloudpickle.dumps(shop.Order(3)),
            dumps(shop.Order(3)),
        ]
    assert [stamps_in(data) for data in written] == [[["shop:Order@2"]]] * 5


def test_blocks_nest_and_the_inner_one_wins_class_by_class(shop):
    with writing_versions({shop.Order: 2}):
        with writing_versions({shop.Gift: 1}):
            assert stamps_in(pickle.dumps(shop.Gift(3))) == [["shop:Gift@1", "shop:Order@2"]]
            with writing_versions({shop.Order: 1}):
                assert stamps_in(pickle.dumps(shop.Gift(3))) == [["shop:Gift@1", "shop:Order@1"]]
            with writing_versions({shop.Order: 3, shop.Gift: 2}):
                assert stamps_in(pickle.dumps(shop.Gift(3))) == [["shop:Gift@2", "shop:Order@3"]]
        assert stamps_in(pickle.dumps(shop.Gift(3))) == [["shop:Gift@2", "shop:Order@2"]]
    assert stamps_in(pickle.dumps(shop.Gift(3))) == [["shop:Gift@2", "shop:Order@3"]]


def test_the_settings_ask_for_whoever_dumps_first(shop):
    """A plain dump reads them; a call may ask for something else."""
    try:
        use_settings(Settings(write={"shop:Order": 2, "nowhere:Class": 1}))
        assert stamps_in(pickle.dumps(shop.Order(3))) == [["shop:Order@2"]]
        assert stamps_in(dumps(shop.Order(3), versions={"shop:Order": 3})) == [["shop:Order@3"]]
        assert stamps_in(pickle.dumps(shop.Order(3))) == [["shop:Order@2"]]
    finally:
        use_settings(Settings())
    assert stamps_in(pickle.dumps(shop.Order(3))) == [["shop:Order@3"]]


def test_settings_are_read_from_the_file_by_the_first_dump(shop, scratch, monkeypatch):
    path = scratch.folder / "pickle_migrate.toml"
    path.write_text('[write]\n"shop:Order" = 1\n')
    monkeypatch.setenv("PICKLE_MIGRATE_SETTINGS", str(path))
    use_settings(None)
    try:
        assert stamps_in(pickle.dumps(shop.Order(3))) == [["shop:Order@1"]]
    finally:
        use_settings(Settings())


def test_while_nobody_asks_the_own_reducers_stand_there(shop):
    """So that nothing is slower."""
    pickle.dumps(shop.Order(3))
    own = copyreg.dispatch_table[shop.Order]
    with writing_versions({"shop:Order": 2}):
        assert copyreg.dispatch_table[shop.Order] is not own
    assert copyreg.dispatch_table[shop.Order] is own


def test_threads_do_not_disturb_one_another(shop):
    """The other one writes what it wrote before."""
    inside, done = threading.Event(), threading.Event()
    found = []

    def other():
        inside.wait(10)
        found.append(stamps_in(pickle.dumps(shop.Order(3))))
        with writing_versions({shop.Order: 1}):
            found.append(stamps_in(pickle.dumps(shop.Order(3))))
        done.set()

    thread = threading.Thread(target=other)
    thread.start()
    with writing_versions({shop.Order: 2}):
        inside.set()
        assert done.wait(10)
        assert stamps_in(pickle.dumps(shop.Order(3))) == [["shop:Order@2"]]
    thread.join()
    assert found == [[["shop:Order@3"]], [["shop:Order@1"]]]


def test_everywhere_reaches_threads_that_ask_for_nothing(shop):
    found = []
    with writing_versions({shop.Order: 2}, everywhere=True):
        thread = threading.Thread(
            target=lambda: found.append(stamps_in(pickle.dumps(shop.Order(3))))
        )
        thread.start()
        thread.join()
    assert found == [[["shop:Order@2"]]]
    assert stamps_in(pickle.dumps(shop.Order(3))) == [["shop:Order@3"]]


def test_tasks_do_not_disturb_one_another(shop):
    async def task(version):
        with writing_versions({shop.Order: version}):
            await asyncio.sleep(0)
            return stamps_in(pickle.dumps(shop.Order(3)))

    async def all_of_them():
        return await asyncio.gather(*[task(v) for v in (1, 2, 3, 1)])

    assert asyncio.run(all_of_them()) == [[[f"shop:Order@{v}"]] for v in (1, 2, 3, 1)]


def test_copies_equal_their_originals(shop):
    """What no older version could hold included."""
    with writing_versions({shop.Order: 1, shop.Gift: 1}):
        for obj in (shop.Order(3, "USD"), shop.Gift(1, "USD", "x"), shop.Voucher(2, "USD")):
            assert copy.copy(obj) == obj
            assert copy.deepcopy([obj]) == [obj]


# --- what is written ----------------------------------------------------------------------------


def test_a_subclass_goes_back_with_its_base(shop):
    """Also one that nobody registered, and whether the base is asked for or the class itself."""
    data = dumps([shop.Gift(3), shop.Voucher(4)], versions={"shop:Order": 1})
    assert stamps_in(data) == [["shop:Gift@2", "shop:Order@1"], ["shop:Voucher@0", "shop:Order@1"]]
    assert loads(data) == [shop.Gift(3), shop.Voucher(4)]
    data = dumps(shop.Gift(3), versions={"shop:Gift": 1})
    assert stamps_in(data) == [["shop:Gift@1", "shop:Order@3"]]


def test_shared_objects_and_cycles_come_back_whole(shop):
    order = shop.Order(3)
    order.self = [order]
    data = dumps([order, order], versions={"shop:Order": 1})
    first, second = loads(data)
    assert first is second is first.self[0]


def test_an_object_is_not_changed_by_being_written(shop):
    order = shop.Order(3)
    dumps(order, versions={"shop:Order": 1})
    assert vars(order) == {"quantity": 3, "currency": "EUR"}


def test_a_value_that_would_be_lost_is_refused_and_nothing_is_written(shop):
    """Unless the call consents, or the step does."""
    file = io.BytesIO()
    with pytest.raises(DowngradeError, match="would lose the value of 'currency'") as caught:
        dump([1, shop.Order(3, "USD")], file, versions={"shop:Order": 1})
    assert file.getvalue() == b""
    assert caught.value.facts()["ref"] == "shop:Order"
    assert (caught.value.version, caught.value.current) == (1, 3)
    lossy = dumps(shop.Order(3, "USD"), versions={"shop:Order": 1}, lossy="allow")
    assert loads(lossy) == shop.Order(3)
    pickle_migrate.Lineage("shop:Order").downgrade(2, lossy=True)
    assert loads(dumps(shop.Order(3, "USD"), versions={"shop:Order": 1})) == shop.Order(3)


def test_no_way_back_is_refused_for_objects_of_that_class_only(scratch):
    module = scratch.module(
        "shop",
        """
        @versioned(2)
        class Order:
            pass

        @versioned(1)
        class Note:
            pass

        Lineage("shop:Order").upgrade(1, RemoveField("x"))
        """,
    )
    with writing_versions({"shop:Order": 1}):
        assert stamps_in(pickle.dumps(module.Note())) == [["shop:Note@1"]]
        with pytest.raises(DowngradeError, match=r"RemoveField\('x', default=...\)"):
            pickle.dumps(module.Order())


def test_a_way_back_that_fails_is_told_with_its_cause(scratch):
    module = scratch.module(
        "shop",
        """
        @versioned(2)
        class Order:
            pass

        Lineage("shop:Order").upgrade(1, ConvertField("a", str, inverse=int))
        """,
    )
    order = module.Order()
    order.a = "many"
    with pytest.raises(DowngradeError, match=r"the way back from 2 to 1 fails.*invalid literal"):
        dumps(order, versions={"shop:Order": 1})


def test_an_unregistered_subclass_that_reduces_itself_goes_back_too(scratch):
    """When pickle first meets it, which it does by its own method, and afterwards."""
    module = scratch.module(
        "shop",
        """
        @versioned(2)
        class Order:
            pass

        class Odd(Order):
            def __reduce_ex__(self, protocol):
                return super().__reduce_ex__(protocol)

        Lineage("shop:Order").upgrade(1, AddField("a", default=0))
        """,
    )
    odd = module.Odd()
    odd.a = 0
    with writing_versions({"shop:Order": 1}):
        assert copy.copy(odd).a == 0
        for _ in range(2):
            data = pickle.dumps(odd)
            assert stamps_in(data) == [["shop:Odd@0", "shop:Order@1"]]
            assert b"K\x00" not in data
            assert pickle.loads(data).a == 0


# --- names ----------------------------------------------------------------------------------------


def renamed(scratch, until):
    return scratch.module(
        "shop",
        f"""
        @versioned(2)
        class Order:
            def __init__(self, a=1):
                self.a = a
                self.__secret = 5

        order = Lineage("shop:Order").renamed_from("old:_Sale", until={until})
        order.upgrade(1, RenameField("b", "a"))
        """,
    )


def test_the_name_of_then_is_written_and_private_attributes_with_it(scratch):
    """``_Order__secret`` was ``_Sale__secret``."""
    module = renamed(scratch, 1)
    data = dumps(module.Order(), versions={"shop:Order": 1})
    assert stamps_in(data) == [["old:_Sale@1"]]
    assert b"_Sale__secret" in data
    assert b"_Order__secret" not in data
    assert vars(loads(data)) == vars(module.Order())


def test_an_old_name_as_key_is_the_name_that_is_written(scratch):
    """Also at the current version, where only the name changed."""
    module = renamed(scratch, None)
    assert stamps_in(dumps(module.Order(), versions={"old:_Sale": 2})) == [["old:_Sale@2"]]
    assert vars(loads(dumps(module.Order(), versions={"old:_Sale": 2}))) == vars(module.Order())


def test_a_package_that_moved_is_asked_by_its_old_name(scratch):
    module = scratch.module("shop", "@versioned(1)\nclass Order:\n    pass\n")
    pickle_migrate.registry.DEFAULT.rename("store", "shop")
    assert stamps_in(dumps(module.Order(), versions={"store:Order": 1})) == [["store:Order@1"]]


def test_a_registry_of_its_own_writes_old_names_too(scratch):
    """Plain pickle knows only the default one's renames."""
    registry = Registry()
    module = renamed(scratch, 1)
    cls = type("Order", (), {"__module__": "shop", "__qualname__": "Order"})
    module.Order = cls
    pickle_migrate.versioned(2, registry=registry)(cls)
    lineage = pickle_migrate.Lineage("shop:Order", registry=registry)
    lineage.upgrade(1, pickle_migrate.RenameField("b", "a")).renamed_from("older:Sale", until=1)
    obj = cls()
    obj.a = 1
    data = dumps(obj, versions={cls: 1})
    assert stamps_in(data) == [["older:Sale@1"]]
    assert loads(data, registry=registry).a == 1


# --- without a stamp --------------------------------------------------------------------------


def test_version_0_is_written_as_a_reader_without_versions_takes_it(scratch):
    """Plain classes, slots, frozen dataclasses, attrs: with steps back where the state is known."""
    module = scratch.module(
        "shop",
        """
        import attrs
        from dataclasses import dataclass

        @versioned(2, unstamped=1)
        class Plain:
            pass

        @versioned(2, unstamped=1)
        class Slots:
            __slots__ = ("a",)

        @versioned(2, unstamped=1)
        @attrs.define
        class Attrs:
            a: int

        @versioned(2, unstamped=1)
        @dataclass(frozen=True, slots=True)
        class Frozen:
            a: int

        for name in ("Plain", "Slots", "Attrs", "Frozen"):
            Lineage(f"shop:{name}").upgrade(1, RenameField("b", "a"))
        """,
    )
    plain, slots = module.Plain(), module.Slots()
    plain.a = slots.a = 1

    def reduced(obj):
        with writing_versions({type(obj): 0}):
            return copyreg.dispatch_table[type(obj)](obj)[1:]

    assert reduced(plain) == ((module.Plain,), {"b": 1})
    assert reduced(slots) == ((module.Slots,), (None, {"b": 1}))
    assert reduced(module.Attrs(1)) == ((module.Attrs,), {"b": 1})
    with pytest.raises(DowngradeError, match=r"Lineage\(...\).fields"):
        reduced(module.Frozen(1))
    pickle_migrate.Lineage("shop:Frozen").fields(1, "b")
    assert reduced(module.Frozen(1)) == ((module.Frozen,), [1])
    everything = [plain, slots, module.Attrs(1), module.Frozen(1)]
    asked = dict.fromkeys(map(type, everything), 0)
    assert [o.a for o in loads(dumps(everything, versions=asked))] == [1, 1, 1, 1]


def test_without_steps_any_shape_is_written_as_pickle_writes_it(scratch):
    module = scratch.module(
        "shop",
        """
        import enum
        from typing import NamedTuple

        @versioned(1)
        class Sky(enum.Enum):
            RAIN = 3

        @versioned(1)
        class Span(NamedTuple):
            a: int

        @versioned(1)
        class Fault(Exception):
            pass

        @versioned(1)
        class Track(list):
            pass
        """,
    )
    objects = [module.Sky.RAIN, module.Span(1), module.Track([1])]
    asked = {"shop:Sky": 0, "shop:Span": 0, "shop:Fault": 0, "shop:Track": 0}
    data = dumps([*objects, module.Fault("x")], versions=asked)
    assert stamps_in(data) == []
    *again, fault = loads(data)
    assert again == objects
    assert fault.args == ("x",)


# --- wrong calls ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("versions", "message"),
    [
        ({"shop:Order": "1"}, "a whole number from 0"),
        ({"shop:Order": True}, "a whole number from 0"),
        ({"shop:Order": -1}, "a whole number from 0"),
        ({"shop:Ordr": 1}, "no versioned class of that name"),
        ({int: 1}, "no versioned class of that name"),
        ([("shop:Order", 1)], "a mapping of class to version"),
    ],
)
def test_a_wrong_call_is_refused_at_once(shop, versions, message):
    """A name with a slip in it would otherwise write the current version, unseen."""
    with pytest.raises(ArgumentError, match=message):
        dumps(1, versions=versions)


def test_what_is_above_the_current_version_is_refused_at_once(shop):
    with pytest.raises(DowngradeError, match="newer than this code"):
        dumps(1, versions={"shop:Order": 4})


def test_lossy_is_a_word_and_goes_with_versions(shop):
    with pytest.raises(ArgumentError, match="'refuse' or 'allow'"):
        dumps(1, versions={"shop:Order": 1}, lossy="yes")
    with pytest.raises(ArgumentError, match="it goes with versions="):
        dumps(1, lossy="allow")


def test_two_names_of_one_class_must_agree(scratch):
    module = renamed(scratch, None)
    with pytest.raises(ArgumentError, match="names of one class"):
        dumps(module.Order(), versions={"shop:Order": 2, "old:_Sale": 1})


def test_a_class_that_is_not_imported_yet_is_imported(scratch):
    """A list of versions for a deploy names many classes."""
    scratch.write("unmet", SHOP.replace("shop:", "unmet:"))
    assert "unmet" not in sys.modules
    with writing_versions({"unmet:Order": 1}):
        assert stamps_in(pickle.dumps(sys.modules["unmet"].Order(3))) == [["unmet:Order@1"]]


def test_an_upgrade_of_files_writes_today_s_version_whatever_the_settings_say(shop):
    """The setting is for what the program hands to others."""
    from pickle_migrate.planner import Planner
    from pickle_migrate.remake import Row, remade
    from pickle_migrate.resolver import import_migrations, import_ref

    old = dumps(shop.Order(3), versions={"shop:Order": 1})
    try:
        use_settings(Settings(write={"shop:Order": 2}))
        plan = Planner(import_ref, import_migrations).plan
        from pickle_migrate.scanner import scan

        row = Row(old, (scan(old),), (plan(scan(old)),))
        new = remade(row, plan, encoding="ASCII", protocol=None)
        assert stamps_in(new) == [["shop:Order@3"]]
        assert stamps_in(pickle.dumps(shop.Order(3))) == [["shop:Order@2"]]
    finally:
        use_settings(Settings())


def test_a_queue_of_multiprocessing_writes_older_versions_everywhere(shop):
    """Its feeder pickles in a thread of its own."""
    queue = multiprocessing.get_context("fork").Queue()
    received = []
    with writing_versions({"shop:Order": 1}, everywhere=True):
        thread = threading.Thread(target=lambda: received.append(queue._reader.recv_bytes()))
        thread.start()
        queue.put(shop.Order(3))
        thread.join(10)
        queue.close()
        queue.join_thread()
    assert stamps_in(received[0]) == [["shop:Order@1"]]


def test_what_a_pickler_refuses_leaves_its_file_and_its_memo_as_they_were(shop):
    """Not even the frames before the object are written; the next pickle is whole."""
    file = io.BytesIO()
    pickler = Pickler(file, versions={shop.Order: 2})
    pickler.dump(shared := ["first"])
    before = file.getvalue()
    big = [b"x" * 200_000, "new"]
    with pytest.raises(DowngradeError):
        pickler.dump([big, shop.Order(3, "USD")])
    assert file.getvalue() == before
    pickler.dump([shared, big, shop.Order(3)])
    file.seek(0)
    unpickler = pickle.Unpickler(file)
    first = unpickler.load()
    again, found, order = unpickler.load()
    assert (first is again, found, order) == (True, big, shop.Order(3))
