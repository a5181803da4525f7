"""The lock as text: canonical, read back as it was, and every wrong line named."""

import contextlib
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pickle_migrate.errors import LockError
from pickle_migrate.lock.toml_text import from_text, to_text
from pickle_migrate.lock.values import Lock, LockedClass, LockedVersion
from pickle_migrate.refs import GlobalRef
from pickle_migrate.schema import Schema

FIELDS = (("currency", "str"), ("customer", "str"), ("quantity", "int"))
ORDER = GlobalRef("shop.models", "Order")
LOCK = Lock(
    (
        LockedClass(
            ORDER,
            (
                LockedVersion(1, (("customer", ""), ("qty", "")), None, "dict", True),
                LockedVersion(2, FIELDS, Schema(FIELDS).fingerprint()),
            ),
            1,
            ("shop.orders:Order",),
        ),
    )
)
TEXT = """\
# The fields of every versioned class, at every version that there ever was.
# Written by `pickle-migrate lock`. Keep it in the repository, and never edit it by hand.
format = 1

"shop.models:Order".unstamped = 1
"shop.models:Order".was."shop.orders:Order" = true
"shop.models:Order".1.known = "seen"
"shop.models:Order".1.state = "dict"
"shop.models:Order".1.digest = "4299f852"
"shop.models:Order".1.fields.customer = ""
"shop.models:Order".1.fields.qty = ""
"shop.models:Order".2.known = "declared"
"shop.models:Order".2.state = "dict"
"shop.models:Order".2.fingerprint = "4d6211cf"
"shop.models:Order".2.fields.currency = "str"
"shop.models:Order".2.fields.customer = "str"
"shop.models:Order".2.fields.quantity = "int"
"""

_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
_names = _texts.filter(bool).filter(lambda text: ":" not in text)
_refs = st.builds(GlobalRef, _names, _names)
_fields = st.dictionaries(_texts, _texts, max_size=4).map(
    lambda found: tuple(sorted(found.items()))
)
_digests = st.none() | st.text("0123456789abcdef", min_size=1, max_size=8)


@st.composite
def _versions(draw, number):
    state = draw(_texts.filter(bool))
    order = draw(st.none() | st.lists(_texts, unique=True, max_size=3).map(tuple))
    fields = draw(st.none() | _fields)
    fill = draw(st.booleans())
    if fields is None:
        return LockedVersion(number, None, draw(_digests), state, False, order, fill)
    if draw(st.booleans()):
        return LockedVersion(number, fields, draw(_digests), state, True, order, fill)
    digest = Schema(fields).fingerprint()
    return LockedVersion(number, fields, digest, state, False, order, fill)


@st.composite
def _classes(draw, ref):
    numbers = sorted(draw(st.sets(st.integers(1, 40), min_size=1, max_size=4)))
    versions = tuple(draw(_versions(number)) for number in numbers)
    unstamped = draw(st.none() | st.integers(1, numbers[-1]))
    olds = tuple(sorted(map(str, draw(st.sets(_refs, max_size=2)))))
    return LockedClass(ref, versions, unstamped, olds)


@st.composite
def _locks(draw):
    refs = sorted(draw(st.sets(_refs, max_size=4)))
    return Lock(tuple(draw(_classes(ref)) for ref in refs))


def test_the_text_is_this():
    """One line for each fact, complete in itself, in a fixed order."""
    assert to_text(LOCK) == TEXT
    assert from_text(TEXT, "lock") == LOCK


@given(_locks())
def test_what_is_written_is_read_back(lock):
    """Whatever the names hold: quotes, dots, line ends, other alphabets."""
    text = to_text(lock)
    assert from_text(text, "lock") == lock
    assert to_text(from_text(text, "lock")) == text


@given(_locks())
def test_every_line_means_the_same_by_itself(lock):
    """A merge moves lines; in any order they are the same lock."""
    head, *lines = to_text(lock).splitlines()[2:]
    assert from_text("\n".join([*reversed(lines), head]), "lock") == lock
    for line in lines:
        tomllib.loads(line)


def test_an_empty_lock():
    """Nothing but its head, which is read as nothing."""
    assert from_text(to_text(Lock()), "lock") == Lock()


def test_crlf_and_a_byte_order_mark_change_nothing():
    """Editors and git on Windows."""
    assert from_text("\ufeff" + TEXT.replace("\n", "\r\n"), "lock") == LOCK


