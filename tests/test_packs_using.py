"""Packs by name: found, used once, with those that they need; nothing of a library is imported."""

from __future__ import annotations

import subprocess
import sys

import pytest

from pickle_migrate import Lineage, Policy, Registry, resolver, use_pack
from pickle_migrate.errors import PackError
from pickle_migrate.packs import using
from pickle_migrate.packs.values import FUNCTION, Pack, Rule
from pickle_migrate.refs import GlobalRef
from pickle_migrate.scanner import scan

OTHERS = {"mine": f"{__name__}:MINE", "no_pack": f"{__name__}:OTHERS", "gone": "no.such:PACK"}


def wrong(registry):
    Lineage("lib:A", registry=registry).upgrade(0)


MINE = Pack(
    "mine",
    "for tests",
    rules=(Rule("moved", "mine 1", renames={"old.mine": "new.mine", "m:Old": "m:New"}),),
    names={"new.mine": {"make": FUNCTION}},
    needs=("networkx",),
)


@pytest.fixture
def others(monkeypatch):
    """Other distributions bring packs."""
    monkeypatch.setattr(resolver, "entry_points", lambda group: dict(OTHERS))


def test_every_built_in_pack_says_what_it_mends():
    """A name, a line, rules with the releases that need them; each can be used."""
    for name in using.BUILT_IN:
        pack = using.find(name)
        assert pack.name == name
        assert pack.summary
        assert pack.rules
        for rule in pack.rules:
            assert rule.what
            assert rule.written_by
        registry = Registry()
        use_pack(name, registry=registry)
        assert set(registry.packs) == {name, *pack.needs}


def test_using_packs_imports_nothing_of_their_libraries():
    """Not even those that are there."""
    code = (
        "import sys, pickle_migrate\n"
        "from pickle_migrate.packs import using\n"
        "for name in using.BUILT_IN:\n"
        "    pickle_migrate.use_pack(name, registry=pickle_migrate.Registry())\n"
        "print([n for n in ('numpy', 'pandas', 'sklearn', 'scipy', 'networkx', 'joblib') "
        "if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.usefixtures("others")
def test_packs_of_other_distributions():
    """Listed behind ours, found by their entry point, used with what they need."""
    assert using.names()[-3:] == ("gone", "mine", "no_pack")
    registry = Registry()
    use_pack("mine", registry=registry)
    use_pack("mine", registry=registry)
    assert registry.packs == ("networkx", "mine")
    assert registry.current_ref(GlobalRef("old.mine.x", "C")) == GlobalRef("new.mine.x", "C")
    for name, problem in (("no_pack", "no Pack"), ("gone", "imported"), ("what", "no such pack")):
        with pytest.raises(PackError, match=problem):
            use_pack(name, registry=registry)


def test_a_rule_that_cannot_be_declared_names_its_pack(monkeypatch):
    """With the first ref of the rule."""
    pack = Pack("bad", "", (Rule("", "", refs=("lib:A",), declare=wrong),))
    monkeypatch.setattr(using, "find", lambda name: pack)
    with pytest.raises(PackError, match="Pack 'bad', rule for lib:A: lib:A: 0 is not a version"):
        use_pack("bad", registry=Registry())


@pytest.mark.usefixtures("others")
def test_what_a_pack_lists_is_allowed_and_no_more():
    """Its renames and lineages alone let nothing in, unlike those of a program."""
    registry = Registry()
    use_pack("mine", registry=registry)
    policy = Policy(presets=["registered"], registry=registry)

    def allowed(name, use="called"):
        return policy.verdict(GlobalRef.parse(name), use).allowed

    assert allowed("new.mine:make")
    assert allowed("old.mine:make")
    assert not allowed("new.mine:make", "instantiated")
    assert not allowed("new.mine:other")
    assert not allowed("m:Old")
    registry.rename("m:Old", "m:New")
    assert allowed("m:Old")


@pytest.mark.usefixtures("others")
def test_a_denied_name_stays_denied():
    """Deny wins over packs too."""
    registry = Registry()
    use_pack("mine", registry=registry)
    policy = Policy(deny=["new.mine:make"], presets=["registered"], registry=registry)
    found = scan(b"cnew.mine\nmake\n(tR.")
    assert policy.first_refusal(found) is not None
