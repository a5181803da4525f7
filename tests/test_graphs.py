"""Two graphs are equal if their objects correspond one to one, whatever their classes say."""

import collections
import copy
import gc
import itertools
import pickle
import random
import subprocess
import sys
import textwrap
import threading

import attrs
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from pickle_migrate.graphs import Difference, differences, same


class Node:
    def __init__(self, **fields):
        self.__dict__.update(fields)


class Equal:
    """Says that it equals everything."""

    def __init__(self, value):
        self.value = value

    def __eq__(self, other):
        return True

    def __hash__(self):
        return 1

    def __repr__(self):
        raise AssertionError("must not be called")


class Hostile:
    """Raises in whatever a comparison might call."""

    def __init__(self, value):
        object.__setattr__(self, "value", value)

    def refuse(self, *args, **kwargs):
        raise AssertionError("must not be called")

    __eq__ = __ne__ = __repr__ = __str__ = __bool__ = __len__ = __iter__ = __getattr__ = refuse
    __getitem__ = __contains__ = __format__ = __dir__ = __setattr__ = __lt__ = __index__ = refuse
    __hash__ = object.__hash__


def only(left, right):
    """The one difference of two graphs."""
    (found,) = differences(left, right)
    return found


# --- what a difference says ---------------------------------------------------------------------


def test_path_leads_to_the_difference():
    """A path is what Python code would write to get there."""
    graph = [0, 1, 2, Node(customer=Node(name="Ann", orders=({"a b": [1]},)))]
    other = copy.deepcopy(graph)
    other[3].customer.name = "Bob"
    assert only(graph, other) == Difference("[3].customer.name", "'Ann'", "'Bob'", "value")
    other = copy.deepcopy(graph)
    other[3].customer.orders[0]["a b"][0] = 2
    assert only(graph, other).path == "[3].customer.orders[0]['a b'][0]"


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        (1, 2, ("", "1", "2", "value")),
        (1, True, ("", "int 1", "bool True", "type")),
        ([1], (1,), ("", "list list of 1", "tuple tuple of 1", "type")),
        ([1], [1, 2], ("", "1 elements", "2", "length")),
        ({"a": 1}, {}, ("['a']", "1", "", "missing")),
        ({}, {"a": 1}, ("['a']", "", "1", "extra")),
        (Node(a=1), Node(), (".a", "1", "", "missing")),
        (Node(), Node(a=None), (".a", "", "None", "extra")),
        ({1}, {2}, None),
        (Node(**{"not a name": 1}), Node(), (".'not a name'", "1", "", "missing")),
    ],
)
def test_kinds(left, right, expected):
    """Each kind of difference names the place and both sides."""
    found = differences(left, right)
    if expected is None:
        assert [attrs.astuple(one) for one in found] == [
            ("{1}", "1", "", "missing"),
            ("{2}", "", "2", "extra"),
        ]
    else:
        assert [attrs.astuple(one) for one in found] == [expected]


def test_a_difference_reads_as_a_line():
    """str() of a difference is one line for a report."""
    assert str(only([Node(a=1)], [Node(a=2)])) == "[0].a: value: 1 | 2"
    assert str(only(1, 2)) == "the object itself: value: 1 | 2"
    assert str(only({"a": 1}, {})) == "['a']: missing: 1 | nothing"


def test_texts_are_short_and_plain():
    """Long values are cut, control characters escaped, and nothing else reaches a terminal."""
    wild = {"\x1b[31m\u202e" + "k" * 500: "\x07" + "v" * 10_000, "n": 10**9_000}
    other = dict.fromkeys(wild, 0)
    for found in differences(Node(**wild), Node(**other)):
        assert str(found).isprintable()
        assert len(str(found)) < 400


