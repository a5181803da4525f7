"""What a policy answers, as values."""

from __future__ import annotations

from pickle_migrate.errors import PolicyError
from pickle_migrate.policy_verdicts import BARE, NOT_LISTED, OF_CLASSES, Refusal
from pickle_migrate.refs import GlobalRef


def test_a_refusal_is_an_error_with_the_same_facts():
    """Ref, offset, rule and remedy; a refusal without a name has an error without one."""
    error = Refusal(GlobalRef("os", "system"), 7, NOT_LISTED, "is not allowed", "Do this.").error()
    assert isinstance(error, PolicyError)
    assert (error.ref, error.offset, error.rule) == ("os:system", 7, NOT_LISTED)
    assert "Do this." in error.remedy
    assert Refusal(None, 7, "persistent ids", "a persistent id").error().ref == ""


def test_getattr_has_two_verdicts():
    """One for a call that names a nested class; by itself there is no way to allow it."""
    assert OF_CLASSES.allowed
    assert not BARE.allowed
    assert "no way" in BARE.remedy
