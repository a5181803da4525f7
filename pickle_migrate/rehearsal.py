"""A load in which nothing is real: the arguments of allowed callables are looked at, and no more.

Most checks of arguments are made as the call comes (``policy_checks``): the unpickler is given a
stand-in for the callable. That will not do where the pickle also holds the callable as a value
(``defaultdict(set)``), nor where a state decides (numpy's arrays). Such a pickle is loaded twice.
The first time, every name but those of built-in data is an inert stand-in that takes what it gets
and does nothing, and every call of a checked name is checked. The second load reads the same bytes
from memory, so it makes the same calls.

Nothing is imported but the modules of built-in data; no code of the user's runs.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, Self

from pickle_migrate import resolver
from pickle_migrate.numpy_probes import PROBES
from pickle_migrate.policy_checks import CHECKS, Budget, Refused, require_no_number
from pickle_migrate.policy_presets import table
from pickle_migrate.refs import GlobalRef


class Inert:
    """Stands for any object: it takes arguments, items and states, and counts the items."""

    __slots__ = ("_count",)
    _count: int

    def __new__(cls, *args: Any, **keywords: Any) -> Self:
        """Take any arguments, as NEWOBJ gives them."""
        made = object.__new__(cls)
        made._count = 0
        return made

    def __len__(self) -> int:
        return self._count

    def __bool__(self) -> bool:
        return True

    def __setstate__(self, state: Any) -> None:
        pass

    def __setitem__(self, key: Any, value: Any) -> None:
        self._count += 1

    def append(self, item: Any) -> None:
        """Take an item of a list."""
        self._count += 1

    def add(self, item: Any) -> None:
        """Take a member of a set."""
        self._count += 1

    def extend(self, items: Any) -> None:
        """Take items of a list."""
        self._count += len(items)


class _Endless(Inert):
    """Stands for an IP network, which goes on for longer than anybody would wait."""

    __slots__ = ()

    def __len__(self) -> int:
        raise TypeError("no length")

    def __iter__(self) -> Iterator[Any]:
        raise Refused("is called with all the addresses of a network")


class _Checked(type):
    """Stands for a callable whose arguments are checked, and is a value that can be told.

    It is a class, since NEWOBJ asks for one: its instances are inert. A call of it is checked.
    """

    real: Any
    check: Callable[[tuple[Any, ...]], Any]
    fail: Callable[[str], Exception]

    @classmethod
    def of(cls, real: Any, check: Any, fail: Any) -> _Checked:
        """A stand-in for ``real``; for Inert, what the call gives is inert, for None it is what the
        check gives.
        """
        made = cls("Checked", (Inert,), {"__slots__": ()})
        made.real, made.check, made.fail = real, check, fail
        return made

    def __call__(cls, *args: Any) -> Any:
        plain = tuple(arg.real if isinstance(arg, _Checked) else arg for arg in args)
        try:
            made = cls.check(plain)
        except Refused as refused:
            raise cls.fail(str(refused)) from None
        if cls.real is None:
            return made
        if cls.real is Inert:
            return Inert()
        try:
            return cls.real(*plain)
        except Exception:  # an inert argument, where the load will have a real one
            return Inert()


def _measured(fail: Callable[[str], Exception]) -> type[Inert]:
    """Stands for a class of the user's that a number would give a length."""

    class Measured(Inert):
        __slots__ = ()

        def __new__(cls, *args: Any, **keywords: Any) -> Self:
            try:
                given = (*args, *keywords.values())
                # A stamp of such a class may be given the arguments as one tuple.
                require_no_number(given[0] if given and type(given[0]) is tuple else given)
            except Refused as refused:
                raise fail(str(refused)) from None
            return super().__new__(cls)

    return Measured


def is_needed(target: GlobalRef, uses: Iterable[str]) -> bool:
    """Whether a name asks for a rehearsal, by how it is used."""
    key = target.module, target.qualname
    return key in PROBES or (key in CHECKS and set(uses) != {"called"} and "called" in uses)


class Rehearsal(pickle.Unpickler):
    """Loads pickles that lie one after the other in ``data``, with inert stand-ins.

    ``target`` says which name a name of the pickle leads to, ``fail`` makes the error of a refusal,
    ``lengths`` are names of classes that a number as first argument would give a length.
    ``load`` raises that error, and what pickle raises.
    """

    def __init__(
        self,
        data: bytes,
        target: Callable[[GlobalRef], GlobalRef],
        fail: Callable[[GlobalRef], Callable[[str], Exception]],
        lengths: frozenset[GlobalRef] = frozenset(),
        **options: Any,
    ) -> None:
        self._lengths = lengths
        super().__init__(io.BufferedReader(io.BytesIO(data)), **options)
        self._target = target
        self._fail = fail
        self._budget = Budget.of(len(data))
        self._probed = GlobalRef("", "")

    def load(self) -> Any:
        """Load the next pickle, and give something that stands for its object."""
        try:
            return super().load()
        except Refused as refused:  # of a state, where C called and nobody named
            raise self._fail(self._probed)(str(refused)) from None

    def persistent_load(self, pid: Any) -> Any:
        """What a persistent id stands for is not asked."""
        return Inert()

    def find_class(self, module: str, name: str, /) -> Any:
        """A stand-in for a name. Imports built-in data only."""
        ref = GlobalRef(module, name)
        target = self._target(ref)
        if ref in self._lengths:
            return _measured(self._fail(ref))
        key = target.module, target.qualname
        if key in PROBES:
            self._probed = ref
            return _Checked.of(None, lambda args: PROBES[key](*args), self._fail(ref))
        check = CHECKS.get(key)
        if check is not None:
            real = resolver.import_ref(target) if key in _BUILT_IN else Inert
            return _Checked.of(real, lambda args: check(args, self._budget), self._fail(ref))
        if target.module == "ipaddress" and "Network" in target.qualname:
            return _Endless
        if key in _REAL:
            return resolver.import_ref(target)
        return Inert


_BUILT_IN: Final = table("standard")
_REAL: Final = frozenset(
    ("builtins", name) for name in ("object", "range", "slice", "Ellipsis", "NotImplemented")
)
