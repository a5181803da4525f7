"""A migration: the operations that lead from one version of a class's state to the next.

It is a value. It names the class by its ref and never imports it, so that it still works when the
class is gone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import attrs

from pickle_migrate.errors import OperationError, VersionNumberError
from pickle_migrate.fieldrules import FieldOperation, Fields, Operation, check_functions
from pickle_migrate.operations import RunFunction
from pickle_migrate.refs import GlobalRef

Arguments = Callable[[tuple[Any, ...], dict[str, Any]], Any]


def _ref(target: type | str | GlobalRef) -> GlobalRef:
    return GlobalRef.of(target)


def _operations(given: Operation | Callable[[Any], Any] | Iterable[Any]) -> tuple[Operation, ...]:
    if isinstance(given, Operation) or callable(given):
        given = (given,)
    return tuple(_operation(one) for one in given)


def _operation(given: object) -> Operation:
    if isinstance(given, Operation):
        return given
    if isinstance(given, type) and issubclass(given, Operation):
        raise OperationError(given.__name__, "it stands here without its arguments")
    if not callable(given):
        raise OperationError("A step", f"it is an operation or a function, not {given!r}")
    return RunFunction(given)


@attrs.frozen
class Migration:
    """What to do with a state of ``version`` to get one of the next version.

    ``operations`` may hold plain functions; they are kept as RunFunction. ``origin`` says where it
    was declared. ``arguments(args, kwargs)`` gives both anew for a class that is rebuilt through
    constructor arguments, ``arguments_back`` is the function that leads back. ``to``: the version
    that it leads to, where that is not the next one, as a squashed migration does. ``backward``: it
    leads from there to ``version`` instead.

    Raises RefError, VersionNumberError, and OperationError for operations that contradict each
    other: one needs a field that one before it removed, or makes a field that is there already.
    """

    ref: GlobalRef = attrs.field(converter=_ref)
    version: int
    operations: tuple[Operation, ...] = attrs.field(default=(), converter=_operations)
    origin: str = ""
    arguments: Arguments | None = None
    backward: bool = attrs.field(default=False, kw_only=True)
    to: int | None = attrs.field(default=None, kw_only=True)
    arguments_back: Arguments | None = attrs.field(default=None, kw_only=True)

    def __attrs_post_init__(self) -> None:
        if type(self.version) is not int or self.version < 1:
            raise VersionNumberError(str(self.ref), f"{self.version!r} is not a version")
        if self.to is not None and (type(self.to) is not int or self.to <= self.version):
            problem = f"to={self.to!r} is no version above {self.version}, where the step starts"
            raise VersionNumberError(str(self.ref), problem)
        if self.arguments is not None:
            check_functions("arguments=", self.arguments, self.arguments_back)
        _check_presence(self.operations)

    @property
    def source(self) -> int:
        """The version of the states that it takes."""
        return self._end if self.backward else self.version

    @property
    def target(self) -> int:
        """The version of the states that it gives."""
        return self.version if self.backward else self._end

    @property
    def _end(self) -> int:
        return self.version + 1 if self.to is None else self.to

    @property
    def lossy(self) -> bool:
        """Whether one of its operations drops values on purpose."""
        return any(operation.lossy for operation in self.operations)

    def describe(self) -> str:
        """What it does, in one line."""
        done = [operation.describe() for operation in self.operations]
        if self.arguments is not None:
            done.append("change the constructor arguments")
        return f"{self.ref} {self.source} to {self.target}: {'; '.join(done) or 'nothing'}"

    def inverse(self) -> Migration | None:
        """The migration back, or None if one of its operations, or its function for the
        constructor arguments, has no inverse.
        """
        back = [operation.inverse() for operation in reversed(self.operations)]
        if None in back or (self.arguments is not None and self.arguments_back is None):
            return None
        return attrs.evolve(
            self,
            operations=back,
            arguments=self.arguments_back,
            arguments_back=self.arguments,
            backward=not self.backward,
        )

    def apply(self, state: Any) -> Any:
        """The state after all operations, one by one: the plain form of the compiled chain.

        The given state is not changed. Raises MigrationError's children; runs the functions that
        the operations hold.
        """
        ref = str(self.ref)
        for operation in self.operations:
            state = operation.apply(state, ref, self.source)
        return state


def _check_presence(operations: tuple[Operation, ...]) -> None:
    """Refuse what cannot work for any state. What is known: field -> (is it there, since what)."""
    known: dict[str, tuple[bool, str]] = {}
    for operation in operations:
        if isinstance(operation, FieldOperation):
            _check_fields(operation.fields, operation.describe(), known)
        else:
            known.clear()


def _check_fields(fields: Fields, words: str, known: dict[str, tuple[bool, str]]) -> None:
    if not fields.optional:
        for name in fields.needed:
            there, since = known.get(name, (True, ""))
            if not there:
                raise OperationError(words, f"{name!r} is gone since {since!r}")
        for name in fields.made:
            there, since = known.get(name, (False, ""))
            if there:
                raise OperationError(words, f"{name!r} is there already since {since!r}")
        known.update(dict.fromkeys((*fields.needed, *fields.made), (True, words)))
    elif fields.needed:
        for name in fields.made:
            known.pop(name, None)
    else:
        for name in fields.made:
            known[name] = (True, known[name][1] if known.get(name, (False,))[0] else words)
    known.update(dict.fromkeys(fields.dropped, (False, words)))


@attrs.frozen
class WayBack:
    """What was declared for the way back from ``version + 1`` to ``version``.

    ``migration`` is backward; without operations, the inverses of the upgrade's operations are
    meant; None: nothing but consent was declared. ``lossy``: consent to what the way back drops.
    """

    version: int
    migration: Migration | None
    lossy: bool = False
    origin: str = ""
