"""What a chain of migrations costs by itself: ``python tests/benchmarks/bench_chain.py [states]``.

Ratios to hand-written code that does the same to the same dicts, measured in turn in one run. Plain
hand-written code changes the dict that it gets, asks nothing, and would overwrite what is there.
The compiled chain leaves the given dict alone and asks for each field first; so does the
hand-written code "with care". What whole loads cost is measured by ``bench_versioning``.
"""

from __future__ import annotations

import pickle
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from ratios import heading, ratio, row

from pickle_migrate import AddField, ConvertField, RemoveField, RenameField, SplitField
from pickle_migrate.compiler import compile_chain
from pickle_migrate.migration import Migration

ROUNDS = 15
STATE = {"qty": 3, "price": 2.5, "name": "Ann Lee", "legacy": None, "id": 7}


def to_cents(price):
    return price * 100


def first_and_last(name):
    return name[:3], name[4:]


STEPS = (
    RenameField("qty", "quantity"),
    AddField("currency", default="EUR"),
    ConvertField("price", to_cents),
    SplitField("name", ("first", "last"), first_and_last),
    RemoveField("legacy"),
)


def by_hand(state):
    """The five steps in the way of a hand-written ``__setstate__``."""
    version = state.pop("_version", 1)
    if version < 2:
        state["quantity"] = state.pop("qty")
    if version < 3:
        state["currency"] = "EUR"
    if version < 4:
        state["price"] = to_cents(state["price"])
    if version < 5:
        state["first"], state["last"] = first_and_last(state.pop("name"))
    if version < 6:
        del state["legacy"]
    return state


def by_hand_with_care(state):
    """The same under the rules of the operations: a shared state is not changed, and no value is
    overwritten unseen.
    """
    state = dict(state)
    version = state.pop("_version", 1)
    if version < 2:
        if "quantity" in state:
            raise ValueError("quantity")
        state["quantity"] = state.pop("qty")
    if version < 3:
        if "currency" in state:
            raise ValueError("currency")
        state["currency"] = "EUR"
    if version < 4:
        state["price"] = to_cents(state["price"])
    if version < 5:
        if "first" in state or "last" in state:
            raise ValueError("first, last")
        first, last = first_and_last(state.pop("name"))
        state["first"], state["last"] = first, last
    if version < 6:
        del state["legacy"]
    return state


def rename_qty(state):
    state["quantity"] = state.pop("qty")


def add_currency(state):
    state["currency"] = "EUR"


def convert_price(state):
    state["price"] = to_cents(state["price"])


def split_name(state):
    state["first"], state["last"] = first_and_last(state.pop("name"))


def remove_legacy(state):
    del state["legacy"]


FUNCTIONS = (rename_qty, add_currency, convert_price, split_name, remove_legacy)


def functions_by_hand(state):
    """The five functions called in a loop, as a hand-written ``__setstate__`` would."""
    for function in FUNCTIONS:
        result = function(state)
        if result is not None:
            state = result
    return state


def over(function, count):
    """An action that gives ``count`` states to a function, new ones each time.

    They come out of a pickle, so that their keys are the strings that a pickle gives.
    """
    data = pickle.dumps([dict(STATE) for _ in range(count)])
    fresh = [pickle.loads(data) for _ in range(ROUNDS + 1)]
    return lambda: [function(state) for state in fresh.pop()]


def compare(label, function, baseline, count, bar=None):
    row(label, ratio(over(function, count), over(baseline, count), ROUNDS), bar)


def main(count):
    steps = [Migration("shop.models:Order", n, step) for n, step in enumerate(STEPS, 1)]
    chain = compile_chain(steps)
    functions = compile_chain(
        [Migration("shop.models:Order", n, function) for n, function in enumerate(FUNCTIONS, 1)]
    )

    def one_by_one(state):
        for step in steps:
            state = step.apply(state)
        return state

    heading(f"five steps on {count:,} dicts of five fields")
    compare("declared / by hand", chain, by_hand, count)
    compare("declared / by hand with care", chain, by_hand_with_care, count)
    compare("declared, not compiled / by hand", one_by_one, by_hand, count)
    compare("five functions / the same called in a loop", functions, functions_by_hand, count, 1.05)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
