"""New names in old pickles: what changes, what stays, and what is refused."""

from __future__ import annotations

import collections
import datetime
import decimal
import io
import pickle
import pickletools
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pickle_migrate.errors import ContentError, LimitError, PickleFormatError, VerificationError
from pickle_migrate.limits import Limits
from pickle_migrate.refs import GlobalRef
from pickle_migrate.rewriter import renamed
from pickle_migrate.scanner import scan, scan_all

PROTOCOLS = st.integers(0, pickle.HIGHEST_PROTOCOL)
PICKLERS = st.sampled_from([pickle.dumps, pickle._dumps])


class Order:
    class Line:  # noqa: D106
        def __init__(self, value):
            self.value = value

        def __eq__(self, other):
            return type(other) is type(self) and self.value == other.value

        def __hash__(self):
            return hash(self.value)

    def __init__(self, value):
        self.value = value

    def __eq__(self, other):
        return type(other) is type(self) and self.value == other.value

    def __hash__(self):
        return hash(self.value)


class Sale(Order):
    class Row(Order.Line):  # noqa: D106
        pass


ATOMS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(),
    st.binary(),
    st.sampled_from([__name__, "Order", "Order.Line", "Sale", "collections", "OrderedDict"]),
    st.sampled_from([Order, Order.Line, len, decimal.Decimal]),
    st.decimals(allow_nan=False),
    st.dates(),
    st.fractions(),
)
VALUES = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.lists(inner),
        st.lists(inner).map(tuple),
        st.dictionaries(st.text(), inner),
        st.sets(ATOMS),
        st.frozensets(ATOMS),
        inner.map(Order),
        inner.map(Order.Line),
        st.dictionaries(st.text(), inner).map(collections.OrderedDict),
    ),
    max_leaves=20,
)

HERE = __name__


def moved(old, new):
    """A new_ref that moves one module."""
    return lambda g: GlobalRef(new, g.ref.qualname) if g.ref.module == old else None


def by_map(**names):
    """A new_ref that renames classes of this module."""
    return lambda g: (
        GlobalRef(HERE, names[g.ref.qualname])
        if g.ref.module == HERE and g.ref.qualname in names
        else None
    )


@given(VALUES, PROTOCOLS, PICKLERS)
def test_without_new_names_the_bytes_are_the_same(value, protocol, dumps):
    """Whatever a pickler writes comes back byte for byte, also with names that equal the old."""
    data = dumps(value, protocol)
    assert renamed(data, lambda g: None) == data
    assert renamed(data, lambda g: g.ref) == data


@given(VALUES, PROTOCOLS, PICKLERS)
def test_a_new_name_loads_as_the_new_class_and_changes_nothing_else(value, protocol, dumps):
    """A find_class that maps names by hand and a plain load of the rewritten bytes agree."""
    data = dumps(value, protocol)
    new = renamed(data, by_map(**{"Order": "Sale", "Order.Line": "Sale.Row"}))
    assert pickle.loads(new) == pickle._loads(new) == ByHand(data).load()
    assert "Order" not in {g.ref.qualname for g in scan(new).globals if g.ref.module == HERE}


class ByHand(pickle._Unpickler):
    """What people write: the same renames while loading."""

    def __init__(self, data):
        super().__init__(io.BytesIO(data))

    def find_class(self, module, name):
        if (module, name) in [("builtins", "getattr"), ("__builtin__", "getattr")]:
            return lambda owner, name: getattr(owner, {"Line": "Row"}.get(name, name))
        if module == HERE:
            name = {"Order": "Sale", "Order.Line": "Sale.Row"}.get(name, name)
        return super().find_class(module, name)


@given(VALUES, PROTOCOLS, PICKLERS)
def test_there_and_back_loads_equal(value, protocol, dumps):
    """All names become others and then the first ones again: the same objects."""
    data = dumps(value, protocol)
    there = renamed(data, moved(HERE, "a.package.far.away"))
    assert not any(g.ref.module == HERE for g in scan(there).globals)
    again = renamed(there, moved("a.package.far.away", HERE))
    assert pickle.loads(again) == value
    assert pickle._loads(again) == value


@given(VALUES, PROTOCOLS, PICKLERS)
def test_every_name_there_and_back(value, protocol, dumps):
    """Python's own names too, as a pickle of its protocol spells them."""
    data = dumps(value, protocol)
    there = renamed(data, lambda g: GlobalRef(f"x.{g.ref.module}", g.ref.qualname))
    assert all(g.ref.module.startswith("x.") for g in scan(there).globals)
    again = renamed(there, lambda g: GlobalRef(g.ref.module.removeprefix("x."), g.ref.qualname))
    assert pickle.loads(again) == value


