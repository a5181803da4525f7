"""Versions in source code: found as people write them, and edited where they stand."""

import textwrap

import pytest

from pickle_migrate.lock.numbers_in_source import numbers_of, renumbered
from pickle_migrate.refs import GlobalRef

ORDER = GlobalRef("shop.models", "Order")
IMPORTS = "from pickle_migrate import Lineage, RenameField, migrates, versioned\n"


def _found(source, module="shop.steps", ref=ORDER):
    text = IMPORTS + textwrap.dedent(source)
    return [(one.kind, one.value) for one in numbers_of(text, module, ref)]


SPELLED = {
    "a lineage": ('Lineage("shop.models:Order").upgrade(1, RenameField("a", "b"))', [("step", 1)]),
    "by keyword": ('Lineage("shop.models:Order").upgrade(version=1)', [("step", 1)]),
    "the target by keyword": ('Lineage(target="shop.models:Order").upgrade(1)', [("step", 1)]),
    "a chain": (
        'Lineage("shop.models:Order").fields(1, "a").upgrade(1).upgrade(2)',
        [("state", 1), ("step", 1), ("step", 2)],
    ),
    "over lines": (
        '(\n    Lineage("shop.models:Order")\n    .upgrade(\n        7,\n    )\n)',
        [("step", 7)],
    ),
    "a name": ('order = Lineage("shop.models:Order")\norder.upgrade(1)\n', [("step", 1)]),
    "a name for a chain": (
        'order = Lineage("shop.models:Order").unstamped(1)\norder.finish(2, f)\n',
        [("state", 1), ("step", 2)],
    ),
    "in a function": ('def declare():\n    Lineage("shop.models:Order").upgrade(4)', [("step", 4)]),
    "a decorator": ('@migrates("shop.models:Order", 3)\ndef f(state): ...', [("step", 3)]),
    "an attribute of the package": (
        'import pickle_migrate as p\np.Lineage("shop.models:Order").upgrade(2)',
        [("step", 2)],
    ),
    "an imported class": (
        "from shop.models import Order\nLineage(Order).upgrade(2)",
        [("step", 2)],
    ),
    "a class by another name": (
        "from shop.models import Order as O\n@migrates(O, 2)\ndef f(state): ...",
        [("step", 2)],
    ),
    "a module": ("import shop.models\nLineage(shop.models.Order).upgrade(2)", [("step", 2)]),
    "the way back": ('Lineage("shop.models:Order").downgrade(2, f)', [("step", 2)]),
    "a fingerprint": ('Lineage("shop.models:Order").accept_fingerprint(2, "ab")', [("state", 2)]),
    "another class": ('Lineage("shop.models:Gift").upgrade(1)', []),
    "another object": ("order.upgrade(1)\nupgrade(1)\nthing().upgrade(1)", []),
    "a number with a name": ('N = 1\nLineage("shop.models:Order").upgrade(N)', []),
    "no number": ('Lineage("shop.models:Order").upgrade(True)\nLineage("shop.models:Order")', []),
    "a class of that name elsewhere": ("@versioned(1)\nclass Order: ...", []),
}


@pytest.mark.parametrize(("source", "numbers"), SPELLED.values(), ids=SPELLED)
def test_how_people_write_them(source, numbers):
    """In a module of steps."""
    assert _found(source) == numbers


@pytest.mark.parametrize(
    ("source", "qualname"),
    [
        ("@versioned(2, unstamped=1)\n@dataclass\nclass Order: ...", "Order"),
        ("@versioned(version=2)\nclass Order: ...", "Order"),
        ("if True:\n    @versioned(2)\n    class Order: ...", "Order"),
        ("class Outer:\n    @versioned(2)\n    class Order: ...", "Outer.Order"),
        ("import pickle_migrate\n@pickle_migrate.versioned(2)\nclass Order: ...", "Order"),
        ("from pickle_migrate import versioned as v\n@v(2)\nclass Order: ...", "Order"),
    ],
)
def test_the_class_itself(source, qualname):
    """In its own module; steps there may name it as it is."""
    ref = GlobalRef("shop.models", qualname)
    assert _found(source, "shop.models", ref) == [("class", 2)]
    more = f"{source}\n\n\n@migrates({qualname}, 1)\ndef f(state): ..."
    assert _found(more, "shop.models", ref) == [("class", 2), ("step", 1)]


def _new(source, numbers, others=None, module="shop.models"):
    text = IMPORTS + textwrap.dedent(source)
    other = None if others is None else IMPORTS + textwrap.dedent(others)
    done = renumbered(text, module, ORDER, numbers, other)
    assert done.source.startswith(IMPORTS)
    return done.source.removeprefix(IMPORTS)


def test_the_numbers_are_edited():
    """The class gets the newest, a step the one before where it leads to; all else stays."""
    source = """\
        @versioned(3, unstamped=1)  # é \N{SNOWMAN} 3
        class Order: ...

        Lineage("shop.models:Order").upgrade(1, RenameField("a", "b"))
        x = "é"; Lineage("shop.models:Order").upgrade( 2 , RenameField("b", "c")); y = 2
        Lineage("shop.models:Order").fields(3, "c").upgrade(9)
    """
    assert _new(source, {2: 4, 3: 5}) == textwrap.dedent("""\
        @versioned(5, unstamped=1)  # é \N{SNOWMAN} 3
        class Order: ...

        Lineage("shop.models:Order").upgrade(3, RenameField("a", "b"))
        x = "é"; Lineage("shop.models:Order").upgrade( 4 , RenameField("b", "c")); y = 2
        Lineage("shop.models:Order").fields(5, "c").upgrade(9)
    """)


def test_several_on_one_line():
    """Each at its own place."""
    source = 'Lineage("shop.models:Order").upgrade(8, a).upgrade(9, b)\n'
    assert _new(source, {9: 10, 10: 11}) == source.replace("9", "10").replace("8", "9")


def test_steps_of_the_other_branch_stay():
    """What stands in the same file there is theirs, also where it was laid out anew."""
    source = """\
        Lineage("shop.models:Order").upgrade(1, RenameField("a", "b"))
        Lineage("shop.models:Order").upgrade(1, RenameField("c", "d"))
    """
    others = 'Lineage("shop.models:Order").upgrade(\n    1, RenameField("c", "d")\n)\n'
    assert _new(source, {2: 3}, others) == textwrap.dedent("""\
        Lineage("shop.models:Order").upgrade(2, RenameField("a", "b"))
        Lineage("shop.models:Order").upgrade(1, RenameField("c", "d"))
    """)


def test_functions_are_told_apart_by_what_they_are():
    """Two functions that a decorator makes steps of, spelled alike there."""
    source = """\
        @migrates("shop.models:Order", 1)
        def mine(state): ...

        @migrates("shop.models:Order", 1)
        def theirs(state): ...
    """
    others = '@migrates("shop.models:Order", 1)\ndef theirs(state): ...\n'
    assert "2)\ndef mine" in _new(source, {2: 3}, others)
    assert "1)\ndef theirs" in _new(source, {2: 3}, others)


def test_line_ends_of_windows_stay():
    """The source is edited, not written anew."""
    source = "@versioned(2)\r\nclass Order: ...\r\n"
    assert _new(source, {2: 3}) == "@versioned(3)\r\nclass Order: ...\r\n"


def test_no_python():
    """Such as a file with marks of a conflict."""
    with pytest.raises(SyntaxError):
        renumbered("<<<<<<< HEAD\n", "shop.models", ORDER, {2: 3}, None)
