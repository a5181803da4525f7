"""The same small class in each way of versioning it, for ``bench_versioning``."""

from __future__ import annotations

from pickle_migrate import AddField, ConvertField, Lineage, RemoveField, RenameField, versioned


class Plain:
    """Not versioned: what all others are compared with."""

    def __init__(self, number):
        self.number = number
        self.name = "a name"
        self.price = 2.5


@versioned(1)
class Stamped(Plain):
    """Stamped and current; no pickles from before."""


@versioned(2, unstamped=1)
class StampedAndUnstamped(Plain):
    """Stamped and current; pickles from before the decorator are migrated too."""


Lineage(StampedAndUnstamped).upgrade(1, RenameField("title", "name"))


class ByHand(Plain):
    """What the pickle manual proposes: a version in the state, and ``__setstate__``."""

    def __getstate__(self):
        state = self.__dict__.copy()
        state["_version"] = 2
        return state

    def __setstate__(self, state):
        version = state.pop("_version", 1)
        if version < 2 and "title" in state:
            state["name"] = state.pop("title")
        self.__dict__.update(state)


# --- five steps -------------------------------------------------------------------------------
# What each looked like at version 1 stands in bench_versioning. Version 1 has the fields id, title,
# cents, note and legacy; version 6 has number, name, price, note and currency.


class ChainByHand:
    """Five steps in one hand-written ``__setstate__``, the version in the state."""

    def __setstate__(self, state):
        version = state.pop("_version", 1)
        if version < 2:
            state["number"] = state.pop("id")
        if version < 3:
            state["name"] = state.pop("title")
        if version < 4:
            state["price"] = to_price(state.pop("cents"))
        if version < 5:
            state["currency"] = "EUR"
        if version < 6:
            del state["legacy"]
        self.__dict__.update(state)


def to_price(cents):
    return cents / 100


@versioned(6, unstamped=1)
class ChainDeclared:
    """The same five steps, declared."""


(
    Lineage(ChainDeclared)
    .upgrade(1, RenameField("id", "number"))
    .upgrade(2, RenameField("title", "name"))
    .upgrade(3, RenameField("cents", "price"), ConvertField("price", to_price))
    .upgrade(4, AddField("currency", default="EUR"))
    .upgrade(5, RemoveField("legacy"))
)


def step_1(state):
    state["number"] = state.pop("id")


def step_2(state):
    state["name"] = state.pop("title")


def step_3(state):
    state["price"] = to_price(state.pop("cents"))


def step_4(state):
    state["currency"] = "EUR"


def step_5(state):
    del state["legacy"]


STEPS = (step_1, step_2, step_3, step_4, step_5)


@versioned(6, unstamped=1)
class ChainOfFunctions:
    """The same five steps as functions."""


for _version, _step in enumerate(STEPS, 1):
    Lineage(ChainOfFunctions).upgrade(_version, _step)


class FunctionsByHand:
    """The same five functions, called by a hand-written ``__setstate__``."""

    def __setstate__(self, state):
        version = state.pop("_version", 1)
        for step in STEPS[version - 1 :]:
            step(state)
        self.__dict__.update(state)
