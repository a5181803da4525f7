"""Renames: old names of classes, modules and packages, and who owns a name that two classes had."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pickle_migrate.errors import AmbiguousRenameError, RefError, RenameLoopError
from pickle_migrate.refs import GlobalRef
from pickle_migrate.renames import Holder, OldName, RenameMap, owner_of

parse = GlobalRef.parse


def rename_map(**rules):
    """Rules whose names are given with underscores for the signs: ``a_b__C`` is ``a.b:C``."""
    found = RenameMap()
    for old, new in rules.items():
        found.add(old.replace("__", ":").replace("_", "."), new)
    return found


# --- rules that are true for all pickles ------------------------------------------------------

FOLLOWED = [
    # a class
    ({"m__A": "n:B"}, "m:A", "n:B"),
    ({"m__A": "n:B"}, "m:AA", "m:AA"),
    ({"m__A": "n:B"}, "m.x:A", "m.x:A"),
    # nested classes go with the outer one, and one rule may take the inner one elsewhere
    ({"m__A": "n:B"}, "m:A.Inner.Most", "n:B.Inner.Most"),
    ({"m__A": "n:B", "m__A_I": "k:I"}, "m:A.I.J", "k:I.J"),
    ({"m__A_I": "k:I"}, "m:A", "m:A"),
    # a module, a package with all below it, the longest one first
    ({"shop": "store"}, "shop:A", "store:A"),
    ({"shop": "store"}, "shop.a.b:A.I", "store.a.b:A.I"),
    ({"shop": "store"}, "shopping:A", "shopping:A"),
    ({"shop": "store"}, "a.shop:A", "a.shop:A"),
    ({"shop": "store", "shop_a": "parts"}, "shop.a.b:A", "parts.b:A"),
    ({"shop": "store", "shop_a": "parts"}, "shop.b:A", "store.b:A"),
    # a class's own rule comes before its module's
    ({"shop": "store", "shop__A": "other:B"}, "shop:A", "other:B"),
    # chains
    ({"m__A": "m:B", "m__B": "m:C", "m": "n"}, "m:A", "n:C"),
    ({"a": "b", "b_old__K": "a.new:K"}, "a.old:K", "b.new:K"),
    # what moved into itself moves once
    ({"shop": "shop.core"}, "shop:A", "shop.core:A"),
    ({"shop": "shop.core"}, "shop.x:A", "shop.core.x:A"),
    ({"shop": "shop.core"}, "shop.core:A", "shop.core:A"),
    ({"shop": "shop.core"}, "shop.core.x:A", "shop.core.x:A"),
    ({"m__A": "m:A.Data"}, "m:A", "m:A.Data"),
    ({"m__A": "m:A.Data"}, "m:A.Data", "m:A.Data"),
    ({"shop_core": "shop"}, "shop.core.core:A", "shop:A"),
]


@pytest.mark.parametrize(("rules", "old", "new"), FOLLOWED)
def test_what_rules_make_of_a_name(rules, old, new):
    """Each line is one case; ``follow`` applies rules until none applies."""
    assert rename_map(**rules).follow(parse(old)) == parse(new)


def test_once_applies_one_rule():
    """None says that no rule applies."""
    rules = rename_map(m__A="m:B", m__B="m:C")
    assert rules.once(parse("m:A")) == parse("m:B")
    assert rules.once(parse("m:C")) is None


LOOPS = [
    {"m__A": "m:A"},
    {"shop": "shop"},
    {"m__A": "m:B", "m__B": "m:A"},
    {"a": "b", "b": "c", "c": "a"},
    {"m__A": "n:A", "n": "m"},
    {"n": "m", "m__A": "n:A"},
    {"c_d": "a.b.d", "a_b": "c"},
    {"m__A_I": "m:B.I", "m__B": "m:A"},
    # these never come back to a name; each makes it longer
    {"a": "b.x", "b": "a"},
    {"m__A": "m:B.X", "m__B": "m:A"},
]


@pytest.mark.parametrize("rules", LOOPS)
def test_rules_in_a_circle_are_refused(rules):
    """When the last one is added; the names of the circle are in the error."""
    *before, (last, new) = rules.items()
    found = rename_map(**dict(before))
    sources = found.sources()
    with pytest.raises(RenameLoopError) as caught:
        found.add(last.replace("__", ":").replace("_", "."), new)
    assert len(caught.value.refs) >= 2
    assert found.sources() == sources


WRONG = [
    ("m:A", "n", "n"),
    ("m", "n:A", "m"),
    ("", "n", ""),
    ("m", "", ""),
    ("m:A:B", "n:A", "m:A:B"),
    ("m:A", "n:", "n:"),
    ("shop.", "store", "shop."),
    ("shop..a", "store", "shop..a"),
    ("shop", ".store", ".store"),
    ("m:A", "n.:A", "n.:A"),
]


@pytest.mark.parametrize(("old", "new", "text"), WRONG)
def test_a_rule_names_two_classes_or_two_modules(old, new, text):
    """Anything else is refused, and the error shows the text that is wrong."""
    rules = RenameMap()
    with pytest.raises(RefError) as caught:
        rules.add(old, new)
    assert caught.value.text == text
    assert not rules


def test_a_rule_given_again_replaces_the_first():
    """So that a module of declarations may be reloaded after a correction."""
    rules = rename_map(m__A="n:B")
    rules.add("m:A", "n:C")
    assert rules.follow(parse("m:A")) == parse("n:C")
    assert rules.sources() == ["m:A"]


modules = st.lists(st.sampled_from("abc"), min_size=1, max_size=3).map(".".join)
qualnames = st.lists(st.sampled_from("ABC"), min_size=1, max_size=3).map(".".join)
refs = st.builds(GlobalRef, modules, qualnames)
texts = st.one_of(modules, refs.map(str))


@given(st.lists(st.tuples(texts, texts), max_size=6), st.lists(refs, max_size=6))
def test_following_always_ends(pairs, asked):
    """Whatever rules were accepted, at a name that no rule changes or with a RenameLoopError."""
    rules = RenameMap()
    for old, new in pairs:
        sources = rules.sources()
        try:
            rules.add(old, new)
        except (RefError, RenameLoopError):
            assert rules.sources() == sources
    for ref in asked:
        try:
            found = rules.follow(ref)
        except RenameLoopError:
            continue
        assert rules.once(found) is None
        assert rules.follow(found) == found


@given(texts, texts, refs)
def test_one_rule_is_true_for_all_below_its_name(old, new, ref):
    """For the name itself and all that begins with it and a dot (or a colon, after a module)."""
    rules = RenameMap()
    try:
        rules.add(old, new)
    except (RefError, RenameLoopError):
        return
    text = str(ref)
    below = text == old or text.startswith((f"{old}.", f"{old}:"))
    moved = new.startswith(f"{old}.") and (text + ":").startswith((f"{new}.", f"{new}:"))
    expected = new + text.removeprefix(old) if below and not moved else text
    assert str(rules.follow(ref)) == expected


# --- names that two classes had, one after the other ------------------------------------------


def owner(name, version, claims, holders=(), fingerprint=None):
    """``claims`` as ``old > new`` or ``old > new until N``, ``holders`` as ``name@version~fp``."""
    old_names = []
    for claim in claims:
        pair, _, until = claim.partition(" until ")
        old, new = pair.split(" > ")
        old_names.append(OldName(parse(old), parse(new), int(until) if until else None))
    live = {}
    for holder in holders:
        text, _, print_ = holder.partition("~")
        ref, number = text.split("@")
        live[parse(ref)] = Holder(parse(ref), int(number), print_ or None)
    found = owner_of(parse(name), version, fingerprint, old_names, live.get)
    return None if found is None else str(found)


def test_a_name_without_claims_has_no_owner():
    """Then other rules decide."""
    assert owner("m:A", 1, []) is None
    assert owner("m:A", 1, [], ["m:A@2"]) is None


@pytest.mark.parametrize("version", [None, 1, 9])
def test_an_old_name_that_no_class_bears_today_means_its_heir(version):
    """Whatever the version is."""
    assert owner("m:A", version, ["m:A > m:B"], ["m:B@2"]) == "m:B"


@pytest.mark.parametrize(
    ("version", "expected"), [(None, "m:B"), (1, "m:B"), (2, "m:B"), (3, "m:A"), (9, "m:A")]
)
def test_until_decides(version, expected):
    """Up to that version the name is the old class's, after it the one's that bears it today.
    An unstamped pickle is from before all versions.
    """
    assert owner("m:A", version, ["m:A > m:B until 2"], ["m:A@9", "m:B@9"]) == expected


def test_after_until_a_name_that_no_class_bears_has_no_owner():
    """Its class may not be imported yet, or be gone."""
    assert owner("m:A", 3, ["m:A > m:B until 2"]) is None


def test_two_classes_that_claim_one_name_are_ambiguous():
    """The error names both, and says how to settle it."""
    with pytest.raises(AmbiguousRenameError, match=r"m:A.*m:B, m:C.*until=N") as caught:
        owner("m:A", 1, ["m:A > m:B", "m:A > m:C"])
    assert caught.value.ref == "m:A"
    assert caught.value.candidates == ("m:B", "m:C")


def test_two_claims_for_different_versions_are_not():
    """A name that one class bore up to version 1 and another one up to version 5."""
    claims = ["m:A > m:B until 1", "m:A > m:C until 5"]
    assert owner("m:A", 4, claims) == "m:C"


SWAPPED = [
    # fingerprints decide where both sides have one
    (2, "aa", ["m:A@2~aa", "m:B@2~bb"], "m:A"),
    (2, "bb", ["m:A@2~aa", "m:B@2~bb"], "m:B"),
    # the first version bore the first name
    (1, None, ["m:A@2", "m:B@2"], "m:B"),
    # a version that only one of them has
    (3, None, ["m:A@3", "m:B@2"], "m:A"),
    (2, None, ["m:A@2", "m:B@2"], "m:A"),
    # unstamped pickles are older than the swap
    (None, None, ["m:A@2", "m:B@2"], "m:B"),
]


@pytest.mark.parametrize(("version", "fingerprint", "holders", "expected"), SWAPPED)
def test_a_name_borne_anew_is_settled_by_version_and_fingerprint(
    version, fingerprint, holders, expected
):
    """As far as they tell."""
    assert owner("m:A", version, ["m:A > m:B"], holders, fingerprint) == expected


@pytest.mark.parametrize(
    ("version", "holders"),
    [(2, ["m:A@3", "m:B@3"]), (1, ["m:A@1", "m:B@1"]), (2, ["m:A@1", "m:B@2"])],
)
def test_where_they_do_not_tell_it_is_ambiguous(version, holders):
    """Nothing is guessed."""
    with pytest.raises(AmbiguousRenameError):
        owner("m:A", version, ["m:A > m:B"], holders)


@pytest.mark.parametrize(("version", "holds"), [(None, True), (1, True), (2, True), (3, False)])
def test_an_old_name_holds_up_to_its_last_version(version, holds):
    """And for unstamped pickles."""
    assert OldName(parse("m:A"), parse("m:B"), until=2).holds_for(version) is holds
    assert OldName(parse("m:A"), parse("m:B")).holds_for(version)
