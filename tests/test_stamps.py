"""Stamps: how a class, its version and its bases stand in the name of one global."""

import copy
import io
import pickle
import pickletools
import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import pickle_migrate
from pickle_migrate import stamps
from pickle_migrate.errors import StampError, UnknownClassError
from pickle_migrate.refs import GlobalRef
from pickle_migrate.stamps import Stamp, StampedClass, StampText, looks_like_stamp, text_only

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)
# Anything that a module or a class may be called, and much that it may not.
names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1) | st.sampled_from(
    [
        "<locals>",
        "make.<locals>.C",
        "a/b",
        "%",
        "%41",
        "a.b",
        "caffè",
        "x\n",
        ":@~+!",
        " ",
        "\0",
        "/",
    ]
)
fingerprints = st.none() | st.text("0123456789abcdef", min_size=1, max_size=8)
stamped_classes = st.builds(
    StampedClass, st.builds(GlobalRef, names, names), st.integers(0, 999_999_999), fingerprints
)
stamp_texts = st.builds(
    StampText, st.lists(stamped_classes, min_size=1, max_size=4).map(tuple), st.booleans()
)
ORDER = StampText((StampedClass(GlobalRef("shop.models", "Order"), 3, "1f0c77ab"),))


# --- the text ---------------------------------------------------------------------------------

WRITTEN = [
    (ORDER, "shop/models:Order@3~1f0c77ab"),
    (StampText((StampedClass(GlobalRef("m", "C"), 1),), wrapped=True), "m:C@1!"),
    (StampText((StampedClass(GlobalRef("m", "C"), 1),), whole=True), "m:C@1="),
    (
        StampText((StampedClass(GlobalRef("shop", "Gift"), 0), *ORDER.classes), wrapped=True),
        "shop:Gift@0+shop/models:Order@3~1f0c77ab!",
    ),
    (
        StampText((StampedClass(GlobalRef("m", "make.<locals>.C_1"), 12),)),
        "m:make/<locals>/C_1@12",
    ),
    (StampText((StampedClass(GlobalRef("caffè", "Tè"), 1),)), "caff%C3%A8:T%C3%A8@1"),
    (StampText((StampedClass(GlobalRef("a/b", "C%41\n"), 1),)), "a%2Fb:C%2541%0A@1"),
]


@pytest.mark.parametrize(("value", "text"), WRITTEN)
def test_what_a_stamp_looks_like(value, text):
    """Written down, because old pickles hold it."""
    assert value.encode() == text
    assert StampText.decode(text) == value


@given(stamp_texts)
def test_a_stamp_reads_its_own_text(value):
    """Whatever the module, the class and its bases are called."""
    assert StampText.decode(value.encode()) == value


@given(stamp_texts)
def test_the_text_is_a_global_s_name_at_every_protocol(value):
    """ASCII, no line end (protocol 0), no dot (protocols 4 and 5 split there), no space."""
    text = value.encode()
    assert set(text) <= set(string.ascii_letters + string.digits + "_<>/:@~+!%")
    assert looks_like_stamp(text)


@given(stamp_texts, stamp_texts)
def test_different_stamps_have_different_texts(one, other):
    """So that one text is enough to find the class and its steps."""
    assert (one == other) == (one.encode() == other.encode())


MALFORMED = [
    "",
    "!",
    ":@",
    "shop:Order",
    "shop:Order@",
    "shop@3",
    ":Order@3",
    "shop:@3",
    "shop:Order@x",
    "shop:Order@-1",
    "shop:Order@1.0",
    "shop:Order@٣",
    "shop:Order@03",
    "shop:Order@1234567890",
    "shop:Order@3~",
    "shop:Order@3~XYZ",
    "shop:Order@3~1F",
    "shop:Order@3~1f~1f",
    "shop:Order@3!!",
    "shop:Order@3==",
    "shop:Order@3=!",
    "shop:Order@3!=",
    "=",
    "shop:Order@3 ",
    "shop:Order@3\n",
    "shop.models:Order@3",
    "shop:Ord er@3",
    "shop:Ordér@3",
    "shop:Order@3+",
    "+shop:Order@3",
    "shop:Order@3+shop",
    "shop:Order@3++shop:Base@1",
    "shop:a:b@3",
    "shop:Ord%zzer@3",
    "shop:Order%4@3",
    "shop:Order%@3",
    "shop:Order%FF@3",
    "shop:Order%C3@3",
    "shop:Order%2f@3",
    "shop:Order%41@3",
]


@pytest.mark.parametrize("text", MALFORMED)
def test_a_malformed_text_is_refused(text):
    """The error keeps the text; nothing is guessed."""
    with pytest.raises(StampError) as caught:
        StampText.decode(text)
    assert caught.value.text == text
    assert caught.value.problem


@given(st.text("aO:@~+!%/.0123456789CABFf<>é \n"))
@example("a:a@1+a:a@1!")
@example("a:a@1=")
def test_a_text_is_refused_or_is_exactly_what_would_be_written(text):
    """There is one text for each stamp; no other reads as the same."""
    try:
        value = StampText.decode(text)
    except StampError:
        return
    assert value.encode() == text


