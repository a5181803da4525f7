"""Which classes are versioned, which lineages and renames are declared. It keeps and validates.

Nothing here imports what a pickle names; ``resolver`` does.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import attrs

from pickle_migrate.errors import AmbiguousRenameError, RenameLoopError, VersionNumberError
from pickle_migrate.lineage import LineageRecord, check_version
from pickle_migrate.refs import GlobalRef
from pickle_migrate.renames import Holder, OldName, RenameMap, owner_of
from pickle_migrate.schema import schema_of
from pickle_migrate.shapes import MARK


@attrs.frozen(eq=False, repr=False)
class Declaration:
    """What ``versioned`` said of one class. It stands in the class's own ``__dict__``, so that a
    subclass never inherits it and a class that cloudpickle rebuilds keeps it.

    ``version`` 0 marks a subclass that nobody registered; its registered bases are stamped.
    ``fill``: missing fields come from the class's own defaults, unknown ones are kept.
    ``hooked`` names the methods that registration put on the class, ``originals`` what stood there.
    """

    version: int
    unstamped: int | None
    migrations: tuple[str, ...]
    registry: Registry
    fingerprint: str | None = None
    fill: bool = attrs.field(default=False, kw_only=True)
    hooked: frozenset[str] = frozenset()
    originals: Mapping[str, Any] = attrs.field(factory=dict)


class Registry:
    """Versioned classes, lineages and renames that belong together.

    A program needs only the default one. Another one serves tests, or data of two applications
    whose names clash; give it to ``versioned``, ``migrates``, ``Lineage``, ``load`` and ``loads``.
    Safe to use from several threads.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.generation = 0
        self._records: dict[GlobalRef, LineageRecord] = {}
        self._classes: dict[GlobalRef, type] = {}
        self._old_names: dict[GlobalRef, list[OldName]] = {}
        self._renames = RenameMap()
        self._heirs: tuple[int, dict[GlobalRef, list[LineageRecord]]] = (-1, {})
        self._known: tuple[int, frozenset[GlobalRef]] = (-1, frozenset())
        #: Whether pickles may hold objects of classes of others that have steps, or 8-bit strings
        #: of Python 2 that rules tell apart. Loading asks before each pickle.
        self.has_foreign = False
        self.tells_strings_apart = False
        self._pack_names: dict[GlobalRef, tuple[str, frozenset[str]]] = {}
        self._packs: dict[str, object] = {}
        self._declaring = ""
        self._of_packs: set[str] = set()

    def __reduce__(self) -> Any:
        # A class that cloudpickle writes by value belongs to the default registry where it is read.
        return _default, ()

    def __copy__(self) -> Registry:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Registry:
        return self

    # --- declaring ----------------------------------------------------------------------------

    def rename(self, old: str, new: str) -> None:
        """Say that a name in pickles is another one today. Both are ``module:qualname`` (a class),
        or both are modules (a module or package that moved, with all below it).

        True for pickles of every version. Raises RefError and RenameLoopError. Imports nothing.
        """
        with self.lock:
            self._renames.add(old, new)
            if self._declaring:
                self._of_packs.add(old)
            else:
                self._of_packs.discard(old)
            self.generation += 1

    def add_old_name(self, name: OldName) -> None:
        """Keep an old name of a lineage. Raises RenameLoopError for a name that is its own."""
        if name.old == name.new:
            raise RenameLoopError((str(name.old), str(name.new)))
        with self.lock:
            names = self._old_names.setdefault(name.old, [])
            if name not in names:
                names[:] = [n for n in names if n.new != name.new] + [name]
            self.generation += 1

    def record(self, ref: GlobalRef, declare: Callable[[LineageRecord], object]) -> None:
        """Let ``declare`` add to the lineage of a ref, while no other thread does."""
        with self.lock:
            record = self._records.setdefault(ref, LineageRecord(ref))
            declare(record)
            if self._declaring:
                self._of_packs.add(str(ref))
            else:
                self._of_packs.discard(str(ref))
            self.has_foreign = self.has_foreign or record.version_of is not None
            # Counted when it is done, for a route that is found meanwhile does not hold it.
            self.generation += 1

    @contextlib.contextmanager
    def declaring(self, pack: str) -> Iterator[None]:
        """The time in which the rules of a pack are declared: what these name may be named by
        pickles only as far as the pack says so.
        """
        with self.lock:
            before, self._declaring = self._declaring, pack
            try:
                yield
            finally:
                self._declaring = before

    def tell_strings_apart(self) -> None:
        """From now on, the 8-bit strings of Python 2 are text or bytes by where they stand."""
        with self.lock:
            self.tells_strings_apart = self.has_foreign = True
            self.generation += 1

    def allow_for(self, pack: str, uses: Mapping[GlobalRef, frozenset[str]]) -> None:
        """Keep what pickles may name for a pack, and what they may do with each name: "called",
        "instantiated", "named". Imports nothing.
        """
        with self.lock:
            for ref, allowed in uses.items():
                before = self._pack_names.get(ref, (pack, frozenset()))
                self._pack_names[ref] = before[0], before[1] | allowed
            self._packs.setdefault(pack, None)
            self.generation += 1

    def add_class(self, cls: type, declaration: Declaration) -> None:
        """Keep a class under its ref. A later class of the same ref (a reloaded module) takes its
        place. Raises VersionNumberError.
        """
        ref = GlobalRef.of(cls)
        if declaration.version:
            check_version(ref, declaration.version)
        if declaration.unstamped is not None:
            check_version(ref, declaration.unstamped)
            if declaration.unstamped > declaration.version:
                problem = (
                    f"unstamped={declaration.unstamped} is above version {declaration.version}"
                )
                raise VersionNumberError(str(ref), problem)
        with self.lock:
            self._classes[ref] = cls
            self.generation += 1

    # --- asking -------------------------------------------------------------------------------

    def classes(self) -> Iterator[tuple[GlobalRef, type]]:
        """Every versioned class with its ref, in the order of registration."""
        with self.lock:
            return iter([(r, c) for r, c in self._classes.items() if declaration_of(c).version])

    def lineages(self) -> list[LineageRecord]:
        """Every declared lineage, in the order in which they were first spoken of."""
        with self.lock:
            return list(self._records.values())

    def touch(self) -> None:
        """Say that something that was declared is another one now: routes are found anew."""
        with self.lock:
            self.generation += 1

    def knows(self, ref: GlobalRef) -> bool:
        """Whether a class of this name was declared, now or under an older name: by ``versioned``,
        by a lineage, or by a rename of the class itself. Imports nothing.
        """
        generation, found = self._known
        if generation != self.generation:
            with self.lock:
                generation, found = self.generation, frozenset(self._names())
                self._known = generation, found
        return ref in found

    def _names(self) -> Iterator[GlobalRef]:
        yield from (ref for ref, cls in self._classes.items() if declaration_of(cls).version)
        yield from (ref for ref in self._records if str(ref) not in self._of_packs)
        for names in self._old_names.values():
            for name in names:
                yield from (name.old, name.new)
        for source in self._renames.sources():
            if ":" in source and source not in self._of_packs:
                old = GlobalRef.parse(source)
                yield from (old, self._renames.once(old) or old)

    def is_foreign(self, ref: GlobalRef) -> bool:
        """Whether a lineage says how to tell the version of a class that is nobody's here."""
        if not self.has_foreign:
            return False
        return any(record.version_of is not None for record in self.family(ref))

    def pack_of(self, ref: GlobalRef) -> tuple[str, frozenset[str]] | None:
        """The pack that lets pickles name something, and what they may do with it; or None."""
        return self._pack_names.get(ref)

    @property
    def packs(self) -> tuple[str, ...]:
        """The names of the packs that are in use, in the order in which they came."""
        return tuple(self._packs)

    def moved_to(self, module: str) -> str | None:
        """The module or package to which a rename moved others and in which this one is, if any."""
        with self.lock:
            mine = [s for s in self._renames.sources() if s not in self._of_packs]
            rules = [self._renames.target(s) for s in mine if ":" not in s]
        return next((new for new in rules if f"{module}.".startswith(f"{new}.")), None)

    def class_at(self, ref: GlobalRef) -> type | None:
        """The versioned class whose own ref this is, if it is registered by now."""
        return self._classes.get(ref)

    def holder(self, ref: GlobalRef) -> Holder | None:
        """The registered class that bears a name today, as ``renames`` needs it."""
        cls = self._classes.get(ref)
        if cls is None or not (declaration := declaration_of(cls)).version:
            return None
        return Holder(ref, declaration.version, declaration.fingerprint)

    def current_ref(
        self, ref: GlobalRef, version: int | None = None, fingerprint: str | None = None
    ) -> GlobalRef:
        """Today's name of what a pickle calls ``ref``, by all renames together.

        ``version`` and ``fingerprint`` are the stamp's, None for unstamped pickles. Raises
        RenameLoopError and AmbiguousRenameError. Imports nothing.
        """
        if not self._old_names and not self._renames:
            return ref
        seen: list[GlobalRef] = [ref]
        while True:
            new = self._owner(ref, version, fingerprint)
            if new is not None and new != ref and self._is_live(new, version):
                return new
            new = new or self._with_outer(ref) or self._renames.once(ref)
            if new is None or new == ref:
                return ref
            if new in seen or len(seen) > self._most_names():
                raise RenameLoopError(tuple(str(r) for r in [*seen, new]))
            seen.append(new)
            ref = new

    def _owner(
        self, ref: GlobalRef, version: int | None, fingerprint: str | None = None
    ) -> GlobalRef | None:
        claims = self._old_names.get(ref)
        return owner_of(ref, version, fingerprint, claims, self.holder) if claims else None

    def _with_outer(self, ref: GlobalRef) -> GlobalRef | None:
        # A nested class goes where the class goes that it is nested in. Whose version the pickle
        # tells is the nested one's; of the outer one nothing is known.
        outer, dot, name = ref.qualname.rpartition(".")
        if not dot or self.holder(ref) is not None:
            return None
        owner = GlobalRef(ref.module, outer)
        new = self._owner(owner, None) or self._with_outer(owner)
        return (
            None
            if new is None or new == owner
            else attrs.evolve(new, qualname=f"{new.qualname}.{name}")
        )

    def _is_live(self, ref: GlobalRef, version: int | None = None) -> bool:
        """Whether a class bears this name today: it is registered, or lineages swapped their names
        and this one is among them, whether or not their classes were met by now.
        """
        if self.holder(ref) is not None:
            return True
        seen: set[GlobalRef] = set()
        new: GlobalRef | None = ref
        with contextlib.suppress(AmbiguousRenameError):
            while new is not None and new not in seen:
                seen.add(new)
                new = self._owner(new, version)
            return new == ref and len(seen) > 1
        return False

    def _most_names(self) -> int:
        return 2 * (len(self._old_names) + len(self._renames.sources()))

    def renames_below(self, ref: GlobalRef) -> bool:
        """Whether a rename exists for something nested in ``ref``."""
        inside = f"{ref.module}:{ref.qualname}."
        names = [*map(str, list(self._old_names)), *self._renames.sources()]
        return any(name.startswith(inside) for name in names)

    def old_names(self, ref: GlobalRef) -> list[GlobalRef]:
        """The names that a class had before, the last one first. Names of modules, and of what it
        is nested in, are not told.
        """
        with self.lock:
            pairs = [(n.old, n.new) for names in self._old_names.values() for n in names]
            rules = [s for s in self._renames.sources() if ":" in s]
        pairs += [(old, self._renames.once(old) or old) for old in map(GlobalRef.parse, rules)]
        found = [ref]
        for name in found:
            # A name that another class bears today: what that was called before is its own affair.
            if name is ref or not self._is_live(name):
                found += [old for old, new in pairs if new == name and old not in found]
        return found[1:]

    def old_claims(self, ref: GlobalRef) -> list[OldName]:
        """What lineages said of a class's older names, with the versions up to which they hold."""
        with self.lock:
            claims = [n for names in self._old_names.values() for n in names]
        found, heirs = [], [ref]
        for heir in heirs:
            for claim in claims:
                if claim.new == heir and claim not in found:
                    found.append(claim)
                    # A name that another class bears today: what that was before is its affair.
                    if not self._is_live(claim.old) and claim.old not in heirs:
                        heirs.append(claim.old)
        return found

    def family(self, ref: GlobalRef) -> list[LineageRecord]:
        """The lineage of a ref, with what was declared under its older names."""
        own = [self._records[ref]] if ref in self._records else []
        return own + self._inherited().get(ref, [])

    def _inherited(self) -> dict[GlobalRef, list[LineageRecord]]:
        """The lineages of names that no class bears today, by the ref that took each over."""
        with self.lock:
            generation, found = self._heirs
            if generation != self.generation:
                found = {}
                for old, record in self._records.items():
                    if (self._old_names or self._renames) and not self._is_live(old):
                        for heir, part in self._shares(old, record):
                            found.setdefault(heir, []).append(part)
                self._heirs = self.generation, found
            return found

    def _shares(
        self, old: GlobalRef, record: LineageRecord
    ) -> Iterator[tuple[GlobalRef, LineageRecord]]:
        versions: dict[GlobalRef, set[int]] = {}
        for v in record.versions():
            # Whose it is may differ from version to version, or be nobody's knowledge.
            with contextlib.suppress(AmbiguousRenameError, RenameLoopError):
                versions.setdefault(self.current_ref(old, v), set()).add(v)
        for heir, held in versions.items():
            if heir != old:
                yield heir, record.part(held.__contains__)


