"""Refs: what a pickle names, as a value of two texts."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pickle_migrate.errors import RefError
from pickle_migrate.refs import GlobalRef

names = st.text(st.characters(exclude_characters=":", exclude_categories=["Cs"]), min_size=1)
refs = st.builds(GlobalRef, names, names)


class Outer:
    class Inner:
        """A nested class."""


@given(refs)
def test_a_ref_reads_its_own_text(ref):
    """Whatever the texts are, as long as no colon is in them."""
    assert GlobalRef.parse(str(ref)) == ref


@pytest.mark.parametrize("text", ["", ":", "shop", "shop.models.Order", "shop:", ":Order", "a:b:c"])
def test_a_text_of_another_form_is_refused(text):
    """The error keeps the text and shows the right form."""
    with pytest.raises(RefError, match=r"module:qualname.*shop\.models:Order") as caught:
        GlobalRef.parse(text)
    assert caught.value.text == text


def test_the_ref_of_a_class_has_its_qualified_name():
    """A nested class is named with the class around it, a class in a function with <locals>."""

    class Local:
        pass

    assert GlobalRef.of(Outer.Inner) == GlobalRef(__name__, "Outer.Inner")
    qualname = "test_the_ref_of_a_class_has_its_qualified_name.<locals>.Local"
    assert GlobalRef.of(Local) == GlobalRef(__name__, qualname)


def test_the_ref_of_a_text_or_a_ref_is_that_one():
    """``of`` takes what users may write."""
    ref = GlobalRef("shop.models", "Order")
    assert GlobalRef.of("shop.models:Order") == ref
    assert GlobalRef.of(ref) is ref


@pytest.mark.parametrize("target", [None, 5, len, Outer(), b"shop:Order", ["shop:Order"]])
def test_what_is_no_class_has_no_ref(target):
    """An instance, a function and bytes are refused, and the error shows them."""
    with pytest.raises(RefError) as caught:
        GlobalRef.of(target)
    assert caught.value.text == repr(target)


def test_a_ref_imports_nothing():
    """A ref of a module that is not there is a value like any other."""
    assert str(GlobalRef.parse("no.such.module:Class")) == "no.such.module:Class"


@given(refs, refs)
def test_refs_are_ordered_by_module_then_name(one, other):
    """So that lists of them are sorted alike everywhere."""
    assert (one < other) == ((one.module, one.qualname) < (other.module, other.qualname))
    assert (one == other) == (str(one) == str(other))


def test_a_ref_is_a_value():
    """It cannot be changed, may be a key, and survives pickling."""
    ref = GlobalRef("shop", "Order")
    with pytest.raises(AttributeError):
        ref.module = "other"
    assert {ref: 1}[GlobalRef("shop", "Order")] == 1
    assert all(pickle.loads(pickle.dumps(ref, n)) == ref for n in range(6))
