"""Loading with pickle's own signatures: the one place where pickles are loaded.

Everything that plain pickle does for stamped pickles it does here too. What the loader adds:
renames of unstamped classes, the finishing stage, and a pause of the cyclic garbage collector while
the graph is built.
"""

from __future__ import annotations

import builtins
import io
import pickle
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, Protocol

from pickle_migrate import collector, finishing, nested, resolver, stamps, unbuilt, unsaid
from pickle_migrate.errors import ArgumentError, UnknownClassError
from pickle_migrate.refs import GlobalRef
from pickle_migrate.registry import DEFAULT, Registry, declaration_of
from pickle_migrate.shapes import MARK

if TYPE_CHECKING:
    from pickle_migrate.gate import Gate
    from pickle_migrate.guarded import Guard
    from pickle_migrate.limits import Limits
    from pickle_migrate.policy import Policy
    from pickle_migrate.shims_world import World


class _Readable(Protocol):
    def read(self, n: int, /) -> bytes: ...
    def readline(self) -> bytes: ...


class Unpickler(pickle.Unpickler):
    """``pickle.Unpickler`` that also knows renames and the finishing stage.

    Besides pickle's arguments: ``registry`` (the default one), and ``pause_collector=False`` to
    leave Python's cyclic garbage collector alone. Loading runs code that the pickle names, as
    pickle does: never load a pickle that you do not trust, unless with a ``policy``.

    ``missing="shim"``: what the pickle names and nobody can import becomes an inert stand-in, see
    ``shims``; ``dump`` and ``dumps`` write it under its own name again.

    ``policy`` says which globals may be resolved, and ``limits`` how much a pickle may ask for (its
    defaults hold with a policy). With either, each pickle is read whole, scanned, and decided on
    before anything of it is imported; then those bytes are loaded. The file stands behind the
    pickle then, also when it was refused. ``load`` raises PolicyError and LimitError.
    """

    def __init__(
        self,
        file: _Readable,
        *,
        fix_imports: bool = True,
        encoding: str = "ASCII",
        errors: str = "strict",
        buffers: Iterable[Any] | None = (),
        registry: Registry | None = None,
        pause_collector: bool = True,
        policy: Policy | None = None,
        limits: Limits | None = None,
        missing: Literal["raise", "shim"] = "raise",
    ) -> None:
        self._stand_ins = _stand_ins(missing)
        self._guard: Guard | None = None
        self._registry = DEFAULT if registry is None else registry
        if not resolver.packs_asked:
            resolver.ask_for_packs()
        rewrites = self._registry.has_foreign and self._rewrites
        if policy is not None or limits is not None or rewrites:
            from pickle_migrate.guarded import Guard  # only those who ask pay for the scanner

            if policy is None and limits is None:
                from pickle_migrate.limits import NO_LIMITS as limits  # noqa: N811
            self._guard = Guard(
                self,
                file,
                policy,
                limits,
                fix_imports=fix_imports,
                encoding=encoding,
                errors=errors,
                buffers=buffers,
                registry=self._registry,
                rewrite=self._rewriter(encoding) if rewrites else None,
            )
            file, buffers = self._guard.file, self._guard.buffers
        if fix_imports and encoding == "ASCII" and errors == "strict" and not buffers:
            super().__init__(file)  # pickle's own defaults; handing them on costs small pickles
        else:
            super().__init__(
                file, fix_imports=fix_imports, encoding=encoding, errors=errors, buffers=buffers
            )
        self._pause_collector = pause_collector
        self._file = file
        self._spelled: dict[int, tuple[type, GlobalRef]] = {}
        self._unsaid: dict[GlobalRef, type] = {}
        self._unbuilt = unbuilt.Unbuilt(self._registry)

    #: Whether pickles are brought up to date first that hold objects of others' classes.
    _rewrites = True

    def _rewriter(self, encoding: str) -> Callable[[bytes, Any], bytes]:
        from pickle_migrate.foreign.rewriting import rewritten
        from pickle_migrate.foreign.wanted import Wanted

        wanted = Wanted(self._registry, encoding, partial(load_parts, registry=self._registry))

        def rewrite(data: bytes, scanned: Any) -> bytes:
            found = rewritten(data, (scanned,), wanted, check=False)
            return data if found is None else found.data

        return rewrite

    def load(self) -> Any:
        """Load the next pickle of the file, migrate it, run its finishing stage, and give its
        object. Raises MigrationError, and what pickle raises.
        """
        if self._guard is None:
            return self._load()
        self._guard.next()
        with self._guard.loading():
            return self._load()

    def _load(self) -> Any:
        start = unsaid.position(self._file)
        finishing.begin()
        try:
            if self._pause_collector:
                with collector.paused():
                    loaded = super().load()
            else:
                loaded = super().load()
            if self._unbuilt:
                self._unbuilt.migrate([*self.memo.copy().values(), loaded])
        finally:
            noted = finishing.end()
            if self._stand_ins is not None:
                self._stand_ins.calls.clear()
        if self._unsaid and self._guard is not None:
            unsaid.refuse_in(self._guard.scan, self._unsaid)
        elif self._unsaid:
            unsaid.refuse_unstamped(self._file, start, self._unsaid)
        if noted:
            finishing.run(noted)
        return loaded

    def find_class(self, module_name: str, global_name: str, /) -> Any:
        """What a global of the pickle stands for, after renames. Imports it, as pickle does."""
        if self._stand_ins is None:
            return self._find_class(module_name, global_name)
        try:
            found = self._find_class(module_name, global_name)
            return self._stand_ins.making(module_name, global_name, found)
        except (ImportError, AttributeError, UnknownClassError):
            return self._stand_ins.find(module_name, global_name)

    def _find_class(self, module_name: str, global_name: str) -> Any:
        if self._guard is not None and self._guard.gate is not None:
            return self._through(self._guard.gate, module_name, global_name)
        if module_name == stamps.MODULE and stamps.looks_like_stamp(global_name):
            return resolver.find_stamp(global_name, self._registry)
        resolver.settings()
        ref = GlobalRef(module_name, global_name)
        return self._found(ref, super().find_class)

    def _found(self, ref: GlobalRef, find: Callable[[str, str], Any]) -> Any:
        found = self._renamed(ref)
        if found is None:
            if nested.is_getattr(ref):
                return nested.Getattr(self._attribute)
            found = self._as_named(ref, find)
        self._remember(ref, found)
        return found

    def _through(self, gate: Gate, module_name: str, global_name: str) -> Any:
        """As ``find_class``, of names that the policy approved."""
        ref = GlobalRef(module_name, global_name)
        gate.require_seen(ref)
        if module_name == stamps.MODULE and stamps.looks_like_stamp(global_name):
            stamp = resolver.find_stamp(global_name, self._registry, gate.may_import)
            gate.require_no_length(ref, resolver.class_of_stamp(global_name, self._registry))
            return stamp
        if module_name == stamps.MODULE and global_name == stamps.text_only.__name__:
            return gate.text_only
        resolver.settings()
        return self._found(ref, lambda *_: gate.by_name(ref))

    def _as_named(self, ref: GlobalRef, find: Callable[[str, str], Any]) -> Any:
        try:
            found = find(ref.module, ref.qualname)
        except (ImportError, AttributeError):
            elsewhere = self._elsewhere(ref)
            if elsewhere is None:
                raise
            return elsewhere
        if isinstance(found, type) and MARK in vars(found):
            # A pickle that names a versioned class itself is older than its registration, and the
            # name may have been another class's then.
            resolver.import_migrations(declaration_of(found).migrations)
            renamed = self._renamed(ref)
            return found if renamed is None else renamed
        return found

    def _elsewhere(self, ref: GlobalRef) -> Any:
        """What a name that is not there stands for, or None."""
        # The declarations that know this name may not be imported yet.
        resolver.import_migrations()
        renamed = self._renamed(ref)
        if renamed is None and self._registry.renames_below(ref):
            return nested.Outer(ref)
        return renamed

    def _remember(self, ref: GlobalRef, found: Any) -> None:
        if not isinstance(found, type):
            if hasattr(type(found), MARK):
                self._unbuilt.pass_over(found)
            return
        if ref != GlobalRef.of(found):
            self._spelled[id(found)] = found, ref
        if not hasattr(found, MARK):
            return
        if MARK in vars(found):
            resolver.import_migrations(declaration_of(found).migrations)
        if MARK in vars(found) and unsaid.is_refused(found):
            self._unsaid[ref] = found
        elif unbuilt.is_older(found):
            self._unbuilt.add(found)

    def _renamed(self, ref: GlobalRef) -> Any:
        if self._registry.current_ref(ref) == ref:
            return None
        # A rule for the whole module may hold here, and a lineage that says more of the class may
        # not be imported yet.
        resolver.import_migrations()
        today = self._registry.current_ref(ref)
        return None if today == ref else self._imported(ref, today)

    def _imported(self, ref: GlobalRef, today: GlobalRef) -> Any:
        gate = None if self._guard is None else self._guard.gate
        try:
            return resolver.import_ref(today) if gate is None else gate.renamed(ref, today)
        except (ImportError, AttributeError) as error:
            reason = f"it is renamed to {today}, which cannot be imported: {error}"
            raise UnknownClassError(str(ref), 0, reason) from error

    def _attribute(self, owner: Any, name: str, *default: Any) -> Any:
        """``getattr``, which below protocol 4 also stands for the name of a nested class."""
        if self._stand_ins is not None and self._stand_ins.is_class(owner):
            return self._stand_ins.nested(self._stand_ins.getattr, owner, name)
        refs = [GlobalRef(ref.module, f"{ref.qualname}.{name}") for ref in self._refs_of(owner)]
        gate = None if self._guard is None else self._guard.gate
        if gate is not None and gate.policy.trust:
            gate = None
        if gate is not None:
            refs = [gate.attribute(refs)]
        for ref in refs:
            found = self._renamed(ref)
            if found is not None:
                self._remember(ref, found)
                return found
        try:
            if gate is not None:
                found = gate.attribute_of(refs[0], owner, name)
            else:
                found = builtins.getattr(owner, name, *default)
        except AttributeError:
            found = self._elsewhere(refs[0]) if refs else None
            if found is None:
                raise
        if refs:
            self._remember(refs[0], found)
        return found

    def _refs_of(self, owner: Any) -> list[GlobalRef]:
        """How pickles may name a class: as this one did, and as it is named today."""
        if isinstance(owner, nested.Outer):
            return [owner.ref]
        if not isinstance(owner, type):
            return []
        _, spelled = self._spelled.get(id(owner), (owner, GlobalRef.of(owner)))
        return list(dict.fromkeys([spelled, GlobalRef.of(owner)]))


