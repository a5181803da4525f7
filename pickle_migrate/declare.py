"""How users declare: ``versioned`` on a class, ``migrates`` on a step, ``Lineage`` for all else."""

from __future__ import annotations

import copyreg
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar, overload

from pickle_migrate.errors import (
    ArgumentError,
    RefError,
    UnsupportedShapeError,
    VersionNumberError,
)
from pickle_migrate.hooks import install
from pickle_migrate.lineage import (
    ByteStrings,
    Finisher,
    LineageRecord,
    VersionOf,
    check_version,
)
from pickle_migrate.refs import GlobalRef
from pickle_migrate.registry import DEFAULT, Declaration, Registry, fingerprint_of
from pickle_migrate.renames import OldName
from pickle_migrate.shapes import MARK, kind_of

if TYPE_CHECKING:
    from pickle_migrate.operations import Operation

C = TypeVar("C", bound=type)
F = TypeVar("F", bound=Callable[..., Any])
_Place = tuple[str, Any]  # for people, and the __spec__ of the module, new when it is reloaded


def versioned(
    version: int,
    *,
    unstamped: int | None = None,
    migrations: str | tuple[str, ...] | list[str] = (),
    registry: Registry | None = None,
    fill: bool = False,
) -> Callable[[C], C]:
    """Class decorator: from now on the class's pickles carry their version and migrate when loaded.

    ``version`` is the current one, a whole number from 1. ``unstamped`` is the version of pickles
    that were written before the class had the decorator; leave it out only if there are none.
    ``migrations`` names modules that hold the steps; they are imported when the first old pickle
    turns up. Put the decorator above (outside) ``dataclass`` or attrs' ``define``.

    ``fill``: fields that a pickle lacks are filled from the defaults and factories of the dataclass
    or attrs class, and those that the class does not know are kept and written again. Pickles with
    other fields than today's are accepted then, without a new version.

    Gives the class itself, with ``__reduce_ex__`` and, where needed, ``__setstate__`` put on it,
    and its reducer in copyreg. Raises VersionNumberError, ArgumentError and UnsupportedShapeError.
    Imports nothing.
    """
    _refuse_class(version)
    if type(fill) is not bool:
        raise ArgumentError(f"versioned(fill={fill!r})", "it is True or False")
    modules = _modules(migrations)
    mine = _registry(registry)

    def register(cls: C) -> C:
        ref = _ref_of_class(cls)
        check_version(ref, version)
        if unstamped is not None:
            check_version(ref, unstamped)
        _check_shape(cls, ref, version, unstamped)
        fingerprint = fingerprint_of(cls)
        if fill:
            from pickle_migrate.filling import declaring  # few programs pay for it

            declaring.require_fillable(cls)
            fingerprint = declaring.fingerprint_to_fill(cls)
        install(cls, Declaration(version, unstamped, modules, mine, fingerprint, fill=fill))
        return cls

    return register


def _refuse_class(version: object) -> None:
    # Without parentheses, the decorator would leave a function where the class should be.
    if isinstance(version, type):
        raise VersionNumberError(str(GlobalRef.of(version)), "@versioned stands without a version")


def _modules(given: object) -> tuple[str, ...]:
    names = (given,) if isinstance(given, str) else given
    if not isinstance(names, tuple | list) or not all(isinstance(n, str) and n for n in names):
        raise ArgumentError(
            f"versioned(migrations={given!r})", "it names a module by a text, or several in a list"
        )
    return tuple(names)


def _registry(given: object) -> Registry:
    if given is None:
        return DEFAULT
    if not isinstance(given, Registry):
        raise ArgumentError(f"registry={given!r}", "it is no Registry()")
    return given


def _ref_of_class(cls: object) -> GlobalRef:
    if not isinstance(cls, type):
        raise RefError(repr(cls))
    return GlobalRef.of(cls)


def _check_shape(cls: type, ref: GlobalRef, version: int, unstamped: int | None) -> None:
    try:
        cls.__pickle_migrate_probe__ = None  # type: ignore[attr-defined]
        del cls.__pickle_migrate_probe__  # type: ignore[attr-defined]
    except TypeError:
        raise UnsupportedShapeError(
            str(ref),
            "it is written in C and takes no attributes",
            "Make a subclass of it, and version that.",
        ) from None
    if MARK not in vars(cls) and cls in copyreg.dispatch_table:
        raise UnsupportedShapeError(
            str(ref),
            "copyreg has a reducer for it already, and there is one place for each class",
            "Make that function the class's __reduce__, and leave out copyreg.pickle().",
        )
    if unstamped is not None and unstamped > version:
        raise VersionNumberError(str(ref), f"unstamped={unstamped} is above version {version}")
    build = kind_of(cls).build
    if build in ("enum", "namedtuple") and unstamped is not None and unstamped < version:
        raise UnsupportedShapeError(
            str(ref),
            f"an unstamped pickle of {'an Enum' if build == 'enum' else 'a namedtuple'} gives its "
            "values straight to the class, where no step can come between",
            f"Leave out unstamped={unstamped}. Load the old pickles with the old class, register "
            "it at that version, and dump them again; from then on they carry their version.",
        )


