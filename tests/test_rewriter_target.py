"""What a global is called in the end."""

from __future__ import annotations

from pickle_migrate.refs import GlobalRef
from pickle_migrate.rewriter_target import Target, followed, is_edited
from pickle_migrate.scanner import Global


def target(name, new=None, via="find_class"):
    ref = None if new is None else GlobalRef.parse(new)
    return Target(Global(GlobalRef.parse(name), 0, ("named",), 1, 2, via), ref)


def test_a_new_name_and_none():
    """A target without a ref stays as it is."""
    for one, ref in ((target("a:B", "c:D"), "c:D"), (target("a:B"), "a:B")):
        assert str(followed(one, [one])) == ref
        assert is_edited(one, [one]) == (ref == "c:D")


def test_getattr_follows_what_it_is_called_on():
    """Once, twice, and not where the pickle names that class in two ways."""
    outer, inner = target("a:B", "c:D"), target("a:B.I", via="getattr")
    innermost = target("a:B.I.J", via="getattr")
    everything = [outer, inner, innermost]
    assert str(followed(inner, everything)) == "c:D.I"
    assert str(followed(innermost, everything)) == "c:D.I.J"
    assert not is_edited(inner, everything)
    assert str(followed(inner, [*everything, target("a:B", "e:F")])) == "a:B.I"
    # A dotted name that is not got by getattr stands by itself.
    assert str(followed(target("a:B.I"), everything)) == "a:B.I"


def test_a_new_name_of_its_own():
    """It needs an edit only where getattr would lead elsewhere."""
    outer = target("a:B", "c:D")
    same, other = target("a:B.I", "c:D.I", "getattr"), target("a:B.I", "c:J", "getattr")
    assert not is_edited(same, [outer, same])
    assert is_edited(other, [outer, other])
    assert str(followed(other, [outer, other])) == "c:J"


def test_how_its_places_are_written():
    """By the protocol of the pickle and by the one that was declared before the place."""
    from pickle_migrate.scanner import scan

    dialect = target("a:B").dialect(scan(b"\x80\x04cshop\nOrder\n."))
    assert (dialect.highest, dialect.declared, dialect.fix_imports) == (4, 2, True)