def _stand_ins(missing: str) -> World | None:
    if missing == "shim":
        from pickle_migrate.shims_world import World  # only those who ask pay for it

        return World()
    if missing != "raise":
        raise ArgumentError(f"missing={missing!r}", "it is 'raise' or 'shim'")
    return None


def load(
    file: _Readable,
    *,
    fix_imports: bool = True,
    encoding: str = "ASCII",
    errors: str = "strict",
    buffers: Iterable[Any] | None = (),
    registry: Registry | None = None,
    pause_collector: bool = True,
    policy: Policy | None = None,
    limits: Limits | None = None,
    missing: Literal["raise", "shim"] = "raise",
) -> Any:
    """``pickle.load`` with migrations: read one pickle from a binary file and give its object.

    Raises MigrationError when the pickle cannot be migrated, and what pickle raises. Imports and
    runs what the pickle names: never load a pickle that you do not trust, unless with a ``policy``
    that says what it may name. Writes nothing. ``policy``, ``limits`` and ``missing`` as for
    ``Unpickler``.
    """
    return Unpickler(
        file,
        fix_imports=fix_imports,
        encoding=encoding,
        errors=errors,
        buffers=buffers,
        registry=registry,
        pause_collector=pause_collector,
        policy=policy,
        limits=limits,
        missing=missing,
    ).load()


