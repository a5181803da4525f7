"""Graphs of any depth are written, or refused, and never crash the interpreter."""

import copyreg
import io
import pickle
import subprocess
import sys
import textwrap

import cloudpickle
import dill
import pytest

from pickle_migrate import deep
from pickle_migrate.errors import TooDeepError

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)
DEPTH = 20_000


class Node:
    def __init__(self, next=None):
        self.next = next


class Slotted:
    __slots__ = ("next",)


def nest(depth, wrap=Node, innermost=None):
    made = innermost
    for _ in range(depth):
        made = wrap(made)
    return made


def depth_of(obj, unwrap=lambda node: node.next, innermost=None):
    depth = 0
    while obj is not innermost:
        obj, depth = unwrap(obj), depth + 1
    return depth


def run(script, *args):
    """The last line that the script prints in a process of its own, which must end normally."""
    code = textwrap.dedent(script)
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, args)],
        capture_output=True,
        text=True,
        timeout=570,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.splitlines()[-1]


NODES = """
    import pickle, sys
    from pickle_migrate import deep
    from pickle_migrate.errors import TooDeepError

    class Node:
        pass

    count, *protocols = map(int, sys.argv[1:])
    head = None
    for number in range(count):
        node = Node()
        node.next, node.number = head, number
        head = node
    for protocol in protocols:
        try:
            written = deep.dumps(head, protocol)
        except TooDeepError:
            print("refused")
            break
        again, left = pickle.loads(written), count
        while again is not None:
            left -= 1
            assert again.number == left
            again = again.next
        assert left == 0
        del again
    else:
        del head, node
        print("done")
"""


def test_linked_list_of_100_000_nodes():
    """100,000 nodes with a __dict__ are written, read and freed again, in every protocol."""
    assert run(NODES, 100_000, *PROTOCOLS) == "done"


def test_linked_list_of_1_000_000_nodes():
    """A million nodes are written, read and freed again, or refused; nothing crashes."""
    assert run(NODES, 1_000_000, 5) in ("done", "refused")


NESTED = """
    import pickle, sys
    from pickle_migrate import deep

    wrap = {
        "list": lambda inner: [inner],
        "tuple": lambda inner: (inner,),
        "dict": lambda inner: {"k": inner},
        "frozenset": lambda inner: frozenset([inner]),
        "key": lambda inner: {frozenset([id(inner)]): inner, "other": [inner]},
    }[sys.argv[1]]
    graph = None
    for _ in range(100_000):
        graph = wrap(graph)
    for protocol in map(int, sys.argv[2:]):
        again, depth = pickle.loads(deep.dumps(graph, protocol)), 0
        while again is not None:
            again = next(iter(again.values() if isinstance(again, dict) else again))
            depth += 1
        assert depth == 100_000, depth
    del graph
    print("done")
"""


@pytest.mark.parametrize("shape", ["list", "tuple", "dict", "frozenset", "key"])
def test_containers_100_000_deep(shape):
    """Builtin containers 100,000 deep are written, read and freed again."""
    assert run(NESTED, shape, 0, 2, 5) == "done"


def test_raised_recursion_limit_does_not_crash():
    """A program that raised the recursion limit, as is often advised, gets its pickle too.

    The C pickler of 3.11 runs out of stack there and takes the interpreter with it.
    """
    script = "    import sys\n    sys.setrecursionlimit(10**6)\n" + NODES
    assert run(script, 100_000, 5) == "done"


def test_recursion_limit_is_never_changed():
    """Neither success nor failure leaves another recursion limit or another thread behind."""
    script = """
        import sys, threading
        from pickle_migrate import deep
        from pickle_migrate.errors import TooDeepError

        def changed(*args):
            raise AssertionError("changed the limit")

        def fail(obj):
            raise ZeroDivisionError

        limit, sys.setrecursionlimit = sys.getrecursionlimit(), changed
        graph = None
        for _ in range(50_000):
            graph = [graph]
        deep.dumps(graph)
        class Broken:
            __reduce__ = fail
        for _ in range(50_000):
            graph = [graph, Broken()]
        try:
            deep.dumps(graph)
        except ZeroDivisionError:
            print(sys.getrecursionlimit() == limit, threading.active_count())
    """
    assert run(script) == "True 1"


@pytest.mark.parametrize("protocol", [None, -1, *PROTOCOLS])
def test_shallow_graphs_are_written_by_the_c_pickler(protocol):
    """What pickle can write comes out as pickle.dumps gives it, byte for byte."""
    graph = [Node(Node()), list(range(1001)), {"a": (1, 2.5, b"b")}]
    assert deep.dumps(graph, protocol) == pickle.dumps(graph, protocol)


def test_protocol_defaults_to_pickles():
    """A deep graph without a protocol gets pickle's default one."""
    assert deep.dumps(nest(DEPTH))[:2] == pickle.dumps(None)[:2]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_sharing_survives_at_depth(protocol):
    """Shared objects and cycles deep in the graph are shared and cyclic after it is read."""
    shared = ["shared"]
    bottom = [shared, shared]
    bottom.append(bottom)
    again = pickle.loads(deep.dumps(nest(DEPTH, innermost=bottom), protocol))
    while isinstance(again, Node):
        again = again.next
    assert again[0] == ["shared"]
    assert again[0] is again[1]
    assert again[2] is again


