"""Source text as ruff would leave it."""

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from make_world import RUFF

from pickle_migrate.make.layout import (
    Code,
    Import,
    Written,
    call,
    docstring_lines,
    expression_text,
    from_lines,
    import_lines,
    joined,
    lines,
    module_text,
    quoted,
    texts,
)


def formatted(text, width=100):
    done = subprocess.run(
        [*RUFF, "format", "--isolated", "--line-length", str(width), "-"],
        input=text,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("'a'", '"a"'),
        ("f'{x!r} and {y:>3}'", 'f"{x!r} and {y:>3}"'),
        ("'say \"hi\"'", "'say \"hi\"'"),
        ("a+b*2", "a + b * 2"),
        ("x**2", "x**2"),
        ("x[1]**2", "x[1] ** 2"),
        ("lambda n:n+1", "lambda n: n + 1"),
        ("b'x'", 'b"x"'),
        ("{'a':[1,2]}", '{"a": [1, 2]}'),
    ],
)
def test_expressions(source, expected):
    """Usual spaces, double quotes where that takes no backslash."""
    assert expression_text(source) == expected


def test_a_wrong_expression_is_a_syntax_error():
    """Whoever asked tells it."""
    with pytest.raises(SyntaxError):
        expression_text("1 +")


@given(st.text(max_size=20))
def test_quoted_means_the_text(text):
    """Whatever is in it."""
    assert eval(quoted(text)) == text


def test_a_chain_breaks_at_its_last_bracket():
    """As in the migrations of the worked example."""
    chain = Code("Lineage", (("", Code('"m:C"')),), call(".upgrade", "1", call("Add", '"x"')))
    assert lines(chain) == ['Lineage("m:C").upgrade(1, Add("x"))']
    assert lines(chain, 30) == ['Lineage("m:C").upgrade(', '    1, Add("x")', ")"]
    assert lines(chain, 26)[1:3] == ['    1, Add("x")', ")"]


def test_imports_are_sorted_as_isort_does():
    """The standard library, others, one's own; constants, classes, functions."""
    found = import_lines(
        [
            Import("shop.models", "Order"),
            Import("pickle_migrate", "migrates"),
            Import("pickle_migrate", "Lineage"),
            Import("pickle_migrate.registry", "DEFAULT"),
            Import("decimal", "Decimal"),
            Import("datetime"),
        ],
        own="shop",
    )
    assert found == [
        "import datetime",
        "from decimal import Decimal",
        "",
        "from pickle_migrate import Lineage, migrates",
        "from pickle_migrate.registry import DEFAULT",
        "",
        "from shop.models import Order",
    ]


def test_long_imports_take_a_line_for_each_name():
    """With a comma at the end."""
    assert from_lines("m", ["A", "B"], 10) == ["from m import (", "    A,", "    B,", ")"]


def test_docstrings():
    """One line if it fits; what ends a docstring or begins an escape does no harm."""
    assert docstring_lines("Order 1 to 2.") == ['"""Order 1 to 2."""']
    for text in (
        'ends with "',
        "a \\n b",
        'has """ in it',
        "x" * 200,
        "word " * 60,
        "a\n\n- b\n- c",
    ):
        for indent in ("", "    "):
            made = "\n".join(docstring_lines(text, 60, indent))
            body = f"def f():\n{made}\n" if indent else made
            compile(body, "x", "exec")
            assert all(len(line) <= 60 for line in made.splitlines() if " " in line.strip())


def test_blocks_have_the_empty_lines_that_they_need():
    """Two around a function, one between statements."""
    assert joined(["a = 1", "b = 2"]) == "a = 1\n\nb = 2"
    assert joined(["def f():\n    pass", "b = 2"]) == "def f():\n    pass\n\n\nb = 2"
    assert joined(["# why\ndef f():\n    pass"], after_imports=True).startswith("\n\n\n# why")


words = st.text("abcdefghij_", min_size=1, max_size=24).filter(str.isidentifier)
names = words.map(quoted)
leaves = st.one_of(names, st.integers(0, 10**12).map(str), words).map(Code)
arguments = st.lists(st.tuples(st.sampled_from(["", "default", "inverse"]), leaves), max_size=3)


def ordered(pairs):
    """Arguments as Python takes them: without a name first, each name once."""
    plain = [p for p in pairs if not p[0]]
    return tuple(plain + list({n: (n, c) for n, c in pairs if n}.values()))


operations = st.one_of(
    st.tuples(words, arguments).map(lambda p: Code(p[0].title(), ordered(p[1]))),
    st.lists(words, min_size=1, max_size=4, unique=True).map(
        lambda ns: call("MergeFields", texts(ns), quoted("name"), "function")
    ),
)
chains = st.tuples(words, words, st.lists(operations, max_size=6)).map(
    lambda t: Code("Lineage", (("", Code(quoted(f"{t[0]}:{t[1]}"))),), call(".upgrade", "1", *t[2]))
)


@settings(max_examples=25, deadline=None)
@given(st.lists(chains, min_size=1, max_size=30), st.sampled_from([88, 100, 120]))
def test_ruff_leaves_it_as_it_is(several, width):
    """Chains of any length, in modules with imports and functions."""
    blocks = ["\n".join(lines(chain, width)) for chain in several]
    function = "def f(value):\n    return value"
    imports = frozenset({Import("pickle_migrate", n) for n in ("Lineage", "AddField")})
    text = module_text("What changed.", Written((function, *blocks), imports), "shop", width)
    assert formatted(text, width) == text


def test_the_tests_have_ruff():
    """Otherwise the law above would say nothing."""
    assert RUFF[0] == sys.executable
    assert formatted("x=1") == "x = 1\n"
