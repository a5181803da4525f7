"""Expressions that a person types: what they may name, what is told of wrong ones."""

import decimal

import pytest

from pickle_migrate.make.expressions import WrongExpression, parse
from pickle_migrate.make.layout import Import


def celsius(value):
    return value


MODULE = {"__name__": "shop.models", "celsius": celsius, "decimal": decimal, "RATE": 2}


@pytest.mark.parametrize(
    ("text", "source", "names", "is_function"),
    [
        ("'EUR'", '"EUR"', set(), False),
        ("price*2", "price * 2", {"price"}, False),
        ("Decimal(price)", "Decimal(price)", {"price"}, False),
        ("int", "int", set(), True),
        ("str.upper", "str.upper", set(), True),
        ("lambda x: x", "lambda x: x", set(), True),
        ("[n for n in price]", "[n for n in price]", {"price"}, False),
        ("decimal.Decimal", "decimal.Decimal", set(), True),
        ("price * RATE", "price * RATE", {"price"}, False),
        ("shop.units:celsius", "celsius", set(), True),
    ],
)
def test_what_is_taken(text, source, names, is_function):
    """Values, expressions of the field, and functions."""
    found = parse(text, MODULE, ["price"])
    assert (found.source.text, found.names, found.is_function) == (source, names, is_function)


@pytest.mark.parametrize(
    ("text", "imports"),
    [
        ("Decimal(1)", {Import("decimal", "Decimal")}),
        ("decimal.Decimal(1)", {Import("decimal")}),
        ("RATE", {Import("shop.models", "RATE")}),
        ("json.loads('1')", {Import("json")}),
        ("shop.units:celsius", {Import("shop.units", "celsius")}),
        ("len('1')", set()),
    ],
)
def test_what_has_to_be_imported(text, imports):
    """From the module of the class, from the standard library, or from where it is said to be."""
    assert parse(text, MODULE).source.imports == imports


@pytest.mark.parametrize(
    ("text", "part"),
    [("1 +", "is no expression"), ("x = 1", "is no expression"), ("nowhere", "'nowhere' is not")],
)
def test_what_is_refused(text, part):
    """With the reason."""
    with pytest.raises(WrongExpression, match=part):
        parse(text, MODULE)
