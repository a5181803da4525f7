"""Limits: what has one by default, and what none."""

import attrs

from pickle_migrate.limits import NO_LIMITS, Limits


def test_what_grows_with_honest_data_has_no_limit():
    """Large is not hostile."""
    limits = Limits()
    assert {f.name for f in attrs.fields(Limits) if getattr(limits, f.name) is None} == {
        "size",
        "opcodes",
        "item",
        "expansion",
    }


def test_no_limits():
    """Every limit can be taken away."""
    assert set(attrs.astuple(NO_LIMITS)) == {None}


def test_each_limit_says_where_it_comes_from():
    """The docstring has each field."""
    assert all(f"``{f.name}``" in (Limits.__doc__ or "") for f in attrs.fields(Limits))