@given(VALUES, PROTOCOLS, PICKLERS, st.integers(0, 300))
def test_names_of_any_length(value, protocol, dumps, length):
    """A name of more than 255 bytes takes an opcode with a longer length."""
    data = dumps(value, protocol)
    there = renamed(data, moved(HERE, "é" * length + "m"))
    assert scan(there).protocol == scan(data).protocol
    assert pickle.loads(renamed(there, moved("é" * length + "m", HERE))) == value


# --- texts that names share with data -------------------------------------------------------------


@pytest.mark.parametrize("protocol", [4, 5])
@pytest.mark.parametrize("dumps", [pickle.dumps, pickle._dumps])
def test_data_that_shares_its_text_with_a_name_stays(protocol, dumps):
    """Trap: protocol 4 shares the texts of module and class name with user data by the memo."""
    module, name = sys.intern(HERE), sys.intern("Order")
    for value in ([module, Order(name)], [Order(module), name], [name, Order(1), module, Order(2)]):
        data = dumps(value, protocol)
        new = renamed(data, by_map(Order="Sale"))
        loaded = pickle.loads(new)
        assert HERE in repr(data)
        assert [type(x) for x in loaded] == [Sale if type(x) is Order else str for x in value]
        texts = [x if type(x) is str else x.value for x in loaded]
        assert texts == [x if type(x) is str else x.value for x in value]


def test_names_that_nothing_else_reads_change_where_they_stand():
    """The old name is gone from the bytes, and the pickle has the same opcodes."""
    data = pickle.dumps([Order(1), Order.Line(2), Order(3)], 4)
    new = renamed(data, moved(HERE, "shop"))
    assert HERE.encode() not in new
    assert [op.name for op, _, _ in pickletools.genops(new)] == [
        op.name for op, _, _ in pickletools.genops(data)
    ]


def test_a_module_of_which_one_class_stays_is_named_anew():
    """Two globals share the text of their module and only one of them moves."""
    data = pickle.dumps([Order, Order.Line], 4)
    new = renamed(data, lambda g: GlobalRef("shop", "Line") if "." in g.ref.qualname else None)
    assert {str(ref) for ref in scan(new).refs} == {f"{HERE}:Order", "shop:Line"}


def test_the_memo_is_numbered_as_before():
    """MEMOIZE counts: what is inserted must not shift later keys."""
    shared = ["a list"]
    data = pickle.dumps([sys.intern("Order"), Order(shared), shared, shared], 4)
    new = renamed(data, by_map(Order="Sale"))
    loaded = pickle.loads(new)
    assert loaded[0] == "Order"
    assert loaded[1].value is loaded[2] is loaded[3]
    assert scan(new).memo == scan(data).memo


# --- frames ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("dumps", [pickle.dumps, pickle._dumps])
def test_frames_fit(dumps):
    """Many frames, and large texts and bytes between them: the strict Python unpickler agrees."""
    value = [Order(b"x" * 70_000), Order("y" * 100_000), [Order(str(i)) for i in range(20_000)]]
    data = dumps(value, 4)
    assert scan(data).frames > 3
    new = renamed(data, moved(HERE, "another.module.with.a.longer.name"))
    assert scan(new).frames == scan(data).frames
    assert pickle._loads(renamed(new, moved("another.module.with.a.longer.name", HERE))) == value


def test_a_pickle_without_frames():
    """As pickletools.optimize and some writers give it."""
    body = b"\x8c\x04shop\x8c\x05Order\x93."
    new = renamed(b"\x80\x04" + body, moved("shop", "store"))
    assert new == b"\x80\x04\x8c\x05store\x8c\x05Order\x93."


def test_frames_that_overlap_and_end_inside_an_opcode():
    """C accepts them as long as they end within the data, and so they must afterwards."""
    inner = b"\x95" + (8).to_bytes(8, "little") + b"\x8c\x04shop\x8c\x05Order\x93."
    data = b"\x80\x04\x95" + len(inner).to_bytes(8, "little") + inner
    new = renamed(data, moved("shop", "a.much.longer.name"))
    assert {str(ref) for ref in scan(new).refs} == {"a.much.longer.name:Order"}
    assert new.endswith(b"\x8c\x05Order\x93.")


# --- stamps, nested classes, extension codes ------------------------------------------------------


