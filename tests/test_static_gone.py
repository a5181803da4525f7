"""What a declared lineage says of a stamped class that is not there."""

from pickle_migrate import AddField, Lineage, Registry, RenameField
from pickle_migrate.stamps import StampText
from pickle_migrate.static_gone import gone_class

A, B = "shop:Order", "shop:Base"


def found(text, declare):
    registry = Registry()
    declare(lambda ref: Lineage(ref, registry=registry))
    return gone_class(StampText.decode(text), registry, lambda ref: None)


def test_nothing_declared():
    """The stamp stays."""
    gone = found("shop:Order@2~abc", lambda lineage: None)
    assert (gone.stamp.encode(), gone.steps, gone.reasons) == ("shop:Order@2~abc", (), ())


def test_the_head_is_one_above_the_last_step():
    """Bases before derived classes, each by its own lineage."""
    gone = found(
        "shop:Order@1~abc+shop:Base@2~def",
        lambda lineage: [
            lineage(A).upgrade(1, AddField("a", default=1)).upgrade(2, AddField("b", default=1)),
            lineage(B).upgrade(2, AddField("c", default=1)),
        ],
    )
    assert gone.stamp.encode() == "shop:Order@3+shop:Base@3"
    assert [str(step.ref) for step in gone.steps] == [B, A, A]
    assert [c.describe() for c in gone.classes] == ["shop:Order 1 -> 3", "shop:Base 2 -> 3"]


def test_a_declared_fingerprint_is_written():
    """One that the lineage accepts for the head."""
    gone = found(
        "shop:Order@1",
        lambda lineage: lineage(A).upgrade(1, AddField("a", default=1)).accept_fingerprint(2, "ab"),
    )
    assert gone.stamp.encode() == "shop:Order@2~ab"


def test_renames():
    """With the private attributes of the old name."""
    gone = found("shop:Order@1!", lambda lineage: lineage("store:Buy").renamed_from(A))
    assert gone.stamp.encode() == "store:Buy@1!"
    assert gone.unmangle(lambda text: False) is None
    unmangle = gone.unmangle(lambda text: text == "_Order__")
    assert unmangle({"_Order__a": 1}) == {"_Buy__a": 1}


def test_gaps_and_fingerprints_are_problems():
    """As when it is loaded."""
    gap = found("shop:Order@1", lambda lineage: lineage(A).upgrade(2, AddField("a", default=1)))
    assert [type(p).__name__ for p in gap.problems] == ["GapError"]
    other = found("shop:Order@1~aa", lambda lineage: lineage(A).accept_fingerprint(1, "bb"))
    assert [type(p).__name__ for p in other.problems] == ["FingerprintError"]


def test_reasons():
    """Functions, the finishing stage, members of an enum, and names of two lineages."""

    def step(lineage):
        lineage(A).upgrade(1, lambda state: None)

    assert found("shop:Order@1", step).reasons[0].startswith("a step has to run")
    finish = found("shop:Order@1", lambda lineage: lineage(A).finish(1, print))
    assert finish.reasons == ("its finishing stage needs the loaded objects",)
    whole = found("shop:Order@1=", lambda lineage: lineage(A).upgrade(1, RenameField("a", "b")))
    assert whole.reasons[0].startswith("is an enum or a namedtuple")
    assert found("shop:Order@1=", lambda lineage: lineage("m:N").renamed_from(A)).reasons == ()


def test_a_base_that_was_not_registered():
    """Version 0 says nothing of itself; only its name can change."""
    gone = found(
        "shop:Gift@0+shop:Order@1", lambda lineage: lineage(A).upgrade(1, AddField("a", default=1))
    )
    assert gone.stamp.encode() == "shop:Gift@0+shop:Order@2"


def test_the_order_of_fields_in_the_written_version():
    """As the lineage declares it."""

    def declare(lineage):
        lineage(A).fields(1, "a", "b").upgrade(1, RenameField("a", "c"))

    assert found("shop:Order@1", declare).field_names == ("a", "b")
    assert found("shop:Order@2", declare).field_names is None
