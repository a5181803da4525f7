"""One pickle: verdicts, findings by rule, what is nested, and what stands before damage."""

from __future__ import annotations

import base64
import collections
import datetime
import os
import pickle

import attrs
import pytest

from pickle_migrate import inspect_damage, policy
from pickle_migrate import inspect_pickle as ip
from pickle_migrate.findings import DANGER, WARNING, Finding
from pickle_migrate.limits import Limits
from pickle_migrate.nested_pickles import Budget

OPTIONS = ip.Options(policy.for_command())
CALL = b"cos\nsystem\n(S'id'\ntR."


def inspected(data: bytes, options: ip.Options = OPTIONS, **more):
    scans, extra = inspect_damage.read_all(data, options.limits)
    found = scans.pickles[0]
    return ip.inspect_pickle(
        found, ip.Source(data), options, Budget(len(data)), extra=extra, **more
    )


def rules(data: bytes, options: ip.Options = OPTIONS):
    return [(f.rule, f.severity) for f in inspected(data, options).findings]


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize(
    "value",
    [
        [{"id": 1, "name": "a", "ok": True, "x": None, "f": 1.5}] * 3,
        {1, 2, (3, "x")},
        collections.OrderedDict(a=1),
        [datetime.date(2020, 1, 1), datetime.timedelta(1)],
        b"bytes",
        bytearray(b"bytes"),
        2**200,
        "text with cos\nsystem\nin it.",
    ],
    ids=lambda value: type(value).__name__,
)
def test_ordinary_data_is_clean(value, protocol):
    """Builtins and standard types, under every protocol."""
    found = inspected(pickle.dumps(value, protocol))
    assert (found.verdict, found.findings) == ("clean", ())


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (CALL, [("dangerous-global", DANGER)]),
        (b"cshop\nOrder\n)\x81.", [("refused-global", WARNING)]),
        (b"ccollections\nOrderedDict\n)R)R.", [("computed-call", DANGER)]),
        (b"\x80\x04K\x01)R.", [("computed-call", DANGER)]),
        (b"ccollections\nOrderedDict\n}b.", [("state-of-global", DANGER)]),
        (b"ccollections\nOrderedDict\n)RN}V__class__\nK\x01s\x86b.", [("dunder-state", DANGER)]),
        (b"cdatetime\ndate\n(K\x01tRK\x01a.", [("items-of-unknown", WARNING)]),
        (b"\x80\x04\x97S'x'\n\x93.", [("unresolvable-name", DANGER)]),
        (b"\x82\x07.", [("extension-code", WARNING)]),
        (b"\x80\x02]r\x00\xe1\xf5\x05.", [("resource-limit", DANGER)]),
        (b"I010\n.", [("int-text", WARNING)]),
    ],
)
def test_each_rule(data, expected):
    """The names of rules are stable, and so are their severities."""
    assert rules(data) == expected


def test_persistent_ids_are_counted_and_no_finding():
    """They are told; what they stand for is the program's affair."""
    found = inspected(b"(Pone\nPtwo\nl.")
    assert (found.persistent_ids, found.verdict) == (2, "clean")


def test_a_billion_laughs_is_told():
    """Cheap to load, endless to print."""
    value = ["ha"]
    for _ in range(12):
        value = [value] * 10
    found = inspected(pickle.dumps(value))
    assert [f.rule for f in found.findings] == ["shared-expansion"]


def test_the_policy_is_asked_with_its_options():
    """What is allowed is no finding, dangerous or not; what is denied is one."""
    allowing = attrs.evolve(OPTIONS, policy=policy.for_command(["shop.*", "os:system"]))
    assert rules(b"cshop\nOrder\n)\x81.", allowing) == []
    assert rules(CALL, allowing) == []
    trusting = attrs.evolve(OPTIONS, policy=policy.for_command(trust=True))
    assert rules(CALL, trusting) == []
    denying = attrs.evolve(OPTIONS, policy=policy.for_command(deny=["collections.*"]))
    data = pickle.dumps(collections.OrderedDict())
    assert [r for r, _ in rules(data, denying)] == ["refused-global"]


def test_globals_have_all_their_facts():
    """As the pickle spells them and as they are today, with use, count, rule and remedy."""
    (found,) = inspected(b"(cCookie\nMorsel\ncCookie\nMorsel\n)\x81l.").globals
    assert (str(found.ref), str(found.today)) == ("Cookie:Morsel", "http.cookies:Morsel")
    assert (found.offset, found.use, found.count) == (1, "instantiated", 2)
    assert (found.verdict, found.rule) == ("refused", "not listed")
    assert "--allow" in found.remedy
    assert found.stamp is None


# --- nested ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        CALL,
        CALL.decode(),
        pickle.dumps([os.system], 2),
        pickle.dumps([os.system], 4),
        base64.b64encode(pickle.dumps(os.system, 4)),
        b"in the middle: " + pickle.dumps([os.system], 4) + b" of bytes",
        pickle.dumps({"a": pickle.dumps([os.system], 4)}, 4),
    ],
    ids=range(7),
)
@pytest.mark.parametrize("rows", [0, 3000])
def test_nested_pickles_are_found(value, rows):
    """In small pickles and in large ones, whose tree ends before."""
    filler = [{"n": n} for n in range(rows)]
    data = pickle.dumps([filler, value], 4)
    options = attrs.evolve(OPTIONS, opcodes=1_000, partial=1_000)
    found = inspected(data, options)
    assert found.verdict == "dangerous"
    assert "nested-pickle" in [f.rule for f in found.findings]
    names = {str(g.today) for one in found.all_pickles() for g in one.globals}
    assert names & {"os:system", "posix:system", "nt:system"}


def test_harmless_nested_pickles_are_shown_and_no_finding():
    """They have an entry of their own."""
    found = inspected(pickle.dumps({"a": pickle.dumps([1, 2, 3])}))
    assert (found.verdict, len(found.nested)) == ("clean", 1)
    assert found.nested[0].place.startswith("value at byte ")


def test_damaged_nested_pickles_count_if_they_call():
    """Without STOP, an unpickler still runs what stands before the end."""
    found = inspected(pickle.dumps([b"\x80\x02" + CALL[:-1]]))
    assert found.nested[0].status == "damaged"
    assert found.verdict == "dangerous"


def test_nesting_ends_somewhere_and_says_so():
    """A hundred pickles, one in the other."""
    data = CALL
    for _ in range(100):
        data = pickle.dumps(data, 4)
    found = inspected(data)
    assert len(list(found.all_pickles())) == ip.NESTING + 1
    assert found.verdict == "suspicious"
    assert any(f.rule == "not-read" for one in found.all_pickles() for f in one.findings)


def test_findings_are_capped_by_rule():
    """The first hundred of a rule, and one that counts the rest; dangers first."""
    many = [Finding("refused-global", WARNING, n, str(n)) for n in range(250)]
    kept = ip.capped([*many, Finding("computed-call", DANGER, 900, "x")])
    assert kept[0].severity == DANGER
    assert len(kept) == ip.OF_A_RULE + 2
    assert any(f.message == "150 more findings of this rule" for f in kept)


def test_many_pickles_can_be_told_as_one():
    """All globals and all rules of them, none counted twice."""
    one = b"cshop\nOrder\n)\x81."
    data = one * 50 + pickle.dumps([1])
    scans, _ = inspect_damage.read_all(data, Limits())
    found = ip.merged(scans.pickles, ip.Source(data), OPTIONS)
    assert (len(found.globals), len(found.findings), found.size) == (1, 1, len(data))
    assert found.place == "51 more pickles"