def test_a_stamp_is_a_name_too():
    """The text of a stamp can be replaced, also that of classes pickled by value."""
    new_ref = moved("pickle_migrate.stamps", "pickle_migrate.stamps")
    assert renamed(b"cpickle_migrate.stamps\na:B@1\n.", new_ref)

    def second(g):
        return GlobalRef(g.ref.module, "a:C@1") if g.stamp else None

    new = renamed(b"cpickle_migrate.stamps\na:B@1\n.", second)
    assert new == b"cpickle_migrate.stamps\na:C@1\n."
    by_value = b"\x80\x02cpickle_migrate.stamps\ntext_only\nX\5\0\0\0a:B@1\x85q\0R."
    assert scan(renamed(by_value, second)).stamps == ("a:C@1",)
    with pytest.raises(ContentError, match="another stamp"):
        renamed(by_value, lambda g: GlobalRef("shop", "Order") if g.stamp else None)


@pytest.mark.parametrize("protocol", range(6))
def test_a_class_in_a_class(protocol):
    """Below protocol 4 it is getattr(Outer, "Inner"). It is renamed with its outer class, by
    itself, moved out of it, and a plain class is moved into another one.
    """
    line = Order.Line(1)
    data = pickle.dumps([line, line], protocol)
    with_outer = renamed(data, by_map(**{"Order": "Sale", "Order.Line": "Sale.Line"}))
    assert pickle.loads(with_outer) == [line, line]
    assert "Order" not in {g.ref.qualname for g in scan(with_outer).globals}
    by_itself = renamed(data, by_map(**{"Order.Line": "Sale.Row"}))
    assert pickle.loads(by_itself) == [Sale.Row(1)] * 2
    moved_out = renamed(data, by_map(**{"Order.Line": "Order"}))
    assert pickle.loads(moved_out) == [Order(1)] * 2
    moved_in = renamed(pickle.dumps([Order(1)] * 2, protocol), by_map(Order="Sale.Row"))
    assert pickle.loads(moved_in) == pickle._loads(moved_in) == [Sale.Row(1)] * 2
    assert scan(moved_in).protocol == protocol


@pytest.mark.parametrize("protocol", range(6))
def test_a_class_that_stays_where_its_outer_class_goes(protocol):
    """None lets getattr follow; the old name in so many words keeps it."""
    data = pickle.dumps([Order(1), Order.Line(2)], protocol)
    stays = renamed(data, lambda g: {"Order": GlobalRef(HERE, "Sale")}.get(g.ref.qualname, g.ref))
    assert [type(x) for x in pickle.loads(stays)] == [Sale, Order.Line]
    follows = renamed(data, by_map(Order="Sale"))
    assert pickle.loads(follows)[1] == Order.Line(2)
    assert (f"{HERE}:Sale.Line" in map(str, scan(follows).refs)) == (protocol < 4)


def test_a_name_with_dots_that_is_written_as_it_is():
    """Below protocol 4 readers ask the module for it as a whole, and some answer."""
    new = renamed(b"cshop\nOrder.Line\n.", moved("shop", "store"))
    assert new == b"cstore\nOrder.Line\n."


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("dumps", [pickle.dumps, pickle._dumps])
def test_the_class_that_another_one_was_in_may_be_gone(protocol, dumps):
    """What is got out of it is named by itself, so that nothing imports it any more."""
    data = dumps([Order.Line(1), Order.Line, Order.Line(2)], protocol)
    old = data.replace(b"Order", b"Gone_")
    new = renamed(
        old, lambda g: GlobalRef(HERE, "Sale") if g.ref.qualname.endswith("Line") else None
    )
    assert pickle.loads(new) == pickle._loads(new) == [Sale(1), Sale, Sale(2)]


@pytest.mark.parametrize("protocol", range(4))
def test_a_class_that_something_else_reads_stays(protocol):
    """The same, where the outer class is in use itself, before or after."""

    def out(g):
        return GlobalRef(HERE, "Sale") if g.ref.qualname == "Order.Line" else None

    for value in ([Order.Line(1), Order], [Order(2), Order.Line(1)], [Order.Line(1), Order(2)]):
        new = pickle.loads(renamed(pickle.dumps(value, protocol), out))
        assert new == [Sale(1) if type(x) is Order.Line else x for x in value]


def test_extension_codes_stay():
    """They stand for a global of the reader's program."""
    data = b"\x80\x02\x82\x01cshop\nOrder\n\x86."
    assert renamed(data, moved("shop", "s")) == b"\x80\x02\x82\x01cs\nOrder\n\x86."


# --- Python 2, rows, what follows -----------------------------------------------------------------


def test_instances_of_python_2():
    """INST has the names of an old-style class on its own lines."""
    new = renamed(b"(ishop\nOrder\np0\n.", moved("shop", "store.core"))
    assert new == b"(istore.core\nOrder\np0\n."