@overload
def migrates(
    target: type | str | GlobalRef,
    version: int,
    *,
    inverse: Callable[..., Any] | None = None,
    registry: Registry | None = None,
) -> Callable[[F], F]: ...
@overload
def migrates(
    target: type | str | GlobalRef,
    version: int,
    *,
    arguments: bool,
    inverse: Callable[..., Any] | None = None,
    registry: Registry | None = None,
) -> Callable[[F], F]: ...
def migrates(
    target: type | str | GlobalRef,
    version: int,
    *,
    arguments: bool = False,
    inverse: Callable[..., Any] | None = None,
    registry: Registry | None = None,
) -> Callable[[F], F]:
    """Decorator: a function that takes a state of ``version`` to the next one.

    ``target`` is the class or its ref ``module:qualname``. The function gets the state and returns
    the new one, or changes it in place and returns None. With ``arguments=True`` it gets ``(args,
    kwargs)`` of a class that is rebuilt through constructor arguments, and returns both.
    ``inverse`` is the function that leads back, of the same kind; it is needed only to write the
    older version (see ``dumps(versions=...)``). Gives the function itself. Raises RefError,
    VersionNumberError, DuplicateStepError, OperationError.
    """

    def declare(function: F) -> F:
        lineage = Lineage(target, registry=registry)
        place = _place_of(function) or _caller(2)
        if arguments:
            lineage._add(version, (), place, function, back=inverse)
        elif inverse is None:
            lineage._add(version, (function,), place, None)
        else:
            from pickle_migrate.operations import RunFunction

            lineage._add(version, (RunFunction(function, inverse=inverse),), place, None)
        return function

    return declare