def loads(
    data: bytes | bytearray | memoryview,
    /,
    *,
    fix_imports: bool = True,
    encoding: str = "ASCII",
    errors: str = "strict",
    buffers: Iterable[Any] | None = (),
    registry: Registry | None = None,
    pause_collector: bool = True,
    policy: Policy | None = None,
    limits: Limits | None = None,
    missing: Literal["raise", "shim"] = "raise",
) -> Any:
    """``pickle.loads`` with migrations: bytes in, the first pickle's object out. As ``load``."""
    size = memoryview(data).nbytes
    file: Any = io.BytesIO(data)
    if not resolver.packs_asked:
        resolver.ask_for_packs()
    if policy is not None or limits is not None or (registry or DEFAULT).has_foreign:
        from pickle_migrate.streams import Whole

        file = Whole(data)
    elif type(data) is not bytes or size > collector.PAYS_FROM or not _in_frames(data):
        # The C unpickler reads ahead only in files that can be peeked into, and in frames.
        file = io.BufferedReader(file)
    return Unpickler(
        file,
        fix_imports=fix_imports,
        encoding=encoding,
        errors=errors,
        buffers=buffers,
        registry=registry,
        pause_collector=pause_collector and size > collector.PAYS_FROM,
        policy=policy,
        limits=limits,
        missing=missing,
    ).load()


class _PartsUnpickler(Unpickler):
    """Loads parts of a pickle that is just being brought up to date."""

    _rewrites = False


def load_parts(data: bytes, *, registry: Registry = DEFAULT) -> Any:
    """The object of a pickle that a step of a class of others asks for: of data types of Python,
    numpy and pandas, and of what packs allow. Raises PolicyError, and what pickle raises.
    """
    from pickle_migrate.policy import COMMAND_PRESETS, Policy

    policy = Policy(presets=COMMAND_PRESETS, registry=registry)
    return _PartsUnpickler(io.BytesIO(data), encoding="latin1", policy=policy).load()


def _in_frames(data: bytes) -> bool:
    return data[:1] == b"\x80" and data[1:2] >= b"\x04"