V2 = '"shop.models:Order".2'
WRONG = {
    "no format": ("", 'the line "format = 1" is missing'),
    "another format": (TEXT.replace("format = 1", "format = 2"), "line 3, format: format is 1"),
    "format is no number": (TEXT.replace("format = 1", "format = true"), "format is 1, not True"),
    "no TOML": (f"{TEXT}what?\n", "it is no TOML: "),
    "no class": (f"{TEXT}name = 1\n", "line 18, name: a class is written module:qualname"),
    "class is no table": (f'{TEXT}"a:B" = 1\n', 'line 18, "a:B": there are keys below it'),
    "no version": (f'{TEXT}"a:B".unstamped = 1\n', 'line 18, "a:B": it has no version'),
    "version 0": (f'{TEXT}"a:B".0.known = "seen"\n', 'line 18, "a:B".0: it is a version'),
    "version 01": (f'{TEXT}"a:B".01.known = "seen"\n', 'line 18, "a:B".01: it is a version'),
    "unstamped is a text": (TEXT.replace("unstamped = 1", 'unstamped = "1"'), "not '1'"),
    "unstamped is above": (TEXT.replace("unstamped = 1", "unstamped = 3"), "3 is above the newest"),
    "old name is no ref": (TEXT.replace("shop.orders:Order", "Order"), "was.Order: a class is"),
    "old name is false": (TEXT.replace("= true", "= false"), "it is true, not False"),
    "known": (TEXT.replace('"seen"', '"guessed"'), "it is not 'guessed'; it says declared"),
    "no known": (TEXT.replace(f'{V2}.known = "declared"\n', ""), "line 12, "),
    "no state": (TEXT.replace(f'{V2}.state = "dict"\n', ""), "how the state is shaped"),
    "state is a number": (TEXT.replace('state = "dict"', "state = 1"), "line 8, "),
    "fingerprint": (TEXT.replace("4d6211cf", "AB"), "hexadecimal digits, not 'AB'"),
    "type is a number": (TEXT.replace('currency = "str"', "currency = 1"), "it is not 1"),
    "dot in a name": (f'{TEXT}{V2}.fields.a.b = "str"\n', "a name that holds a dot"),
    "another key": (f"{TEXT}{V2}.colour = 1\n", f"line 18, {V2}.colour: there is no such key"),
    "a field was added": (f'{TEXT}{V2}.fields.colour = "str"\n', "not 4d6211cf as the file says"),
    "a field was removed": (TEXT.replace(f'{V2}.fields.currency = "str"\n', ""), "the digest"),
    "no digest": (TEXT.replace('"shop.models:Order".1.digest = "4299f852"\n', ""), "is missing"),
    "unknown with fields": (TEXT.replace('"seen"', '"unknown"'), "known says unknown"),
    "fill is a text": (f'{TEXT}{V2}.fill = "yes"\n', "it is true or false, not 'yes'"),
    "order is a text": (f'{TEXT}{V2}.order = "a"\n', "it is a list of names"),
    "order has a name twice": (f'{TEXT}{V2}.order = ["a", "a"]\n', "a name twice"),
    "one line twice": (f'{TEXT}{V2}.state = "dict"\n', "They say the same: remove one of them."),
    "two of one key": (f'{TEXT}{V2}.state = "slots"\n', "`pickle-migrate merge` puts yours after"),
    "a key and one below it": (f'{TEXT}"shop.models:Order" = 2\n', "lines 5 and 18 both say"),
    "a mark of git": (f"{TEXT}<<<<<<< HEAD\n", "line 18 is a mark of a conflict"),
    "the middle mark": (f"=======\n{TEXT}", "line 1 is a mark of a conflict"),
}


@pytest.mark.parametrize(("text", "message"), WRONG.values(), ids=WRONG)
def test_a_wrong_text_is_refused(text, message):
    """With the path, the line where there is one, and what to do."""
    with pytest.raises(LockError) as caught:
        from_text(text, "shop/lock.toml")
    assert message in str(caught.value)
    assert caught.value.path == "shop/lock.toml"
    assert caught.value.remedy


def test_deep_nesting_is_refused():
    """Hostile text ends in a LockError too, not in a RecursionError."""
    with pytest.raises(LockError):
        from_text(f"format = 1\na = {'[' * 100_000}", "lock")


def test_half_of_a_surrogate_pair_is_refused():
    """No file in UTF-8 can hold it."""
    lock = Lock((LockedClass(ORDER, (LockedVersion(1, (("\ud800", ""),), seen=True),)),))
    with pytest.raises(LockError, match="no file can hold"):
        to_text(lock)


_PIECES = st.sampled_from(
    [*'"\\.=[]{}\n0a#<>', "<<<<<<< HEAD\n", '"a:b".1.known = "seen"\n', "\x00"]
)


@given(st.integers(0, len(TEXT)), st.integers(0, 40), _PIECES | st.just(""))
def test_a_damaged_text_is_refused_or_read(at, size, piece):
    """Nothing but a LockError comes of it, wherever something is cut out or put in."""
    with contextlib.suppress(LockError):
        from_text(TEXT[:at] + piece + TEXT[at + size :], "lock")
