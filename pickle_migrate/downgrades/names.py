"""What a class was called at a version, and with which fingerprint its pickles were stamped."""

from __future__ import annotations

from pickle_migrate.refs import GlobalRef
from pickle_migrate.registry import Registry
from pickle_migrate.renames import OldName


def name_at(
    registry: Registry, ref: GlobalRef, version: int, current: int
) -> tuple[GlobalRef, str | None]:
    """The name that a class had at a version, and a problem where nothing says which it was.

    ``renamed_from(..., until=N)`` says it. Without ``until``, a single old name counts for version
    1 of a class that has a later one, since a rename came with a later version; for any other
    version there is no telling.
    """
    claims = registry.old_claims(ref)
    dated = [claim for claim in claims if claim.until is not None and claim.until >= version]
    if dated:
        return min(dated, key=_until).old, None
    undated = [claim for claim in claims if claim.until is None]
    if not undated or version == current:
        return ref, None
    if version == 1 and len(undated) == 1:
        return undated[0].old, None
    names = " or ".join(str(claim.old) for claim in undated)
    return ref, f"it was called {names} before, and nothing says up to which version"


def _until(claim: OldName) -> int:
    return claim.until or 0


def fingerprint_at(
    registry: Registry, ref: GlobalRef, version: int, current: int, today: str | None
) -> str | None:
    """The fingerprint of a version, if exactly one is known.

    With several, none of them is sure to be the reader's own, and a stamp without one is read by
    all releases of that version.
    """
    known = {d for record in registry.family(ref) for d in record.fingerprints.get(version, ())}
    if version == current and today is not None:
        known.add(today)
    return known.pop() if len(known) == 1 else None
