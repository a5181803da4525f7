"""Depth: how many of a class's own methods an object has passed on the way to a base's hook."""

import pickle
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pickle_migrate.depth import Levels, inside


def test_an_object_that_was_not_entered_has_no_level():
    """None, not 0."""
    assert Levels().get(1) is None


def test_the_level_holds_inside_of_the_block():
    """And the one before holds again after it."""
    levels, obj = Levels(), object()
    with inside(levels, obj, 1):
        assert levels.get(id(obj)) == 1
        with inside(levels, obj, 2):
            assert levels.get(id(obj)) == 2
        assert levels.get(id(obj)) == 1
    assert levels.get(id(obj)) is None


def test_an_exception_leaves_the_level_of_before():
    """Whatever ends the block."""
    levels, obj = Levels(), object()

    def fail():
        with inside(levels, obj, 1), inside(levels, obj, 2):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert levels.get(id(obj)) is None


def test_equal_objects_have_levels_of_their_own():
    """The object itself counts; it need not be hashable."""
    levels, one, other = Levels(), [], []
    with inside(levels, one, 1):
        assert (levels.get(id(one)), levels.get(id(other))) == (1, None)


def test_threads_have_levels_of_their_own():
    """Two threads may pickle one object at once."""
    levels, obj, seen = Levels(), object(), []
    with inside(levels, obj, 1):
        thread = threading.Thread(target=lambda: seen.append(levels.get(id(obj))))
        thread.start()
        thread.join()
    assert seen == [None]


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 5))))
def test_entering_and_leaving_in_turn_changes_nothing(entered):
    """However blocks of several objects are nested; the innermost level of each one holds."""
    levels, befores, current = Levels(), [], {}
    for key, level in entered:
        befores.append((key, levels.enter(key, level)))
        current[key] = level
        assert {k: levels.get(k) for k in current} == current
    for key, before in reversed(befores):
        levels.leave(key, before)
        assert levels.get(key) == before
    assert all(levels.get(key) is None for key in range(4))


@pytest.mark.parametrize("protocol", range(2, 6))
def test_a_method_that_fails_does_not_disturb_the_next_time(scratch, protocol):
    """Dumping or loading an object again after its own method raised goes the whole way anew."""
    source = """
        fail = True
        @versioned(1)
        class Base:
            def __reduce_ex__(self, protocol):
                return super().__reduce_ex__(protocol)
            def __setstate__(self, state):
                if fail:
                    raise ZeroDivisionError
                self.__dict__.update(state)
        @versioned(1)
        class Order(Base):
            def __reduce_ex__(self, protocol):
                if fail:
                    raise ZeroDivisionError
                return super().__reduce_ex__(protocol)
            def __setstate__(self, state):
                super().__setstate__(state)
        """
    module = scratch.module("depth_shop", source)
    order = module.Order()
    order.a = 1
    with pytest.raises(ZeroDivisionError):
        pickle.dumps(order, protocol)
    module.fail = False
    data = pickle.dumps(order, protocol)
    module.fail = True
    with pytest.raises(ZeroDivisionError):
        pickle.loads(data)
    module.fail = False
    assert vars(pickle.loads(data)) == {"a": 1}