def test_deep_paths_are_cut():
    """A path of 1,000 steps shows its two ends."""
    left = right = None
    for number in range(1_000):
        left, right = Node(next=left, number=number), Node(next=right, number=abs(number - 1))
    found = differences(left, right, limit=1_000)
    assert found[0].path == ".number"
    assert found[-1].path.startswith(".next.next")
    assert found[-1].path.endswith(".next.number")
    assert max(len(one.path) for one in found) < 250


def test_limit():
    """At most ``limit`` differences are given, the first ones met; below 1 is refused."""
    left, right = list(range(100)), list(range(1, 101))
    assert len(differences(left, right)) == 20
    assert [one.path for one in differences(left, right, limit=2)] == ["[0]", "[1]"]
    with pytest.raises(ValueError, match="at least 1"):
        differences(1, 1, limit=0)


# --- user code ----------------------------------------------------------------------------------


def test_equality_of_the_class_is_not_asked():
    """A class that calls everything equal hides nothing, as a value, a member or a key."""
    assert only(Equal(1), Equal(2)).path == ".value"
    assert not same({Equal(1)}, {Equal(2)})
    assert not same({Equal(1): 1}, {Equal(2): 1})
    assert not same({1: Equal(1)}, {1: Equal(2)})
    assert same({Equal(1)}, {Equal(1)})


def test_no_method_of_a_class_is_called():
    """Objects that raise in every special method are compared all the same."""
    assert same([Hostile(1)], [Hostile(1)])
    assert only([Hostile(1)], [Hostile(2)]).path == "[0].value"
    assert same({Hostile(1)}, {Hostile(1)})
    assert same({Hostile(1): Hostile(2)}, {Hostile(1): Hostile(2)})
    assert not same({Hostile(1), Hostile(2)}, {Hostile(1), Hostile(3)})


def test_metaclasses_are_not_asked():
    """A metaclass with its own equality, hash, __mro__ and attribute lookup changes nothing."""

    class Meta(type):
        def __eq__(cls, other):
            raise AssertionError("must not be called")

        def __getattribute__(cls, name):
            raise AssertionError("must not be called")

    class Ruled(metaclass=Meta):
        pass

    left, right = object.__new__(Ruled), object.__new__(Ruled)
    object.__getattribute__(left, "__dict__")["a"] = 1
    object.__getattribute__(right, "__dict__")["a"] = 2
    assert [one.path for one in differences([left], [right])] == ["[0].a"]


@pytest.mark.parametrize("error", [ValueError("no"), RecursionError(), KeyError(1), AttributeError])
def test_reducers_that_raise(error):
    """A reducer that raises gives a difference that says so; the rest is compared."""

    class Raising:
        def __reduce__(self):
            raise error

    found = differences([Raising(), 1], [Raising(), 2])
    assert [(one.path, one.kind) for one in found] == [("[1]", "value"), ("[0]", "unreadable")]
    name = error.__name__ if isinstance(error, type) else type(error).__name__
    assert name in found[1].left


@pytest.mark.parametrize("given", [5, (1,), None, (list, (), None, None, None, None, None)])
def test_reducers_that_give_nonsense(given):
    """What no pickler would take is unreadable."""

    class Odd:
        def __reduce_ex__(self, protocol):
            return given

    assert only(Odd(), Odd()).kind == "unreadable"


def test_interrupts_go_through():
    """KeyboardInterrupt in a reducer is no difference."""

    class Struck:
        def __reduce__(self):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        differences(Struck(), Struck())


# --- sharing and cycles -------------------------------------------------------------------------


def test_sharing_is_seen_from_both_sides():
    """One list in two places is not two equal lists."""
    shared = [1]
    one, two = [shared, shared], [[1], [1]]
    found = only(one, two)
    assert (found.path, found.kind) == ("[1]", "sharing")
    assert found.left == "list of 1, also at [0]"
    assert found.right == "list of 1, new here"
    assert only(two, one).kind == "sharing"
    assert same(one, [shared, shared])


