"""The stand-in classes of one graph, and what is noted while the graph is built.

A pickle may make a call for what it does, and drop the result. Stand-ins do nothing, so such a call
would be lost: ``World.settle`` looks which results nothing refers to.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import Any, Final

import attrs

from pickle_migrate import shims_names
from pickle_migrate.refs import GlobalRef
from pickle_migrate.scanner import mapped
from pickle_migrate.shims_classes import Shim
from pickle_migrate.shims_types import (
    ConstructorShimType,
    Event,
    ExtensionShimType,
    GetattrShimType,
    NestedShimType,
    ShimType,
)

_COPYREG: Final = ("copyreg", "copy_reg")
_CONSTRUCTORS: Final = frozenset(
    (module, name)
    for module in _COPYREG
    for name in ("_reconstructor", "__newobj__", "__newobj_ex__")
)
_GETATTR: Final = frozenset((module, "getattr") for module in ("builtins", "__builtin__"))


@attrs.define(eq=False)
class World:
    """The stand-in classes of one graph. One for each ref, made when it is first named.

    ``class_makers``: names of the stand-ins whose calls give classes, of which the pickle then
    makes objects. ``calls``: what calls gave, until ``settle``. ``inst``: INST or OBJ will call.
    """

    _classes: dict[tuple[str, str], ShimType] = attrs.field(factory=dict)
    _others: dict[Any, ShimType] = attrs.field(factory=dict)
    _result: ShimType | None = None
    class_makers: frozenset[str] = frozenset()
    calls: list[Shim] = attrs.field(factory=list)
    inst: bool = False

    def find(self, module: str, qualname: str) -> Any:
        """What a global of the pickle stands for here. Imports nothing."""
        found = self._classes.get((module, qualname))
        if found is None:
            if module == shims_names.EXTENSIONS:
                return self.extension(int(qualname))
            meta: type[ShimType] = ShimType
            if (module, qualname) in _CONSTRUCTORS:
                meta = ConstructorShimType
            elif (module, qualname) in _GETATTR:
                meta = GetattrShimType
            found = self._classes[module, qualname] = self.new(meta, GlobalRef(module, qualname))
        return found

    def map_names(self, protocol: int) -> None:
        """Give Python 2's names of modules those of Python 3, where the pickle was written at a
        ``protocol`` at which pickle maps them, and will be at one at which it does not.
        """
        for cls in self._classes.values():
            if cls._written is cls._ref:
                cls._written = mapped(cls._ref, protocol)

    def new(
        self,
        meta: type[ShimType],
        ref: GlobalRef,
        methods: Mapping[str, Any] | None = None,
        **facts: Any,
    ) -> Any:
        """A new stand-in class, of the class ``meta``, with methods of its own."""
        token = shims_names.new_token()
        body = {
            "__slots__": (),
            # A text object of its own for each class: pickle writes each in full, so that all
            # globals of stand-ins look alike in the bytes.
            "__module__": f"{shims_names.__name__} ".rstrip(),
            "__qualname__": token,
            "_ref": ref,
            "_written": ref,
            "_world": self,
            "_token": token,
            "_later": [],
            **{f"_{name}": value for name, value in facts.items()},
            **(methods or {}),
        }
        cls = meta(_class_name(ref), (Shim,), body)
        shims_names.enter(token, cls)
        return cls

    def nested(self, getter: ShimType, owner: ShimType, name: str) -> ShimType:
        """The stand-in of what ``getattr(owner, name)`` gives."""
        key = (owner, name)
        if key not in self._others:
            ref = GlobalRef(owner._ref.module, f"{owner._ref.qualname}.{name}")
            self._others[key] = self.new(
                NestedShimType, ref, getattr=getter, outer=owner, name=name
            )
        return self._others[key]

    def making(self, module: str, qualname: str, found: Any) -> Any:
        """What a global is where only some classes are stand-ins: itself, except for ``copyreg``'s
        constructors, which would leave a stand-in without what its ``__new__`` gives it.
        """
        if (module, qualname) not in _CONSTRUCTORS:
            return found
        mine = self.find(module, qualname)
        return lambda *args: (mine if self.is_class(args[0]) else found)(*args)

    @property
    def getattr(self) -> ShimType:
        """The stand-in of Python's own ``getattr``."""
        found: ShimType = self.find("builtins", "getattr")
        return found

    @staticmethod
    def is_class(obj: object) -> bool:
        """Whether something is a stand-in class."""
        return isinstance(obj, ShimType)

    def extension(self, code: int) -> ShimType:
        """The stand-in of an extension code."""
        if code not in self._others:
            ref = GlobalRef("copyreg extension", str(code))
            self._others[code] = self.new(ExtensionShimType, ref, code=code)
        return self._others[code]

    @property
    def result(self) -> ShimType:
        """The class of what a call gives whose callee has no name."""
        if self._result is None:
            self._result = self.new(ShimType, GlobalRef("builtins", "object"))
        return self._result

    def forget(self) -> None:
        """Begin anew: no class is known, nothing is under way."""
        self._classes.clear()
        self._others.clear()
        self._result, self.calls, self.inst = None, [], False

    def settle(self) -> tuple[Shim, ...]:
        """Find the calls whose result the pickle dropped, once nothing else holds what was loaded.

        One whose first argument is a stand-in is kept there as an event: so pickle writes state
        setters. The others are given back.
        """
        calls, self.calls = self.calls, []
        lost = []
        for call in _unreferenced(calls):
            target = call._args[0] if call._args else None
            if isinstance(target, Shim):
                target._more().later.append(Event("call", (call,)))
            elif isinstance(target, ShimType):
                target._later.append(Event("call", (call,)))
            else:
                lost.append(call)
        return tuple(lost)


def _unreferenced(calls: list[Shim]) -> Iterator[Shim]:
    count = sys.getrefcount
    alone = _references_in([Shim()])
    return iter([call for call in calls if count(call) <= alone])


def _references_in(calls: list[Any]) -> int:
    # Python counts the references of names and calls differently from release to release.
    count = sys.getrefcount
    return [count(call) for call in calls if count(call)].pop()


def _class_name(ref: GlobalRef) -> str:
    text = str(ref).replace("\0", "?")
    return text.encode("ascii", "backslashreplace").decode("ascii")