@pytest.mark.parametrize("fix_imports", [True, False])
def test_fix_imports(fix_imports):
    """fix_imports reaches both ways of writing: builtins has its Python 2 name, or not."""
    for graph in (len, nest(DEPTH, innermost=len, wrap=lambda inner: [inner])):
        assert (b"__builtin__" in deep.dumps(graph, 2, fix_imports=fix_imports)) == fix_imports


@pytest.mark.parametrize("depth", [1, DEPTH])
def test_copyreg_reducers(depth, monkeypatch):
    """A class registered with copyreg goes through its reducer, shallow or deep."""

    def reduce(node):
        return Node, (), {"next": node.next, "by": "copyreg"}

    monkeypatch.setitem(copyreg.dispatch_table, Node, reduce)
    again = pickle.loads(deep.dumps(nest(depth)))
    while again is not None:
        assert again.by == "copyreg"
        again = again.next


@pytest.mark.parametrize("base", [pickle.Pickler, pickle._Pickler])
@pytest.mark.parametrize("depth", [1, DEPTH])
def test_hooks_of_the_pickler_class(base, depth):
    """persistent_id, reducer_override and dispatch_table count, shallow or deep."""

    class Hooked(base):
        dispatch_table = {Slotted: lambda obj: (str, ("from the table",))}

        def persistent_id(self, obj):
            return "kept apart" if obj == "apart" else None

        def reducer_override(self, obj):
            return (str, ("overridden",)) if isinstance(obj, ValueError) else NotImplemented

    class Reading(pickle.Unpickler):
        def persistent_load(self, pid):
            return pid

    innermost = ["apart", Slotted(), ValueError()]
    written = deep.dumps(nest(depth, innermost=innermost), pickler_class=Hooked)
    again = Reading(io.BytesIO(written)).load()
    while isinstance(again, Node):
        again = again.next
    assert again == ["kept apart", "from the table", "overridden"]


class Block:
    """Holds bytes that go out of band."""

    def __init__(self, data):
        self.data = data

    def __reduce_ex__(self, protocol):
        return Block, (pickle.PickleBuffer(self.data),)


@pytest.mark.parametrize("in_band", [False, True])
def test_buffer_callback_is_asked_once_for_each_buffer(in_band):
    """Though a deep graph is begun twice, no buffer is given out twice, and all load."""
    blocks = [Block(b"first"), Block(b"second"), Block(b"third")]
    graph = [blocks[0], blocks[1], nest(DEPTH), blocks[2]]
    buffers = []

    def callback(buffer):
        buffers.append(buffer)
        return in_band

    written = deep.dumps(graph, 5, buffer_callback=callback)
    assert [bytes(buffer) for buffer in buffers] == [b"first", b"second", b"third"]
    again = pickle.loads(written, buffers=() if in_band else buffers)
    assert [bytes(again[place].data) for place in (0, 1, 3)] == [b"first", b"second", b"third"]


def test_buffers_that_change_are_refused():
    """A reducer that gives other bytes the second time would put them at the wrong place."""

    class Changing:
        count = 0

        def __reduce_ex__(self, protocol):
            Changing.count += 1
            return bytes, (pickle.PickleBuffer(b"%d" % Changing.count),)

    with pytest.raises(pickle.PicklingError, match="a second time"):
        deep.dumps([Changing(), nest(DEPTH)], 5, buffer_callback=lambda buffer: None)


def test_cloudpickle_at_depth():
    """cloudpickle's pickler reports depth in words of its own; its functions are written too."""

    def by_value():
        return "called"

    def dumps(graph):
        return deep.dumps(graph, pickler_class=cloudpickle.Pickler)

    class Cloud(cloudpickle.Pickler):
        def __init__(self, file, protocol=None, *, fix_imports=True, buffer_callback=None):
            super().__init__(file, protocol, buffer_callback)

    written = deep.dumps(nest(DEPTH, innermost=by_value), pickler_class=Cloud)
    again = pickle.loads(written)
    while isinstance(again, Node):
        again = again.next
    assert again() == "called"


def test_picklers_that_save_their_own_way_are_refused():
    """dill's pickler only works by recursion: shallow graphs are written, deep ones refused."""

    class Dill(dill.Pickler):
        def __init__(self, file, protocol=None, *, fix_imports=True, buffer_callback=None):
            super().__init__(file, protocol, fix_imports=fix_imports)

    assert depth_of(pickle.loads(deep.dumps(nest(3), pickler_class=Dill))) == 3
    with pytest.raises(TooDeepError):
        deep.dumps(nest(DEPTH), pickler_class=Dill)


def test_reducers_that_recurse_are_refused():
    """A reducer that itself pickles what it holds cannot be written: TooDeepError, with cause."""

    class Packed:
        def __init__(self, inner):
            self.inner = inner

        def __reduce__(self):
            return bytes, (pickle.dumps(self.inner),)

    with pytest.raises(TooDeepError) as caught:
        deep.dumps(nest(DEPTH, wrap=Packed))
    assert isinstance(caught.value.__cause__, RecursionError)


@pytest.mark.parametrize("depth", [0, DEPTH])
def test_other_errors_go_through(depth):
    """What cannot be pickled raises what pickle raises, shallow or deep."""
    with pytest.raises(TypeError, match="cannot pickle 'generator'"):
        deep.dumps(nest(depth, innermost=(_ for _ in ())))
