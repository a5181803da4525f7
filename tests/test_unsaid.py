"""Pickles of which nothing says the version: this package's loader refuses their objects."""

from __future__ import annotations

import io
import pickle

import pytest

import pickle_migrate
from pickle_migrate.errors import StateError, UnstampedError

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)

OLD = """
class Order:
    def __init__(self):
        self.qty = 3
"""
TODAY = """
@versioned(2)
class Order:
    pass

Lineage(Order).upgrade(1, RenameField("qty", "quantity"))
"""


@pytest.fixture
def old_bytes(scratch):
    """What the unregistered class wrote: a list of objects, and a list that names the class."""
    old = scratch.module("unsaid_shop", OLD)
    pickles = {p: (pickle.dumps([old.Order()], p), pickle.dumps([old.Order], p)) for p in PROTOCOLS}
    scratch.module("unsaid_shop", TODAY)
    return pickles


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_an_object_from_before_the_decorator_is_refused(old_bytes, protocol):
    """Without ``unstamped=`` it would load with the fields of the old version, and no error."""
    with pytest.raises(UnstampedError) as caught:
        pickle_migrate.loads(old_bytes[protocol][0])
    assert caught.value.facts() == {"ref": "unsaid_shop:Order", "current": 2}


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_class_that_is_data_is_given(old_bytes, protocol):
    """A pickle may name a class without making an object of it."""
    (found,) = pickle_migrate.loads(old_bytes[protocol][1])
    assert found.__qualname__ == "Order"


def test_the_file_goes_on_after_the_refused_pickle(old_bytes):
    """The pickle is read a second time; the file stands behind it afterwards, as always."""
    file = io.BytesIO(old_bytes[4][0] + old_bytes[4][1])
    with pytest.raises(UnstampedError):
        pickle_migrate.load(file)
    (found,) = pickle_migrate.load(file)
    assert found.__qualname__ == "Order"


def test_a_file_that_cannot_be_read_again_is_not_asked(old_bytes):
    """A pipe gives its bytes once. Then the object loads as plain pickle gives it."""

    class Pipe(io.RawIOBase):
        def __init__(self, data):
            self.rest = data

        def readable(self):
            return True

        def readinto(self, buffer):
            count = min(len(buffer), len(self.rest))
            buffer[:count], self.rest = self.rest[:count], self.rest[count:]
            return count

    (found,) = pickle_migrate.load(io.BufferedReader(Pipe(old_bytes[4][0])))
    assert vars(found) == {"qty": 3}


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_arguments_that_no_step_can_reach_are_refused(scratch, protocol):
    """The old arguments would go to today's constructor, which means other things by them."""
    span = """
        class Span:
            def __init__(self, *ends):
                self.ends = ends
            def __reduce__(self):
                return Span, self.ends
    """
    data = pickle.dumps(scratch.module("unsaid_spans", span).Span(1, 5), protocol)
    scratch.module(
        "unsaid_spans",
        """
        @migrates("unsaid_spans:Span", 1, arguments=True)
        def high_first(args, kwargs):
            return args[::-1], kwargs

        @versioned(2, unstamped=1)
        class Span:
            def __init__(self, high, low):
                self.high, self.low = high, low
            def __reduce__(self):
                return Span, (self.high, self.low)
        """,
    )
    with pytest.raises(StateError, match="constructor arguments"):
        pickle_migrate.loads(data)