def test_crossed_sharing():
    """Two objects that changed places in one graph only are seen."""
    a, b, c, d = Node(v=1), Node(v=1), Node(v=1), Node(v=1)
    assert same([a, b, a, b], [c, d, c, d])
    assert not same([a, b, a, b], [c, d, d, c])


def test_sharing_inside_tuples():
    """Tuples may be shared or not; what can change inside them may not."""
    inner = [1]
    pair = (inner, 2)
    assert same([pair, pair], [(inner, 2), (inner, 2)])
    assert not same([pair, pair], [([1], 2), ([1], 2)])


def test_objects_that_are_in_both_graphs():
    """An object that both graphs hold corresponds to itself and to nothing else."""
    shared = Node(child=Node(v=1))
    assert same([shared, shared.child], [shared, shared.child])
    assert not same([shared, shared.child], [shared, Node(v=1)])
    kept = [1]
    pair = (kept,)
    assert not same([pair, kept], [pair, [1]])
    assert not same([pair, [1]], [pair, kept])


@pytest.mark.parametrize("value", ["a" * 50, 10**30, 2.5, b"x" * 50, (1, (2,)), frozenset([1])])
def test_identity_of_immutables_does_not_matter(value):
    """Whether an immutable is shared cannot be told, and is not."""
    again = pickle.loads(pickle.dumps(value))
    assert same([value, value], [value, again])


def test_values_made_by_reducers_may_be_shared():
    """Dates, decimals and the like may be shared or not, for some are interned when they load."""
    import datetime
    import decimal
    import re

    for make in (
        lambda: datetime.date(2024, 1, 1),
        lambda: decimal.Decimal("1.5"),
        lambda: re.compile("a" + "b"),
    ):
        one = make()
        assert same([one, one], [make(), make()])


def test_cycles_of_one_shape():
    """Cycles are walked once and must close at the same places."""

    def ring(size):
        nodes = [Node(number=0) for _ in range(size)]
        for left, right in itertools.pairwise([*nodes, nodes[0]]):
            left.next = right
        return nodes[0]

    assert same(ring(3), ring(3))
    assert not same(ring(3), ring(4))
    assert not same(ring(6), ring(3))
    itself = []
    itself.append(itself)
    other = [[]]
    other[0].append(other)
    assert not same(itself, other)
    assert same(other, copy.deepcopy(other))


def test_tuple_that_holds_itself():
    """A tuple that leads back to itself through a list."""

    def make():
        inner = []
        outer = (inner, 1)
        inner.append(outer)
        return outer

    assert same(make(), make())
    assert same(make(), pickle.loads(pickle.dumps(make())))


# --- dicts and sets -----------------------------------------------------------------------------


def test_order_of_dicts_does_not_count():
    """Dicts are compared by keys, whatever their order, also keys that are tuples or objects."""
    left = {"a": [1], "b": [2], (1, 2): [3], (1, (2, Node(v=1))): [4]}
    right = dict(reversed(copy.deepcopy(left).items()))
    assert same(left, right)
    right["a"] = [5]
    assert only(left, right).path == "['a'][0]"


def test_order_of_ordered_dicts_counts():
    """An OrderedDict whose keys stand in another order differs, after move_to_end too."""
    left, right = (collections.OrderedDict(a=1, b=2) for _ in range(2))
    assert same(left, right)
    right.move_to_end("a")
    assert attrs.astuple(only(left, right)) == ("", "'a'", "'b'", "order")


def test_key_types():
    """Keys that are equal to == but of another type or sign are other keys."""
    for left, right in [(1, True), (1, 1.0), (0.0, -0.0), ("a", b"a"), ((1,), (True,))]:
        assert not same({left: 0}, {right: 0})
        assert not same({left}, {right})
    nan = float("nan")
    assert same({nan: 1}, {float("nan"): 1})


def test_objects_as_keys():
    """Keys whose equality is identity are found by what they are, in any order."""
    left = {Node(name=name): [name] for name in "abcdef"}
    right = {Node(name=name): [name] for name in "fbdeca"}
    assert same(left, right)
    next(iter(right.values())).append(1)
    assert [one.kind for one in differences(left, right)] == ["length"]


