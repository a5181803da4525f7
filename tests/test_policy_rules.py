"""Rules are read once, say which refs they name, and never reach over the colon."""

from __future__ import annotations

import fnmatch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pickle_migrate.errors import RuleError
from pickle_migrate.policy_rules import Match, Rules, walked, walks_out
from pickle_migrate.refs import GlobalRef

NAMES = st.text("abc_", min_size=1, max_size=4)
REFS = st.builds(
    GlobalRef,
    st.lists(NAMES, min_size=1, max_size=3).map(".".join),
    st.lists(NAMES, min_size=1, max_size=3).map(".".join),
)


def ref(text: str) -> GlobalRef:
    return GlobalRef(*text.split(":", 1))


@pytest.mark.parametrize(
    ("rule", "text", "matches"),
    [
        ("shop.models:Order", "shop.models:Order", True),
        ("shop.models:Order", "shop.models:Order.Line", False),
        ("shop.models:Order", "shop.models:Orders", False),
        ("shop.models:Order", "shop.models.x:Order", False),
        ("shop.*", "shop:Order", True),
        ("shop.*", "shop.models.deep:Order", True),
        ("shop.*", "shopping:Order", False),
        ("shop.*", "other.shop:Order", False),
        ("shop.models.*", "shop:Order", False),
        ("shop.*:Order*", "shop.models:OrderLine", True),
        ("shop.*:Order*", "shop.models:Customer", False),
        ("shop.?:[AB]", "shop.x:A", True),
        ("shop.?:[AB]", "shop.xy:A", False),
        ("*:Order", "anything.at.all:Order", True),
        ("*", "os:system", True),
    ],
)
def test_what_a_rule_names(rule, text, matches):
    """Refs whole, packages with all below them, patterns on either side of the colon."""
    assert (Rules.of([rule]).match(ref(text)) is not None) is matches


def test_no_wildcard_reaches_over_the_colon():
    """``shop*:Order`` must not match a module whose name holds a colon, nor a name that does."""
    rules = Rules.of(["shop*:Order"])
    assert rules.match(GlobalRef("shop", "x:Order")) is None
    assert rules.match(GlobalRef("other", "shop:Order")) is None


def test_whole_refs_are_told_from_groups():
    """What a group leads to is looked at when it is resolved; a whole ref is as the user says."""
    rules = Rules.of(["shop.*", "shop.models:Order"])
    assert rules.match(ref("shop.models:Order")) == Match("shop.models:Order", whole=True)
    assert rules.match(ref("shop.models:Other")) == Match("shop.*", whole=False)


@pytest.mark.parametrize(
    "text", ["", "shop", "shop.models", ":Order", "shop:", "a:b:c", ".*", "a..*"]
)
def test_a_rule_that_cannot_be_read_is_refused(text):
    """A typing error must not silently allow or deny nothing."""
    with pytest.raises(RuleError) as caught:
        Rules.of([text])
    assert caught.value.rule == text


@given(REFS)
def test_a_ref_matches_itself_and_its_packages(one):
    """Each ref is named by its own text, by each package that it is in, and by ``*``."""
    packages = one.module.split(".")
    rules = [str(one), *(".".join(packages[:n]) + ".*" for n in range(1, len(packages) + 1)), "*"]
    assert all(Rules.of([rule]).match(one) is not None for rule in rules)


@given(REFS, st.text("abc_.*?", min_size=1, max_size=6), st.text("abc_.*?", min_size=1, max_size=6))
def test_patterns_are_those_of_fnmatch(one, module, qualname):
    """Each side by itself, letter case kept."""
    rule = f"{module}:{qualname}"
    if "*" not in rule and "?" not in rule:
        return
    expected = fnmatch.fnmatchcase(one.module, module)
    expected = expected and fnmatch.fnmatchcase(one.qualname, qualname)
    assert (Rules.of([rule]).match(one) is not None) is expected


@pytest.mark.parametrize(
    ("text", "out"),
    [
        ("shop.models:Order.Line", False),
        ("shop.models:os.system", True),
        ("shop.models:sys.modules", True),
        ("shop.models:Order.__class__", True),
        ("shop.models:__builtins__", True),
        ("shop.models:Order.__init__.__globals__", True),
        ("pickle_migrate:errors.RefError", True),
        ("shop.models:os", False),
    ],
)
def test_a_name_that_walks_out_of_its_package(text, out):
    """Through a module, as far as names tell, or through double underscores."""
    assert (walks_out(ref(text)) is not None) is out


def test_what_a_dotted_name_leads_through():
    """Deny rules see each part of it, read as a class and as a module."""
    assert list(map(str, walked(ref("a:b.c")))) == ["a:b.c", "a:b", "a.b:c"]
