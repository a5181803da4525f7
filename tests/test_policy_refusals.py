"""What a policy refuses of a whole scan, of each kind, and where."""

from __future__ import annotations

import collections
import copyreg
import os
import pickle
import uuid

import attrs
import pytest

from pickle_migrate import Policy
from pickle_migrate.errors import PolicyError
from pickle_migrate.policy_verdicts import EXTENSIONS, NOT_LISTED, Refusal
from pickle_migrate.refs import GlobalRef
from pickle_migrate.scanner import Effect, scan

STANDARD = Policy(presets=["standard"])


def ref(text: str) -> GlobalRef:
    return GlobalRef(*text.split(":", 1))


def refused(policy: Policy, data: bytes) -> list[tuple[str, str]]:
    return [(str(r.ref), r.rule) for r in policy.refusals(scan(data))]


class Trap:
    def __reduce__(self):
        return os.system, ("echo caught",)


@pytest.mark.parametrize("protocol", range(6))
def test_a_refusal_says_what_where_and_what_to_do(protocol):
    """The ref as the pickle spells it, the offset of the opcode that names it, a remedy."""
    data = pickle.dumps([1, Trap()], protocol)
    (refusal,) = STANDARD.refusals(scan(data))
    assert str(refusal.ref) == f"{os.name}:system"
    assert data[refusal.offset] in b"c\x93"
    error = refusal.error()
    assert isinstance(error, PolicyError)
    assert (error.ref, error.offset, error.rule) == (str(refusal.ref), refusal.offset, NOT_LISTED)
    assert f"allow=['{refusal.ref}']" in error.remedy


def test_the_first_refusal_is_the_first_of_all():
    """It is found without making the others."""
    data = pickle.dumps([collections.OrderedDict(a=Trap()), Trap()], 2)
    found = scan(data)
    all_of_them = Policy().refusals(found)
    assert len(all_of_them) == 2
    assert Policy().first_refusal(found) == all_of_them[0]
    assert [r.offset for r in all_of_them] == sorted(r.offset for r in all_of_them)
    assert all(isinstance(r, Refusal) for r in all_of_them)


def test_python_2_names_are_decided_as_python_3_s():
    """On the exact name after ``fix_imports``; without it, as it is spelled."""
    data = b"c__builtin__\nset\n((lp0\ntR."
    found = scan(data)
    assert STANDARD.refusals(found) == ()
    assert [str(r.ref) for r in STANDARD.refusals(found, fix_imports=False)] == ["__builtin__:set"]


GETATTR = b"cbuiltins\ngetattr\n(cshop\nOrder\nS'%s'\ntR."


def test_getattr_is_for_classes_that_are_nested():
    """Below protocol 4; allowed where the dotted name is, and never bare."""
    policy = Policy(allow=["shop:Order", "shop:Order.Line"])
    assert refused(policy, GETATTR % b"Line") == []
    assert refused(policy, GETATTR % b"__init__") == [("shop:Order.__init__", NOT_LISTED)]
    for data in (b"cbuiltins\ngetattr\n.", b"cbuiltins\ngetattr\n(I1\nS'real'\ntR."):
        assert refused(Policy(allow=["*"]), data)[0] == ("builtins:getattr", "getattr")


def test_getattr_for_a_member_of_an_enum():
    """Python 3.11 wrote members so. Whether the class is an enum shows when it is loaded."""
    policy = Policy(allow=["shop:Order"])
    assert refused(policy, GETATTR % b"RED") == []
    (named,) = [g for g in scan(GETATTR % b"RED").globals if g.via == "getattr"]
    assert policy.decide(named).member


def test_extension_codes_are_closed():
    """Open, they are decided on the name that copyreg keeps, and never on what it cached."""
    code = 0x5501
    data = b"\x80\x02\x83\x01\x55."
    assert refused(Policy(allow=["*"]), data) == [("None", EXTENSIONS)]
    copyreg.add_extension("shop.models", "Order", code)
    try:
        for allow, expected in (("shop.*", []), ("os.*", [("shop.models:Order", NOT_LISTED)])):
            assert refused(Policy(allow=[allow], extensions=True), data) == expected
        assert refused(Policy(allow=["shop.*"]), data) == [("shop.models:Order", EXTENSIONS)]
    finally:
        copyreg.remove_extension("shop.models", "Order", code)
    assert refused(Policy(allow=["shop.*"], extensions=True), data) == [("None", EXTENSIONS)]


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b"cshop\nmake\n)R)R.", "effect call"),
        (b"cshop\nOrder\n}b.", "effect build_global"),
        (b"]}b.", "effect build_unknown"),
        (b"Pid\n.", "persistent ids"),
        (b"\x80\x04cshop\nname\n\x8c\x01x\x93.", "no name"),
    ],
)
def test_what_is_done_with_names_counts_too(data, rule):
    """Each is refused whatever names are allowed; the trusting policy alone lets it be."""
    policy = Policy(allow=["shop.*"])
    assert rule in [r for _, r in refused(policy, data)]
    assert refused(attrs.evolve(policy, trust=True), data) == []


def test_items_go_into_containers():
    """Into what the rules allow and into the containers among the presets, and nothing else."""
    policy = Policy(allow=["shop.*"], presets=["standard"])
    for text, may in (
        ("shop:Tags", True),
        ("collections:deque", True),
        ("datetime:date", False),
        ("_codecs:encode", False),
    ):
        assert policy.may_fill(ref(text)) is may
    made = attrs.evolve(
        scan(b"N."),
        effects=(Effect("append", ref("datetime:date"), 7, 1), Effect("add", None, 9, 1)),
    )
    assert [(r.offset, r.rule) for r in policy.refusals(made)] == [
        (7, "effect append"),
        (9, "effect add"),
    ]


def test_persistent_ids_are_for_who_knows_them():
    """An unpickler with a persistent_load."""
    found = scan(b"Pid\n.")
    assert Policy().refusals(found, persistent=True) == ()


def uuid_in_uuid(levels: int) -> bytes:
    """A UUID that holds the one before twice, and so on: the key of a dict."""
    made = b")\x81}X\x03\0\0\0int"
    data = b"\x80\x02}cuuid\nUUID\nq\x00" + made + b"K\x01sbq\x01"
    for key in range(1, levels + 1):
        get = b"h" + bytes([key])
        data += b"0h\x00" + made + get + get + b"\x86sbq" + bytes([key + 1])
    return data + b"K\x01s."


def test_what_hashes_its_state_is_not_shared_without_end():
    """``hash`` of a UUID asks its number, which may be a pair of UUIDs; a few are no matter."""
    assert refused(STANDARD, uuid_in_uuid(40)) == [("uuid:UUID", "effect build")]
    assert refused(STANDARD, uuid_in_uuid(3)) == []
    assert refused(Policy(trust=True), uuid_in_uuid(40)) == []
    many = [uuid.UUID(int=n) for n in range(1000)]
    assert refused(STANDARD, pickle.dumps([many, many, dict.fromkeys(many)])) == []
