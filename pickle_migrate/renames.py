"""Old ref to new ref: renames of classes, moves of modules and whole packages, swaps of names."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from pickle_migrate.errors import AmbiguousRenameError, RefError, RenameLoopError
from pickle_migrate.refs import GlobalRef


@attrs.frozen
class OldName:
    """A name that a lineage's class had before: ``old`` in pickles means the class now called
    ``new``. With ``until``, only for versions up to that one.
    """

    old: GlobalRef
    new: GlobalRef
    until: int | None = None

    def holds_for(self, version: int | None) -> bool:
        """Whether a pickle of that version (None: unstamped) may have been written under it."""
        return self.until is None or version is None or version <= self.until


@attrs.frozen(eq=False, repr=False)
class Holder:
    """A registered class that bears a name today, as far as choosing between owners needs it."""

    ref: GlobalRef
    version: int
    fingerprint: str | None


@attrs.define(eq=False, repr=False)
class RenameMap:
    """Rules that are true for all pickles: a class or a module prefix, and what it is now."""

    _rules: dict[str, str] = attrs.field(factory=dict)

    def add(self, old: str, new: str) -> None:
        """Add a rule: both ``module:qualname``, or both module names (a whole package moves).

        Raises RefError when the two are of different kinds, RenameLoopError when the rules would
        lead round in a circle; then the rules are as they were.
        """
        for name in (old, new):
            if not all(_ref_in(name).module.split(".")):
                raise RefError(name)
        if (":" in old) != (":" in new):
            raise RefError(new if ":" in old else old)
        if old == new:
            raise RenameLoopError((old, new))
        rules = RenameMap({**self._rules, old: new})
        # A circle that this rule closes passes through it: at the old name itself, or at a name
        # below it that an older rule takes on from there.
        below = [old + s[len(new) :] for s in rules._rules if s.startswith((f"{new}.", f"{new}:"))]
        for start in (old, *below):
            rules.follow(_ref_in(start))
        self._rules[old] = new

    def __bool__(self) -> bool:
        return bool(self._rules)

    def sources(self) -> list[str]:
        """The left sides of the rules, as they were given."""
        return list(self._rules)

    def target(self, source: str) -> str:
        """The right side of a rule, by its left side."""
        return self._rules[source]

    def once(self, ref: GlobalRef) -> GlobalRef | None:
        """What one rule makes of a ref, or None: the class itself, then the class it is nested in,
        then the longest module prefix.
        """
        names = ref.qualname.split(".")
        for cut in range(len(names), 0, -1):
            old = f"{ref.module}:{'.'.join(names[:cut])}"
            new = self._rules.get(old)
            if new is not None and not _is_within(str(ref), new, old):
                return GlobalRef.parse(".".join([new, *names[cut:]]))
        return self._moved(ref)

    def _moved(self, ref: GlobalRef) -> GlobalRef | None:
        parts = ref.module.split(".")
        for cut in range(len(parts), 0, -1):
            old = ".".join(parts[:cut])
            new = self._rules.get(old)
            if new is not None and not _is_within(ref.module, new, old):
                return GlobalRef(".".join([new, *parts[cut:]]), ref.qualname)
        return None

    def follow(self, ref: GlobalRef) -> GlobalRef:
        """What all rules together make of a ref. Raises RenameLoopError."""
        seen = [ref]
        while (new := self.once(ref)) is not None:
            # Rules that make a name longer and longer never come back to one.
            if new in seen or len(seen) > 2 * len(self._rules):
                raise RenameLoopError(tuple(str(r) for r in [*seen, new]))
            seen.append(new)
            ref = new
        return ref


def _ref_in(name: str) -> GlobalRef:
    return GlobalRef.parse(name) if ":" in name else GlobalRef(name, "*")


def _is_within(name: str, new: str, old: str) -> bool:
    # What moved into itself (the package shop to shop.core) must not move twice.
    return new.startswith(f"{old}.") and (name == new or name.startswith(f"{new}."))


def owner_of(
    ref: GlobalRef,
    version: int | None,
    fingerprint: str | None,
    claims: list[OldName],
    holder: Callable[[GlobalRef], Holder | None],
) -> GlobalRef | None:
    """Which lineage a ref in a pickle belongs to, by the lineages' own old names; None: no claim.

    ``holder`` gives the registered class that bears a name today. When a name is used anew (two
    classes that swapped names), the version decides, then the fingerprint; AmbiguousRenameError
    when neither can.
    """
    fitting = [claim for claim in claims if claim.holds_for(version)]
    own = holder(ref)
    if not fitting:
        return ref if claims and own is not None else None
    if len({claim.new for claim in fitting}) > 1:
        raise AmbiguousRenameError(str(ref), tuple(str(claim.new) for claim in fitting))
    claim = fitting[0]
    if own is None or version is None or claim.until is not None:
        # Unstamped means: from before the decorator. The old name is the older one.
        return claim.new
    return _settle(ref, version, fingerprint, own, holder(claim.new) or own, claim)


def _settle(
    ref: GlobalRef,
    version: int,
    fingerprint: str | None,
    own: Holder,
    heir: Holder,
    claim: OldName,
) -> GlobalRef:
    if version == own.version and fingerprint and own.fingerprint:
        return own.ref if fingerprint == own.fingerprint else claim.new
    if version > heir.version or (version == own.version == heir.version > 1):
        return own.ref
    if version == 1 and version < own.version:
        # A rename comes with a later version, so the first version bore the first name.
        return claim.new
    raise AmbiguousRenameError(str(ref), (str(own.ref), str(claim.new)))
