"""Which globals a policy lets be resolved, decided from names, and by which rule."""

from __future__ import annotations

import sys

import attrs
import pytest

from pickle_migrate import Lineage, Policy, Registry, versioned
from pickle_migrate.errors import RuleError
from pickle_migrate.policy import for_command
from pickle_migrate.policy_verdicts import NOT_LISTED
from pickle_migrate.refs import GlobalRef
from pickle_migrate.scanner import scan

STANDARD = Policy(presets=["standard"])


def ref(text: str) -> GlobalRef:
    return GlobalRef(*text.split(":", 1))


def stamp(text: str) -> GlobalRef:
    return GlobalRef("pickle_migrate.stamps", text)


def refused(policy: Policy, data: bytes) -> list[tuple[str, str]]:
    return [(str(r.ref), r.rule) for r in policy.refusals(scan(data))]


# --- rules --------------------------------------------------------------------------------------


def test_a_policy_without_rules_allows_nothing():
    """What nothing allows is refused."""
    for text in ("os:system", "builtins:object", "collections:OrderedDict"):
        verdict = Policy().verdict(ref(text))
        assert (verdict.allowed, verdict.rule) == (False, NOT_LISTED)
        assert text in verdict.remedy or "standard" in verdict.remedy


def test_a_verdict_names_its_rule():
    """The rule as it was written, or the preset."""
    policy = Policy(allow=["shop.*", "a:b"], presets=["standard"])
    assert policy.verdict(ref("shop.models:Order")).rule == "allow shop.*"
    assert policy.verdict(ref("a:b")).rule == "allow a:b"
    assert policy.verdict(ref("collections:deque")).rule == "preset standard"


def test_deny_wins():
    """Over a whole ref, a package, a preset and trust."""
    deny = ["shop.admin.*", "collections:deque", "os:system"]
    policy = Policy(allow=["shop.*", "os:system"], deny=deny, presets=["standard"])
    for text in ("shop.admin:User", "collections:deque", "os:system"):
        verdict = policy.verdict(ref(text))
        assert not verdict.allowed
        assert verdict.rule.startswith("deny ")
    assert policy.verdict(ref("shop.models:Order")).allowed
    trusting = attrs.evolve(policy, trust=True)
    assert not trusting.verdict(ref("os:system")).allowed
    assert trusting.verdict(ref("anything:else")).allowed


def test_deny_holds_for_what_a_dotted_name_leads_through():
    """``os:path.join`` is in ``os.path``, and what is nested in a denied class is denied."""
    policy = Policy(
        allow=["*", "os:path.join", "shop:Order.Line"], deny=["os.path.*", "shop:Order"]
    )
    assert not policy.verdict(ref("os:path.join")).allowed
    assert not policy.verdict(ref("shop:Order.Line")).allowed


def test_a_dotted_name_is_allowed_whole_only():
    """A class does not bring what is nested in it; a package does, but never through modules."""
    policy = Policy(allow=["shop.models:Order", "lib.*", "os:path.join"])
    assert not policy.verdict(ref("shop.models:Order.Line")).allowed
    assert policy.verdict(ref("lib.models:Order.Line")).allowed
    assert policy.verdict(ref("os:path.join")).allowed
    for name in ("os.system", "Order.__class__", "__builtins__", "sys.modules"):
        assert not policy.verdict(GlobalRef("lib.models", name)).allowed


def test_names_that_are_none_are_refused():
    """A module with an empty part, a name with a colon: no import statement could spell them."""
    policy = Policy(allow=["*"])
    for one in (GlobalRef("a..b", "c"), GlobalRef("", "c"), GlobalRef("a:b", "c")):
        assert not policy.verdict(one).allowed


def test_a_rule_or_preset_that_is_none():
    """Refused when the policy is made."""
    with pytest.raises(RuleError):
        Policy(allow=["shop"])
    with pytest.raises(RuleError, match="standard, numpy"):
        Policy(presets=["standart"])


def test_one_text_is_one_rule():
    """``allow="shop.*"`` is no list of letters."""
    assert Policy(allow="shop.*").allow == ("shop.*",)


# --- presets and roles --------------------------------------------------------------------------


def test_types_that_newobj_could_give_a_length_are_not_instantiated():
    """``bytes.__new__(bytes, 2**33)``: picklers write opcodes or calls for such types."""
    for name in ("bytes", "bytearray", "tuple", "str"):
        assert STANDARD.verdict(GlobalRef("builtins", name), "called").allowed
        assert not STANDARD.verdict(GlobalRef("builtins", name), "instantiated").allowed
        explicit = Policy(allow=[f"builtins:{name}"])
        assert not explicit.verdict(GlobalRef("builtins", name), "instantiated").allowed