class Lineage:
    """All versions of one class, across its names: steps, old names, what is known of a version.

    ``Lineage("shop.models:Order")`` may be written any number of times; all speak of the same
    lineage. Every method gives the lineage itself. Nothing is imported.
    """

    def __init__(
        self,
        target: type | str | GlobalRef,
        *,
        version_of: VersionOf | None = None,
        registry: Registry | None = None,
    ) -> None:
        self.ref = GlobalRef.of(target)
        self._registry = _registry(registry)
        if version_of is not None:
            self.version_of(version_of)

    def __repr__(self) -> str:
        return f"Lineage({str(self.ref)!r})"

    def upgrade(
        self,
        version: int,
        *operations: Operation | Callable[[Any], Any],
        arguments: Callable[[tuple[Any, ...], dict[str, Any]], Any] | None = None,
        to: int | None = None,
    ) -> Lineage:
        """Declare the step from ``version`` to the next: operations and functions, in order.

        ``arguments`` changes what a class gets that is rebuilt through constructor arguments.
        ``to``: a later version that it leads to at once, as a squashed migration does; the single
        steps in between may stand beside it, for pickles of the versions in between.
        Raises VersionNumberError, DuplicateStepError, OperationError.
        """
        return self._add(version, operations, _caller(2), arguments, to)

    def _add(
        self,
        version: int,
        operations: Any,
        place: _Place,
        arguments: Any,
        to: int | None = None,
        back: Any = None,
    ) -> Lineage:
        from pickle_migrate.migration import Migration  # a program without steps need not pay

        check_version(self.ref, version)
        where, run = place
        migration = Migration(
            self.ref, version, tuple(operations), where, arguments, to=to, arguments_back=back
        )
        self._registry.record(self.ref, lambda record: record.add_step(migration, run))
        return self

    def downgrade(
        self,
        version: int,
        *operations: Operation | Callable[[Any], Any],
        arguments: Callable[[tuple[Any, ...], dict[str, Any]], Any] | None = None,
        lossy: bool = False,
    ) -> Lineage:
        """Declare the way back to ``version`` from the next one, for writing what an older release
        reads. Needed only where the step's operations have no inverse of their own.

        Operations and functions run in order, on the state of the newer version. Without any, the
        inverses of the step's own operations are used. ``arguments`` gives back what the older
        class is rebuilt from. ``lossy=True`` consents to what the way back drops: a value that the
        step would not put there again. Raises VersionNumberError, DuplicateStepError,
        OperationError, ArgumentError.
        """
        from pickle_migrate.migration import Migration, WayBack

        check_version(self.ref, version)
        if type(lossy) is not bool:
            raise ArgumentError(f"{self!r}.downgrade(lossy={lossy!r})", "it is True or False")
        if not operations and arguments is None and not lossy:
            call = f"{self!r}.downgrade({version})"
            raise ArgumentError(call, "it says nothing: give operations, a function, or lossy=True")
        where, run = _caller(2)
        migration = None
        if operations or arguments is not None:
            migration = Migration(self.ref, version, operations, where, arguments, backward=True)
        way = WayBack(version, migration, lossy, where)
        self._registry.record(self.ref, lambda record: record.add_way_back(way, run))
        return self

    def renamed_from(self, *old: type | str | GlobalRef, until: int | None = None) -> Lineage:
        """Say which names the class had before. ``until``: the last version under those names; it
        is needed only where another class bears such a name today.
        """
        if until is not None:
            check_version(self.ref, until)
        for name in [OldName(GlobalRef.of(one), self.ref, until) for one in old]:
            self._registry.add_old_name(name)
        return self

    def fields(self, version: int, *names: str) -> Lineage:
        """Name the fields of a version in the order of its positional states: frozen dataclasses
        with slots, and attrs classes with slots before attrs 22.2, wrote values without names.
        """
        check_version(self.ref, version)
        if not all(isinstance(n, str) for n in names) or len(set(names)) != len(names):
            problem = f"fields({version}, ...) names each field of that version once, by a text"
            raise VersionNumberError(str(self.ref), problem)
        self._registry.record(self.ref, lambda record: record.field_orders.update({version: names}))
        return self

    def unstamped(self, version: int) -> Lineage:
        """Say which version unstamped pickles hold of a class that is gone, or that is not to be
        imported. For a class that is there, ``versioned(unstamped=...)`` says it. Raises
        VersionNumberError.
        """
        check_version(self.ref, version)

        def note(record: LineageRecord) -> None:
            record.unstamped = version

        self._registry.record(self.ref, note)
        return self

    def version_of(self, function: VersionOf) -> Lineage:
        """Say how the version of an object is told that nobody stamped: for classes of others.

        ``function(view)`` gets one object as the pickle makes it (``foreign.View``: its arguments,
        its state, the pickle around it), and gives its version, or None where nothing is to be
        done. The steps from there on run on the pickle itself, before anything of it is loaded: by
        this package's load and upgrade, not by plain pickle.
        """
        if not callable(function):
            raise ArgumentError(f"{self!r}.version_of({function!r})", "it takes a function")

        def note(record: LineageRecord) -> None:
            record.version_of = function

        self._registry.record(self.ref, note)
        return self

    def byte_strings(self, *state: str | int, args: tuple[int, ...] = ()) -> Lineage:
        """Say where objects of the class kept data, not text, in 8-bit strings of Python 2: in
        fields of the state, or at places of one that is a tuple, and in constructor arguments. For
        the pack "python2", which takes all other strings for text.
        """
        found = ByteStrings(frozenset(args), frozenset(state))

        def note(record: LineageRecord) -> None:
            record.byte_strings = found

        self._registry.record(self.ref, note)
        return self

    def accept_fingerprint(self, version: int, digest: str) -> Lineage:
        """Say that pickles of ``version`` with this fingerprint hold the same state."""
        check_version(self.ref, version)
        if not isinstance(digest, str) or not set(digest) <= set("0123456789abcdef") or not digest:
            call = f"{self!r}.accept_fingerprint{(version, digest)}"
            raise ArgumentError(call, "a fingerprint is a text of hexadecimal digits, as in stamps")
        self._registry.record(self.ref, lambda record: record.accept(version, digest))
        return self

    def finish(self, version: int, function: Finisher) -> Finisher:
        """Run ``function(obj)`` after the whole graph is loaded, for each object that came from
        ``version`` or below. Only this package's loader has such an end, plain pickle has none.
        Gives the function itself.
        """
        if not callable(function):
            raise ArgumentError(f"{self!r}.finish{(version, function)}", "it takes a function")
        _, run = _caller(2)
        self._registry.record(self.ref, lambda record: record.add_finisher(version, function, run))
        return function


def _place_of(function: Callable[..., Any]) -> _Place | None:
    code = getattr(function, "__code__", None)
    if code is None:
        return None
    where = f"{function.__module__}:{function.__qualname__}, line {code.co_firstlineno}"
    return where, function.__globals__.get("__spec__")


def _caller(depth: int) -> _Place:
    frame = sys._getframe(depth)
    where = f"{frame.f_globals.get('__name__', '?')}, line {frame.f_lineno}"
    return where, frame.f_globals.get("__spec__")
