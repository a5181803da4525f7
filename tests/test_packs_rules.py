"""How packs say their rules: fields that are set, renamed or gone, objects that are made anew."""

import pickle

from pickle_migrate import shims
from pickle_migrate.foreign.rewriting import rewritten
from pickle_migrate.foreign.wanted import Wanted
from pickle_migrate.packs.rules import GONE, Rules, missing, renamed, revalued
from pickle_migrate.registry import Registry
from pickle_migrate.scanner import scan_all


def upgraded(rules, data):
    registry = Registry()
    rules.declare(registry)
    return rewritten(data, scan_all(data, locate=True).pickles, Wanted(registry))


def pickled(state, times=1):
    """Bytes with objects of a class that is not there."""
    graph = shims.loads(pickle.dumps(None))
    cls = graph.ref_class("lib.models:Model")
    made = []
    for _ in range(times):
        one = cls.__new__(cls)
        one.state = dict(state)
        made.append(one)
    graph.root = made
    return shims.dumps(graph)


def states(data):
    return [one.state for one in shims.loads(data).root]


def test_fields_are_set_in_the_order_of_the_rules_in_every_object():
    """A later rule sees what an earlier one set; several objects of one pickle are all changed."""
    rules = Rules()
    rules.of("lib.models:Model")(renamed(estimator="base"))
    rules.of("lib.models:Model")(missing({"estimator": None, "clip": False}))
    rules.of("lib.models:Model")(revalued("loss", ls="squared_error"))
    new = upgraded(rules, pickled({"base": 3, "loss": "ls"}, times=2))
    assert states(new.data) == 2 * [
        {"base": 3, "loss": "squared_error", "estimator": 3, "clip": False}
    ]


def test_nothing_is_done_twice():
    """What a rule made is current: the version is told by what the state lacks."""
    rules = Rules()
    rules.of("lib.models:Model")(missing({"clip": False}))
    new = upgraded(rules, pickled({}))
    assert upgraded(rules, new.data) is None


def test_a_field_goes():
    """A field whose value has no class any more is taken out."""
    rules = Rules()

    @rules.of("lib.models:Model")
    def _(view, state):
        yield "old", GONE

    assert states(upgraded(rules, pickled({"old": 1, "kept": 2})).data) == [{"kept": 2}]
    assert upgraded(rules, pickled({"kept": 2})) is None


def test_an_object_is_made_anew_where_it_is_needed():
    """Its fields are set first; the others stay as they are."""
    rules = Rules()
    rules.of("lib.models:Model")(missing({"clip": False}))
    rules.anew(
        lambda view: view.make("lib.models:Other", view.state["clip"]),
        "lib.models:Model",
        needed=lambda view: view.fields.get("kind") == "other",
    )
    (found,) = shims.loads(upgraded(rules, pickled({"kind": "other"})).data).root
    assert (str(found.ref), found.args) == ("lib.models:Other", (False,))
    (found,) = shims.loads(upgraded(rules, pickled({"kind": "same"})).data).root
    assert str(found.ref) == "lib.models:Model"


def test_a_state_that_is_no_dict_is_left_alone():
    """Rules for fields are for fields."""
    rules = Rules()
    rules.of("lib.models:Model")(missing({"clip": False}))
    graph = shims.loads(pickled({}))
    graph.root[0].state = (1, 2)
    assert upgraded(rules, shims.dumps(graph)) is None