def test_functions_of_presets_are_called_and_no_values():
    """A function that makes values is nothing to keep."""
    assert STANDARD.verdict(ref("copyreg:_reconstructor"), "called").allowed
    assert not STANDARD.verdict(ref("copyreg:_reconstructor"), "named").allowed


def test_registered_classes_are_known_by_name(scratch):
    """The class, its lineage, its old names, and the target of a rename; nothing is imported."""
    registry = Registry()

    @versioned(2, registry=registry)
    class Order:
        pass

    Lineage("shop.gone:Basket", registry=registry).renamed_from("shop.old:Cart")
    registry.rename("shop.old:Note", "shop.new:Memo")
    policy = Policy(presets=["registered"], registry=registry)
    known = [GlobalRef.of(Order), ref("shop.gone:Basket"), ref("shop.old:Cart")]
    known += [ref("shop.old:Note"), ref("shop.new:Memo")]
    assert [policy.verdict(one).rule for one in known] == ["preset registered"] * 5
    assert not policy.verdict(ref("shop.gone:Other")).allowed
    assert "shop" not in sys.modules


def test_a_subclass_that_nobody_registered():
    """It is stamped by its base; in memory it is known to be one."""

    @versioned(1)
    class Base:
        pass

    class Child(Base):
        pass

    one = GlobalRef(__name__, "Child")
    policy = Policy(presets=["registered"])
    assert not policy.verdict(one).allowed
    globals()["Child"] = Child
    try:
        assert policy.verdict(one).allowed
    finally:
        del globals()["Child"]


def test_classes_of_a_package_that_a_rename_leads_to():
    """Your own rename says that they are yours. What is no class there is refused at the load."""
    registry = Registry()
    registry.rename("weatherlog", "skywatch")
    policy = Policy(presets=["registered"], registry=registry)
    for text in ("weatherlog.records:Reading", "skywatch.records:Reading"):
        verdict = policy.verdict(ref(text))
        assert (verdict.allowed, verdict.classes) == (True, True)
    assert not policy.verdict(ref("weatherlog.records:os.system")).allowed
    assert not policy.verdict(ref("elsewhere:Reading")).allowed


# --- which name counts --------------------------------------------------------------------------


def test_a_python_2_name_cannot_hide_what_is_denied():
    """``__builtin__:reduce`` is ``functools:reduce``; a rule may name either."""
    data = b"c__builtin__\nreduce\n."
    for deny in ("functools:reduce", "__builtin__:reduce"):
        policy = Policy(allow=["functools.*"], deny=[deny])
        assert refused(policy, data) == [("__builtin__:reduce", f"deny {deny}")]


def test_renames_allow_by_today_s_name_and_deny_by_either():
    """What would be imported is what has to be allowed."""
    registry = Registry()
    registry.rename("shop.old:Order", "shop.new:Order")
    for allow, allowed in (("shop.new:Order", True), ("shop.old:Order", False)):
        policy = Policy(allow=[allow], registry=registry)
        assert policy.verdict(ref("shop.old:Order")).allowed is allowed
    for deny in ("shop.old:Order", "shop.new:Order"):
        policy = Policy(allow=["shop.*"], deny=[deny], registry=registry)
        assert not policy.verdict(ref("shop.old:Order")).allowed


def test_a_stamp_is_decided_on_its_class_and_bases():
    """A stamp is a name of this package, and leads elsewhere."""
    policy = Policy(allow=["shop.*"], deny=["shop.admin.*"])
    assert policy.verdict(stamp("shop/models:Gift@2+shop/models:Order@3~1f")).allowed
    for text in ("os:system@1", "shop/models:Gift@2+os:system@1", "shop/admin:User@1"):
        assert not policy.verdict(stamp(text)).allowed
    for text in ("shop/models:Gift@x", "@:", "shop/models:Gift@02"):
        assert policy.verdict(stamp(text)).rule == "malformed stamp"


def test_this_package_is_not_allowed_by_having_stamps():
    """Only stamps are: its own functions are as refused as any."""
    for one in ("pickle_migrate.nested:plain_getattr", "pickle_migrate.stamps:importlib"):
        assert not for_command().verdict(ref(one), "called").allowed


# --- remedies -----------------------------------------------------------------------------------


def test_no_package_is_the_remedy_for_a_name_that_walks_out_of_it():
    """Such a rule would not allow it; the whole ref does."""
    policy = for_command(["shop.*"])
    walks = ref("shop:Order.__new__")
    assert policy.verdict(walks).remedy == (
        "If you trust it: --allow shop:Order.__new__, or --trust for all that pickles name."
    )
    assert for_command(["shop:Order.__new__"]).verdict(walks).allowed


def test_the_command_s_remedies_name_its_options():
    """--import for classes of yours, --allow, --trust."""
    remedy = for_command().verdict(ref("shop.models:Order")).remedy
    for option in ("--import shop.models", "--allow shop.models:Order", "'shop.*'", "--trust"):
        assert option in remedy
