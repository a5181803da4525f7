"""What the lock holds, as values: classes, their versions, the fields of each version."""

from __future__ import annotations

import attrs

from pickle_migrate.refs import GlobalRef


@attrs.frozen
class LockedVersion:
    """One version of one class, as it once was.

    ``fields``: name and canonical type text (``schema.type_text``; empty: not declared), sorted by
    name; None: nobody knows them. ``fingerprint`` is that of the declared fields, as in stamps;
    None where the class declares none. ``state``: how its state is shaped in a pickle, such as
    "dict", "slots", "positional" or "own" (see ``shape_words``), "unknown" where nobody knows.
    ``seen``: the fields were seen in instances, for the class declares none. ``order``: the fields
    of the class and its bases in the order of a state by position, where unstamped pickles of this
    version may hold such; None where states have names.
    ``fill``: the class says ``fill=True``, so that fields may come and go under one version.
    ``fillable``: its fields that have defaults; None: nobody knows. That stands in no file, and two
    versions that differ in it alone are equal.
    """

    version: int
    fields: tuple[tuple[str, str], ...] | None = None
    fingerprint: str | None = None
    state: str = "dict"
    seen: bool = False
    order: tuple[str, ...] | None = None
    fill: bool = False
    fillable: frozenset[str] | None = attrs.field(default=None, eq=False)

    @property
    def known(self) -> str:
        """Where the fields are from: "declared" by the class, "seen" in pickles, or "unknown"."""
        if self.fields is None:
            return "unknown"
        return "seen" if self.seen else "declared"


@attrs.frozen
class LockedClass:
    """All versions of one class that the lock knows, in ascending order.

    ``old_names``: the refs that it had before, as texts, sorted. ``unstamped``: the version of
    pickles that carry none, as ``versioned(unstamped=...)`` says it.
    """

    ref: GlobalRef
    versions: tuple[LockedVersion, ...]
    unstamped: int | None = None
    old_names: tuple[str, ...] = ()

    @property
    def head(self) -> LockedVersion:
        """The newest version."""
        return self.versions[-1]

    def at(self, version: int) -> LockedVersion | None:
        """One version, or None if it is not in the lock."""
        return next((one for one in self.versions if one.version == version), None)


@attrs.frozen
class Lock:
    """All classes, sorted by ref."""

    classes: tuple[LockedClass, ...] = ()
    _by_ref: dict[GlobalRef, LockedClass] = attrs.field(
        init=False, eq=False, repr=False, factory=dict
    )

    def of(self, ref: GlobalRef) -> LockedClass | None:
        """The class of a ref, or None."""
        if not self._by_ref:  # filled when first asked for
            self._by_ref.update((one.ref, one) for one in reversed(self.classes))
        return self._by_ref.get(ref)
