"""The finishing stage: functions that see the whole graph, after it is loaded."""

import io
import pickle
import threading

import pytest

import pickle_migrate
from pickle_migrate import Lineage, finishing

FIRST = """
    @versioned(1)
    class Node:
        def __init__(self, name, *others):
            self.name, self.others = name, list(others)
"""
SECOND = """
    @versioned(3)
    class Node:
        pass
    Lineage("fin_shop:Node").upgrade(1).upgrade(2)
"""


@pytest.fixture
def nodes(scratch):
    """Writes pickles of version 1 of nodes that a function makes, then brings version 3."""

    def write(make, protocol=None):
        data = pickle.dumps(make(scratch.module("fin_shop", FIRST).Node), protocol)
        scratch.module("fin_shop", SECOND)
        return data

    return write


def finish(version, function):
    return Lineage("fin_shop:Node").finish(version, function)


def names(node):
    return [other.name for other in node.others]


def test_the_whole_graph_is_there(nodes):
    """In a cycle, each object sees what its neighbours hold, which no step can."""

    def cycle(cls):
        a, b = cls("a"), cls("b")
        a.others, b.others = [b], [a]
        return [a, b]

    data = nodes(cycle)
    seen = {}
    finish(1, lambda node: seen.update({node.name: names(node)}))
    pickle_migrate.loads(data)
    assert seen == {"a": ["b"], "b": ["a"]}


@pytest.mark.parametrize("protocol", range(6))
def test_objects_come_in_the_order_of_the_load(nodes, protocol):
    """In which they got their state: what an object holds comes before it. Each comes once."""

    def shared(cls):
        leaf = cls("leaf")
        return cls("root", cls("left", leaf), leaf, cls("right"))

    data = nodes(shared, protocol)
    seen = []
    finish(1, lambda node: seen.append(node.name))
    pickle_migrate.loads(data)
    assert seen == ["leaf", "left", "right", "root"]


def test_functions_come_in_the_order_of_the_versions(nodes):
    """For one object all of them, then for the next; those of one version as declared."""
    data = nodes(lambda cls: [cls("a"), cls("b")])
    seen = []
    finish(2, lambda node: seen.append((node.name, 2)))
    finish(1, lambda node: seen.append((node.name, 1)))
    finish(1, lambda node: seen.append((node.name, 1.5)))
    pickle_migrate.loads(data)
    assert seen == [(name, version) for name in "ab" for version in (1, 1.5, 2)]


def test_only_migrated_objects_are_finished(nodes, scratch):
    """Not those of the current version, and not for versions that they are past."""
    nodes(lambda cls: 0)
    seen = []
    finish(1, seen.append)
    finish(3, seen.append)
    node = scratch.module("fin_shop", SECOND).Node()
    node.name = "new"
    assert pickle_migrate.loads(pickle.dumps(node)).name == "new"
    assert seen == []


def test_the_function_may_change_the_object_and_is_asked_for_nothing(nodes):
    """What it returns is not used; the loaded object is the one that was changed."""
    data = nodes(lambda cls: cls("a"))

    def rename(node):
        node.name = "changed"
        return "not used"

    finish(1, rename)
    assert pickle_migrate.loads(data).name == "changed"


def test_plain_pickle_runs_none(nodes):
    """Its load has no end that we would know of. The steps run."""
    data = nodes(lambda cls: cls("a"))
    seen = []
    finish(1, seen.append)
    assert pickle.loads(data).name == pickle._loads(data).name == "a"
    assert seen == []
    assert finishing.noted() == []
    assert pickle_migrate.loads(pickle_migrate.dumps(1)) == 1
    assert seen == []


def test_a_load_inside_of_a_load_finishes_first(scratch):
    """An object that holds a pickle in bytes and loads it as it gets its state."""
    source = """
        import pickle_migrate
        @versioned({})
        class Node:
            def __init__(self, name):
                self.name, self.others = name, []
            def __setstate__(self, state):
                self.__dict__.update(state)
                if isinstance(self.name, bytes):
                    self.others = [pickle_migrate.loads(self.name)]
        """
    old = scratch.module("fin_shop", source.format(1)).Node
    inner = pickle.dumps(old("inner"))
    data = pickle.dumps([old("first"), old(inner), old("last")])
    scratch.module("fin_shop", source.format(2))
    Lineage("fin_shop:Node").upgrade(1)
    seen = []
    finish(1, lambda node: seen.append(node.name))
    first, middle, last = pickle_migrate.loads(data)
    assert seen == ["inner", "first", inner, "last"]
    assert middle.others[0].name == "inner"
    assert (first.name, last.name) == ("first", "last")