def test_objects_in_sets():
    """Members of a set are found by what they are, and a change inside one is found there."""
    left = {Node(name=name, tags=["x"]) for name in "abcdef"}
    right = {Node(name=name, tags=["x"]) for name in "fedcba"}
    assert same(left, right)
    next(node for node in right if node.name == "c").tags[0] = "y"
    found = only(left, right)
    assert (found.path, found.left, found.right) == ("{Node object}.tags[0]", "'x'", "'y'")


def test_members_that_only_their_holders_tell_apart():
    """Equal members that other places hold correspond as those places say."""

    def make(order):
        nodes = [Node() for _ in range(6)]
        holder = {"set": set(), "list": nodes, "pair": frozenset([nodes[0], nodes[3]])}
        for place in order:
            holder["set"].add(nodes[place])
        return holder

    assert same(make([0, 1, 2]), make([2, 1, 0]))
    assert not same(make([0, 1, 2]), make([0, 1, 3]))


def test_members_that_only_other_sets_tell_apart():
    """Two sets that overlap in one member, though no member has anything of its own."""

    def make(order):
        nodes = [Node() for _ in range(3)]
        sets = [{nodes[0], nodes[1]}, {nodes[1], nodes[2]}]
        return [sets[place] for place in order]

    assert same(make([0, 1]), make([1, 0]))
    apart = [{Node(), Node()}, {Node(), Node()}]
    assert not same(make([0, 1]), apart)


def test_sets_in_sets_and_tuples():
    """Frozensets of tuples of objects, deep in one another."""

    def make():
        nodes = [Node(v=number) for number in range(4)]
        return {frozenset([(node, frozenset([other]))]) for node in nodes for other in nodes}, nodes

    assert same(make(), make())


def test_symmetric_members():
    """A ring of nodes that nothing tells apart, neighbours in sets: any turn of it is equal."""

    def ring(size, seed):
        nodes = [Node() for _ in range(size)]
        random.Random(seed).shuffle(nodes)
        for place, node in enumerate(nodes):
            node.near = {nodes[place - 1], nodes[(place + 1) % size]}
        return {"all": set(nodes)}

    assert same(ring(12, 1), ring(12, 2))
    two = ring(6, 1)
    two["all"] |= ring(6, 2)["all"]
    assert not same(ring(12, 1), two)


def test_choices_that_must_be_taken_back():
    """Rings of 6, 3 and 3 nodes: colours take the rings for one another, and trying does not."""

    def rings(seed, *sizes):
        nodes = [Node() for _ in range(sum(sizes))]
        random.Random(seed).shuffle(nodes)
        left = iter(nodes)
        for size in sizes:
            ring = [next(left) for _ in range(size)]
            for place, node in enumerate(ring):
                node.near = {ring[place - 1], ring[(place + 1) % size]}
        return set(nodes)

    for seed in range(5):
        assert same(rings(seed, 6, 3, 3), rings(seed + 1, 3, 6, 3))
        assert not same(rings(seed, 6, 3, 3), rings(seed + 1, 6, 6))


def test_many_alike_members():
    """A set of many objects that nothing tells apart is compared in linear time."""
    make = lambda: {Node() for _ in range(5_000)}  # noqa: E731
    assert same(make(), make())
    assert not same(make(), make() | {Node()})