def declaration_of(cls: type) -> Declaration:
    """The class's own declaration. Raises KeyError when the class itself has none."""
    found: Declaration = vars(cls)[MARK]
    return found


def registered_in_mro(cls: type) -> list[type]:
    """The class, if it carries a declaration, and its versioned bases, in MRO order."""
    marked = [k for k in cls.__mro__ if MARK in vars(k)]
    return [k for k in marked if k is cls or declaration_of(k).version]


def fingerprint_of(cls: type) -> str | None:
    """The fingerprint of the fields that the class declares, or None when it declares none."""
    schema = schema_of(cls)
    return None if schema is None else schema.fingerprint()


DEFAULT = Registry()


def _default() -> Registry:
    return DEFAULT


def today_of_name(registry: Registry, ref: GlobalRef, by_getattr: bool) -> GlobalRef:
    """Today's name of a global, as the loader finds it. ``by_getattr``: the pickle gets it from its
    outer class, as below protocol 4, so that the outer one's renames count too.
    """
    today = registry.current_ref(ref)
    outer, dot, name = ref.qualname.rpartition(".")
    if today != ref or not by_getattr or not dot:
        return today
    owner = today_of_name(registry, GlobalRef(ref.module, outer), by_getattr)
    return registry.current_ref(GlobalRef(owner.module, f"{owner.qualname}.{name}"))