def test_a_finisher_may_load_pickles_itself(nodes):
    """It stands outside of the load that it finishes."""
    data = nodes(lambda cls: cls("a"))
    seen = []

    def again(node):
        seen.append(node.name)
        if len(seen) < 3:
            pickle_migrate.loads(data)

    finish(1, again)
    pickle_migrate.loads(data)
    assert seen == ["a", "a", "a"]
    assert finishing.noted() == []


@pytest.mark.parametrize("cut", [1, 10])
def test_a_load_that_fails_leaves_nothing_behind(nodes, cut):
    """What it had noted is forgotten, and the next load finishes its own objects only."""
    data = nodes(lambda cls: [cls("a"), cls("b")])
    seen = []
    finish(1, lambda node: seen.append(node.name))
    with pytest.raises((EOFError, pickle.UnpicklingError)):
        pickle_migrate.loads(data[:-cut])
    assert seen == finishing.noted() == []
    pickle_migrate.loads(data)
    assert seen == ["a", "b"]


def test_an_exception_of_a_finisher_passes(nodes):
    """As it is; the functions after it do not run, and the next load is not disturbed."""
    data = nodes(lambda cls: [cls("a"), cls("b")])
    seen = []

    def fail_once(node):
        seen.append(node.name)
        if len(seen) == 1:
            raise ZeroDivisionError

    finish(1, fail_once)
    with pytest.raises(ZeroDivisionError):
        pickle_migrate.loads(data)
    assert seen == ["a"]
    pickle_migrate.loads(data)
    assert seen == ["a", "a", "b"]


def test_each_pickle_of_a_file_is_finished_by_its_own_load(nodes):
    """With one unpickler or several."""
    data = nodes(lambda cls: cls("a"))
    seen = []
    finish(1, seen.append)
    unpickler = pickle_migrate.Unpickler(io.BytesIO(data * 2))
    unpickler.load()
    assert len(seen) == 1
    unpickler.load()
    assert len(seen) == 2


def test_an_object_without_a_state_is_finished_too(scratch):
    """It has no attributes, but it is of an older version."""
    cls = scratch.module("fin_shop", "@versioned(1)\nclass Node: pass\n").Node
    data = pickle.dumps([cls(), cls()])
    scratch.module("fin_shop", SECOND)
    seen = []
    finish(1, seen.append)
    assert pickle_migrate.loads(data) == seen
    assert len(seen) == 2


# --- the module itself ------------------------------------------------------------------------


def test_outside_of_a_load_nothing_is_noted():
    """``note`` is called by plain pickle's loads, too."""
    finishing.note((len,), object())
    assert finishing.noted() == []


def test_loads_are_nested():
    """What is noted belongs to the innermost one."""
    finishing.begin()
    finishing.note((len,), "outer")
    finishing.begin()
    finishing.note((len,), "inner")
    assert finishing.noted() == [((len,), "inner")]
    assert finishing.end() == [((len,), "inner")]
    finishing.note((abs,), "outer again")
    assert finishing.end() == [((len,), "outer"), ((abs,), "outer again")]
    assert finishing.noted() == []


def test_threads_do_not_see_each_other():
    """Each has loads of its own."""
    seen = []
    finishing.begin()
    try:
        finishing.note((len,), "mine")
        thread = threading.Thread(target=lambda: seen.append(finishing.noted()))
        thread.start()
        thread.join()
    finally:
        assert finishing.end() == [((len,), "mine")]
    assert seen == [[]]


def test_run_calls_each_function_with_its_object():
    """In the order of the notes."""
    seen = []
    first, second = (lambda obj: seen.append((1, obj))), (lambda obj: seen.append((2, obj)))
    finishing.run([((first, second), "a"), ((second,), "b")])
    assert seen == [(1, "a"), (2, "a"), (2, "b")]
