"""What a global is called in the end."""

from __future__ import annotations

from pickle_migrate.refs import GlobalRef
from pickle_migrate.rewriter_target import settled
from pickle_migrate.scanner import Global, scan


def told(*wishes):
    """The refs of the targets, with a star where opcodes change. A name in brackets is got by
    getattr.
    """
    pairs = []
    for name, new in wishes:
        via = "getattr" if name.startswith("(") else "find_class"
        named = Global(GlobalRef.parse(name.strip("()")), 0, ("named",), 1, 2, via)
        pairs.append((named, None if new is None else GlobalRef.parse(new)))
    return [f"{t.ref}{'*' if t.is_edited else ''}" for t in settled(pairs)]


def test_a_new_name_and_none():
    """A target without a ref stays as it is, and so does one with the same."""
    assert told(("a:B", "c:D"), ("a:E", None), ("a:F", "a:F")) == ["c:D*", "a:E", "a:F"]


def test_getattr_follows_what_it_is_called_on():
    """Once, twice, and not where the pickle names that class in two ways."""
    outer, inner, innermost = ("a:B", "c:D"), ("(a:B.I)", None), ("(a:B.I.J)", None)
    assert told(outer, inner, innermost) == ["c:D*", "c:D.I", "c:D.I.J"]
    assert told(outer, ("a:B", "e:F"), inner)[2] == "a:B.I"
    # A dotted name that is not got by getattr stands by itself.
    assert told(outer, ("a:B.I", None)) == ["c:D*", "a:B.I"]


def test_a_new_name_of_its_own():
    """It needs an edit only where getattr would lead elsewhere."""
    outer = ("a:B", "c:D")
    assert told(outer, ("(a:B.I)", "c:D.I")) == ["c:D*", "c:D.I"]
    assert told(outer, ("(a:B.I)", "c:J")) == ["c:D*", "c:J*"]
    assert told(outer, ("(a:B.I)", "a:B.I")) == ["c:D*", "a:B.I*"]
    assert told(("a:B", None), ("(a:B.I)", "a:B.I")) == ["a:B", "a:B.I"]


def test_classes_in_classes_in_classes():
    """As deep as a pickle likes, without recursion."""
    name, wishes = "a:B", [("a:B", "c:D")]
    for _ in range(3000):
        name += ".I"
        wishes.append((f"({name})", None))
    assert told(*wishes)[-1] == "c:D" + ".I" * 3000


def test_how_its_places_are_written():
    """By the protocol of the pickle and by the one that was declared before the place."""
    named = Global(GlobalRef("a", "B"), 0, ("named",), 1, 2, "find_class")
    (target,) = settled([(named, None)])
    dialect = target.dialect(scan(b"\x80\x04cshop\nOrder\n."))
    assert (dialect.highest, dialect.declared, dialect.fix_imports) == (4, 2, True)
