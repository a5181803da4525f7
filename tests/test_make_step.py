"""One step as source."""

import pytest

from pickle_migrate.make.drafting import docstring_of, line_of, slug, with_free_names
from pickle_migrate.make.layout import Code, Import, call
from pickle_migrate.make.matching import Moved
from pickle_migrate.make.sources import Spelled
from pickle_migrate.make.step import FunctionText, Step, variable_of
from pickle_migrate.refs import GlobalRef

ORDER = GlobalRef("shop.models", "Order")
CONVERT = Spelled(
    call("ConvertField", '"a"', "order_a"), frozenset({Import("pickle_migrate", "ConvertField")})
)
FUNCTION = FunctionText(
    "order_a",
    ("a",),
    "Order.a.",
    Code("Kind(a)"),
    frozenset({Import("shop.kinds", "Kind")}),
)


def text(step, **options):
    return "\n\n".join(step.written("shop", **options).blocks)


def test_one_call_is_a_chain():
    """As a person would write it."""
    assert text(Step(ORDER, 1, 2)) == 'Lineage("shop.models:Order").upgrade(1)'
    assert text(Step(ORDER, 1, 4)) == 'Lineage("shop.models:Order").upgrade(1, to=4)'


def test_several_calls_have_a_variable():
    """Which is not a name that is taken."""
    step = Step(ORDER, 2, 3, order=("a", "b"), old_name="m:Old", until=2)
    lines = [
        'order = Lineage("shop.models:Order")',
        'order.renamed_from("m:Old", until=2)',
        'order.fields(2, "a", "b")',
        "order.upgrade(2)",
    ]
    assert text(step) == "\n".join(lines)
    assert text(step, taken=frozenset({"order"})).startswith("order_lineage = Lineage(")


def test_functions_stand_above_with_imports_of_the_project_in_them():
    """Such a module may be gone one day."""
    step = Step(ORDER, 1, 2, (CONVERT,), (FUNCTION,))
    assert text(step) == (
        "def order_a(a):\n"
        '    """Order.a."""\n'
        "    from shop.kinds import Kind\n"
        "\n"
        "    return Kind(a)\n"
        "\n"
        'Lineage("shop.models:Order").upgrade(1, ConvertField("a", order_a))'
    )
    names = {one.name for one in step.written("shop").imports}
    assert names == {"ConvertField", "Lineage"}


def test_names_that_are_taken_get_a_number():
    """In the function and where it is used."""
    step = with_free_names(Step(ORDER, 1, 2, (CONVERT,), (FUNCTION,)), frozenset({"order_a"}))
    assert "def order_a_1(a):" in text(step)
    assert 'ConvertField("a", order_a_1)' in text(step)


@pytest.mark.parametrize(
    ("name", "variable"),
    [
        ("Order", "order"),
        ("RainReading", "rain_reading"),
        ("HTTPServer", "http_server"),
        ("_Private", "private"),
        ("Class", "class_"),
        ("Outer.Inner", "inner"),
        ("X2Y", "x2_y"),
    ],
)
def test_variables(name, variable):
    """In lower case with underscores, and no keyword."""
    assert variable_of(GlobalRef("m", name)) == variable


def test_words_of_modules():
    """One class: a line. Several: a line each."""
    one = Step(ORDER, 1, 2, words=("a is called b now", "c is new"))
    two = Step(GlobalRef("m", "Gift"), None, old_name="m:Old")
    assert line_of(one) == "Order 1 to 2: a is called b now; c is new"
    assert docstring_of([one]) == "Order 1 to 2: a is called b now; c is new."
    assert docstring_of([one, two]).splitlines()[-1] == "- Gift was m:Old."
    assert docstring_of([], [Moved("old", "new")]) == "old is called new now."
    assert (slug([one]), slug([one, two])) == ("order_b", "order_gift")
    assert slug([], [Moved("old", "new.pkg")]) == "new_pkg"