@pytest.mark.parametrize(
    ("data", "new"),
    [
        (b"(ishop\nOrder\n.", GlobalRef("shop", "Order.Line")),
        (b"(ishop\nOrder\n.", GlobalRef("shop", "Orderé")),
        (b"cshop\nOrder\n.", GlobalRef("shop", "Or\nder")),
        (b"cshop\nOrder\n.", GlobalRef("shop", "Or\ud800der")),
        (b"cshop\nOrder\n.", GlobalRef("", "Order")),
        (b"cshop\nOrder\n.", GlobalRef("Queue", "Order")),
        (b"\x80\x02cshop\nOrder\n.", GlobalRef("commands", "Order")),
    ],
)
def test_names_that_cannot_stand_there_are_refused(data, new):
    """Below protocol 3 readers take names of Python 2's modules for those of Python 3."""
    with pytest.raises(ContentError, match=r"names shop:Order at byte \d") as error:
        renamed(data, lambda g: new)
    assert "dump it" in str(error.value)


def test_names_of_python_2s_own_modules_may_come_back():
    """What fix_imports writes for sets and objects is no user's module."""
    data = pickle.dumps({1}, 2)
    there = renamed(data, lambda g: GlobalRef("shop", "Order"))
    assert renamed(there, lambda g: GlobalRef("__builtin__", "set")) == data


def test_names_as_the_pickle_spells_them():
    """Without fix_imports a new name may be one of Python 2's, for readers to map."""
    new = renamed(
        b"cshop\nOrder\n.", lambda g: GlobalRef("Cookie", "SimpleCookie"), fix_imports=False
    )
    assert new == b"cCookie\nSimpleCookie\n."


def test_pickles_in_a_row_and_what_follows():
    """Each is edited, and bytes that are no pickle stay where they are."""
    rows = [pickle.dumps(Order(i), i % 6) for i in range(12)]
    new = renamed(b"".join(rows) + b"\xff the end", by_map(Order="Sale"))
    scans = scan_all(new)
    assert len(scans.pickles) == 12
    assert new[scans.end :] == b"\xff the end"
    file = io.BytesIO(new)
    assert [pickle.load(file) for _ in rows] == [Sale(i) for i in range(12)]


@pytest.mark.parametrize("protocol", range(6))
def test_a_row_that_one_pickler_wrote(protocol):
    """Later pickles read the memo of earlier ones, texts of names among it."""
    file = io.BytesIO()
    pickler = pickle.Pickler(file, protocol)
    for value in (Order(1), [Order(2), Order.Line(3)], HERE, "Order", Order("Order")):
        pickler.dump(value)
    new = renamed(file.getvalue(), by_map(**{"Order": "Sale", "Order.Line": "Sale.Row"}))
    unpickler = pickle.Unpickler(io.BytesIO(new))
    found = [unpickler.load() for _ in range(5)]
    assert found == [Sale(1), [Sale(2), Sale.Row(3)], HERE, "Order", Sale("Order")]


# --- what is refused ------------------------------------------------------------------------------


def test_computed_names_are_refused():
    """Nobody can say whether they would need a new name."""
    data = b"\x80\x04cshop\nmodule_name\n\x8c\x05Order\x93."
    with pytest.raises(ContentError, match="computes a name, at byte"):
        renamed(data, lambda g: None)


def test_damaged_pickles_and_limits():
    """The scan's own errors come through."""
    with pytest.raises(PickleFormatError):
        renamed(b"cshop\nOrder\n", lambda g: None)
    with pytest.raises(LimitError):
        renamed(pickle.dumps([[[]]]), lambda g: None, limits=Limits(depth=2))


def test_joblib_files_are_refused():
    """Arrays stand between the opcodes there, behind padding that a new name would shift."""
    head = b"\x80\x04cjoblib.numpy_pickle\nNumpyArrayWrapper\n"
    for data in (head + b".", head + b")\x81}b\xff\xff"):
        with pytest.raises(ContentError, match="joblib"):
            renamed(data, lambda g: None)


def test_a_result_that_is_not_as_expected_is_not_given(monkeypatch):
    """An error of the rewriter's own ends in VerificationError, never in wrong bytes."""
    from pickle_migrate import rewriter

    data = pickle.dumps([Order(1)], 4)
    for broken in (data, data[:-1], data + b"N.", renamed(data, by_map(Order="Other"))):
        monkeypatch.setattr(rewriter, "spliced", lambda *_, broken=broken: broken)
        with pytest.raises(VerificationError):
            renamed(data, by_map(Order="Sale"))


def test_shared_values_and_cycles_stay():
    """Only names change: identity does not."""
    order = Order(None)
    order.value = [order, datetime.date(2020, 1, 1)]
    for protocol in range(6):
        new = pickle.loads(renamed(pickle.dumps(order, protocol), by_map(Order="Sale")))
        assert new.value[0] is new