@pytest.mark.parametrize("seed", [*range(40), 214, 215, 413, 426, 935, 1837, 2120, 2283])
def test_random_graphs_of_sets(seed):
    """Graphs of objects that hold one another in sets, dicts, tuples: equal to any copy of them.

    The copy has other addresses, and so another order of everything that has no order.
    """
    dice = random.Random(seed)

    def make(seed):
        inner = random.Random(seed)
        nodes = [Node() for _ in range(inner.randint(2, 12))]
        for node in nodes:
            pick = lambda: inner.choice(nodes)  # noqa: E731
            form = inner.randrange(5)
            if form == 0:
                node.held = {pick() for _ in range(inner.randint(0, 4))}
            elif form == 1:
                node.held = {pick(): pick() for _ in range(inner.randint(0, 4))}
            elif form == 2:
                node.held = frozenset((pick(), inner.randrange(2)) for _ in range(3))
            elif form == 3:
                node.held = [pick(), {pick()}]
        return nodes, {nodes[0], nodes[-1]}

    _nodes, root = make(seed)
    twin_nodes, twin = make(seed)
    assert differences(root, twin) == ()
    assert differences(root, pickle.loads(pickle.dumps(root))) == ()
    reached = [node for node in twin_nodes if node in _reachable(twin)]
    changed = dice.choice(reached)
    changed.extra = 1
    assert differences(root, twin) != ()


def _reachable(root):
    seen, waiting = {}, [root]
    while waiting:
        obj = waiting.pop()
        if id(obj) not in seen and isinstance(obj, Node | set | frozenset | dict | list | tuple):
            seen[id(obj)] = obj
            waiting += gc.get_referents(obj)
            if isinstance(obj, Node):
                waiting += obj.__dict__.values()
    return [obj for obj in seen.values() if isinstance(obj, Node)]


# --- size ---------------------------------------------------------------------------------------