def test_the_head_is_the_class_of_the_objects():
    """The bases come after it."""
    assert StampText.decode("m:Child@2+m:Base@1").head == StampedClass(GlobalRef("m", "Child"), 2)


def test_only_names_of_that_form_are_taken_for_stamps():
    """A Python name has neither colon nor at sign."""
    assert looks_like_stamp("shop:Order@")
    assert not any(map(looks_like_stamp, ["Stamp", "text_only", "a:b", "a@1", ""]))


# --- the callable -----------------------------------------------------------------------------


@pytest.fixture
def order(scratch):
    """A versioned class of a module of its own."""
    source = """
        @versioned(3)
        class Order:
            def __init__(self, number):
                self.number = number
        """
    return scratch.module("stamps_shop", source).Order


def stamp_of(obj):
    return obj.__reduce_ex__(2)[0]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_stamp_pickles_by_name(order, protocol):
    """As a global of this module, by the C pickler and by Python's."""
    stamp = stamp_of(order(1))
    assert stamp.text == "stamps_shop:Order@3"
    for dumps in (pickle.dumps, pickle._dumps):
        data = dumps(stamp, protocol)
        assert pickle.loads(data) is stamp
        assert pickle._loads(data) is stamp
        named = {arg for op, arg, _ in pickletools.genops(data) if isinstance(arg, str)}
        assert named & {f"{stamps.MODULE} {stamp.text}", stamp.text}


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy])
def test_a_stamp_copies_to_itself(order, duplicate):
    """As a class does, one that is written by value too."""
    by_value = text_only("m:C@1")
    assert duplicate(stamp_of(order(1))) is stamp_of(order(1))
    assert duplicate(by_value) is by_value
    assert duplicate([by_value])[0] is by_value


def test_a_stamp_makes_the_newborn_object(order):
    """Without its state, and without running ``__init__``."""
    newborn = stamp_of(order(1))()
    assert type(newborn) is order
    assert vars(newborn) == {}


def test_a_stamp_says_what_it_is(order):
    """In a traceback or a debugger."""
    assert repr(stamp_of(order(1))) == "<stamp stamps_shop:Order@3>"


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_stamp_by_value_pickles_as_its_text(protocol):
    """For classes that cannot be found by name elsewhere: ``__main__``, ``<locals>``."""
    stamp = text_only("m:make/<locals>/C@2")
    again = pickle.loads(pickle.dumps(stamp, protocol))
    assert type(again) is Stamp
    assert (again.text, again.written) == (stamp.text, stamp.written)
    assert pickle.loads(pickle.dumps(again, protocol)).text == stamp.text


def test_a_stamp_by_value_makes_no_object():
    """The pickle itself brings the class."""
    with pytest.raises(StampError, match="it carries a version"):
        text_only("m:C@1")()


# --- finding ----------------------------------------------------------------------------------


def test_a_stamp_is_found_as_an_attribute_of_the_module(order):
    """That is all that plain pickle needs (PEP 562)."""
    assert getattr(stamps, "stamps_shop:Order@3") is stamp_of(order(1))


def test_another_name_is_no_attribute():
    """As of any module."""
    with pytest.raises(AttributeError, match="has no attribute 'no_such_thing'"):
        stamps.no_such_thing


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("loads", [pickle.loads, pickle._loads, pickle_migrate.loads])
def test_a_damaged_stamp_in_a_pickle_is_named(scratch, loads, protocol):
    """Under plain pickle too, the error is ours and shows the text."""

    class Named:
        def __reduce__(self):
            return "shop:Order@3~XY"

    written = io.BytesIO()
    pickler = pickle._Pickler(written, protocol)
    pickler.save_global = lambda obj, name=None: saved_unchecked(pickler, name)
    pickler.dump(Named())
    with pytest.raises(StampError, match="'shop:Order@3~XY' cannot be read") as caught:
        loads(written.getvalue())
    assert caught.value.text == "shop:Order@3~XY"


def saved_unchecked(pickler, name):
    """Write a global of the stamps' module without looking whether it is there."""
    if pickler.proto >= 4:
        pickler.save(stamps.MODULE)
        pickler.save(name)
        pickler.write(pickle.STACK_GLOBAL)
    else:
        pickler.write(pickle.GLOBAL + f"{stamps.MODULE}\n{name}\n".encode())


@pytest.mark.parametrize("loads", [pickle.loads, pickle._loads, pickle_migrate.loads])
def test_an_attribute_error_of_the_user_s_module_is_shown(scratch, loads):
    """Pickle would put "Can't get attribute" in its place, and nobody would find the mistake."""
    source = "@versioned(1)\nclass Order:\n    pass\n"
    data = pickle.dumps(scratch.module("stamps_broken", source).Order())
    scratch.write("stamps_broken", source + "Lineage('stamps_broken:Order').upgrde(1)\n")
    scratch.forget("stamps_broken")
    with pytest.raises((UnknownClassError, AttributeError), match="no attribute 'upgrde'"):
        loads(data)


def test_a_stamp_with_a_lone_surrogate_is_malformed():
    """A pickle may hold one; it is refused as any other malformed stamp is."""
    for text in ("m\udcae:C@1", "m:C\ud800@1", "m:C%ED%A0%80@1"):
        with pytest.raises(StampError):
            StampText.decode(text)