def test_deep_graphs():
    """A linked list of 100,000 nodes and deep containers are compared without recursion."""
    script = """
        from pickle_migrate.graphs import differences, same

        class Node:
            pass

        def chain(size, last=None):
            head = last
            for number in range(size):
                node = Node()
                node.next, node.number = head, number
                head = node
            return head

        def nest(size, wrap, inner=None):
            for _ in range(size):
                inner = wrap(inner)
            return inner

        assert same(chain(100_000), chain(100_000))
        (found,) = differences(chain(100_000), chain(100_000, last=1))
        assert found.kind == "type", found
        for wrap in (
            lambda inner: [inner],
            lambda inner: (inner,),
            lambda inner: {"k": inner},
            lambda inner: frozenset([inner]),
            lambda inner: {Node(): inner},
        ):
            assert same(nest(100_000, wrap), nest(100_000, wrap)), wrap(1)
            assert not same(nest(100_000, wrap), nest(100_000, wrap, 1)), wrap(1)
        # Two keys that only their values tell apart, at each of 2,000 levels.
        two = lambda inner: {Node(): inner, Node(): 0}
        assert same(nest(2_000, two), nest(2_000, two))
        assert not same(nest(2_000, two), nest(2_000, two, 1))
        print("done")
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        capture_output=True,
        text=True,
        timeout=570,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr[-2000:]


def test_sharing_without_end_is_walked_once():
    """Tuples that hold each other many times over (3 to the power of 200 paths) are no work."""

    def laugh(inner):
        for _ in range(200):
            inner = (inner, inner, inner)
        return inner

    assert same(laugh([]), laugh([]))
    assert not same(laugh(1), laugh(2))
    unshared = laugh(())
    assert same(unshared, pickle.loads(pickle.dumps(unshared)))


def test_large_objects_that_are_shared_are_read_once():
    """An object with many fields that is held many times costs its fields once."""
    reads = []

    class Counted:
        def __reduce__(self):
            reads.append(self)
            return Counted, ()

    def make():
        return [Counted()] * 1000

    assert same(make(), make())
    assert len(reads) == 2


# --- laws ---------------------------------------------------------------------------------------

atoms = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.complex_numbers(),
    st.text(max_size=4),
    st.binary(max_size=4),
    st.dates(),
    st.decimals(allow_nan=False),
    st.fractions(),
)
keys = st.one_of(
    st.integers(-2, 2),
    st.booleans(),
    st.floats(),
    st.text(max_size=2),
    st.tuples(st.integers(0, 3)),
)


def containers(inner):
    return st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.lists(inner, max_size=4).map(collections.deque),
        st.dictionaries(keys, inner, max_size=4),
        st.sets(keys, max_size=4),
        st.frozensets(keys, max_size=4),
        st.dictionaries(st.sampled_from("abc"), inner, max_size=3).map(lambda kept: Node(**kept)),
        st.lists(inner, max_size=3).map(lambda held: {Node(v=one) for one in held}),
        st.lists(inner, max_size=3).map(lambda held: {Node(v=one): one for one in held}),
        inner.map(lambda shared: [shared, Node(a=shared)]),
        st.lists(inner, min_size=1, max_size=3).map(knot),
    )


def knot(held):
    """A list that is held by an object that it holds."""
    held.append(Node(holder=held))
    return held


graphs = st.recursive(atoms, containers, max_leaves=25)


@given(graphs, st.sampled_from(range(2, pickle.HIGHEST_PROTOCOL + 1)))
def test_law_of_the_round_trip(graph, protocol):
    """What pickle writes and reads again has no differences, in either direction."""
    again = pickle.loads(pickle.dumps(graph, protocol))
    assert differences(graph, again) == ()
    assert differences(again, graph) == ()


@given(graphs)
def test_law_of_identity(graph):
    """A graph equals itself."""
    assert differences(graph, graph) == ()


def places(graph):
    """All places where something in a graph can be changed, as functions that change it."""
    found, seen, waiting = [], {}, [graph]
    while waiting:
        obj = waiting.pop()
        if id(obj) in seen:
            continue
        seen[id(obj)] = obj
        if isinstance(obj, list | collections.deque):
            found += [(obj, "item", place) for place in range(len(obj))]
            found += [(obj, "append", None)]
            waiting += obj
        elif isinstance(obj, dict):
            found += [(obj, "item", key) for key in obj]
            found += [(obj, "delete", key) for key in obj]
            waiting += [*obj.keys(), *obj.values()]
        elif isinstance(obj, set):
            found += [(obj, "add", None)]
            found += [(obj, "remove", one) for one in obj]
            waiting += obj
        elif isinstance(obj, tuple | frozenset):
            waiting += obj
        elif isinstance(obj, Node):
            found += [(obj.__dict__, "item", name) for name in vars(obj)]
            found += [(obj.__dict__, "item", "new")]
            waiting += vars(obj).values()
    return found


def change(obj, how, place):
    new = Node(marker="changed")
    if how == "item":
        obj[place] = new
    elif how == "append":
        obj.append(new)
    elif how == "delete":
        del obj[place]
    elif how == "add":
        obj.add(new)
    else:
        obj.remove(place)


@settings(suppress_health_check=[HealthCheck.filter_too_much])
@given(graphs, st.data())
def test_law_of_mutation(graph, data):
    """Any single change of a graph is seen."""
    again = pickle.loads(pickle.dumps(graph))
    changes = places(again)
    assume(changes)
    change(*data.draw(st.sampled_from(range(len(changes))).map(changes.__getitem__)))
    assert differences(graph, again) != ()
    assert not same(again, graph)


@settings(suppress_health_check=[HealthCheck.filter_too_much])
@given(graphs, st.data())
def test_law_of_aliasing(graph, data):
    """Putting an equal copy in place of something that is shared is seen, if it can change."""
    again = pickle.loads(pickle.dumps([graph, graph]))
    assume(isinstance(graph, list | dict | set | Node | collections.deque))
    again[1] = copy.deepcopy(again[1])
    assert {one.kind for one in differences([graph, graph], again)} >= {"sharing"}


def test_threads():
    """Comparisons in several threads do not disturb one another."""
    graph = [{Node(v=number): {Node(w=number)}} for number in range(200)]
    data = pickle.dumps(graph)
    results = []

    def work():
        results.append(differences(graph, pickle.loads(data)))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [()] * 4
