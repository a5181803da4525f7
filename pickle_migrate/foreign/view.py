"""What a ``version_of`` function and a ``Rebuild`` step are given: one object, and its pickle."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import attrs

from pickle_migrate.errors import ForeignError
from pickle_migrate.foreign.wanted import Beside, Load
from pickle_migrate.refs import GlobalRef
from pickle_migrate.registry import Registry
from pickle_migrate.scanner import mapped
from pickle_migrate.shims_classes import Shim
from pickle_migrate.shims_types import NOTHING, ShimType
from pickle_migrate.shims_world import World
from pickle_migrate.shims_writer import Table, written

_COPYREG: Final = frozenset(["copyreg", "copy_reg"])
_MAKERS: Final = frozenset(["__newobj__", "_reconstructor"])
#: A class, its built-in base, and the value of that.
_RECONSTRUCTED: Final = 3
#: The first protocol with an opcode for ``cls.__new__``.
_NEWOBJ: Final = 2


@attrs.define(eq=False)
class PickleView:
    """The pickles of one file, as a step sees them. ``globals`` are the refs that they name, as
    they spell them. ``load`` is None where nothing may be loaded, ``read_beside`` where there is no
    file.
    """

    world: World = attrs.field(repr=False)
    registry: Registry = attrs.field(repr=False)
    protocol: int
    globals: frozenset[GlobalRef] = frozenset()
    load: Load | None = attrs.field(default=None, repr=False)
    read_beside: Beside | None = attrs.field(default=None, repr=False)
    _today: dict[GlobalRef, GlobalRef] = attrs.field(factory=dict, repr=False)
    _shims: list[Shim] = attrs.field(factory=list, repr=False)

    def objects(self, ref: str | GlobalRef) -> list[View]:
        """The objects that are made of a class, or that a function gave, in no certain order: as
        they stood before the steps, or as the steps left them so far.
        """
        wanted = GlobalRef.of(ref)
        return [View(shim, self) for shim in self._shims if self.today(shim.ref) == wanted]

    def beside(self, name: str) -> bytes | None:
        """The bytes of a file in the same folder, by its bare name; None if it is not there, or the
        pickle is in no file that is upgraded.
        """
        return None if self.read_beside is None else self.read_beside(name)

    def names(self, module: str) -> bool:
        """Whether the pickle names anything of a module, or of what is below it."""
        return any(f"{ref.module}.".startswith(f"{module}.") for ref in self.globals)

    def today(self, ref: GlobalRef) -> GlobalRef:
        """Today's name of a ref that the pickle spells: by the renames, and Python 2's by those
        that pickle itself knows.
        """
        found = self._today.get(ref)
        if found is None:
            found = self.registry.current_ref(ref)
            if found == ref:
                found = self.registry.current_ref(mapped(ref, self.protocol))
            self._today[ref] = found
        return found


class View:
    """One object of a pickle, which nothing was imported for and nothing is called for.

    What stands in it are plain data and other stand-ins (``shims.Shim``), which have the same
    fields as this: ``ref``, ``args``, ``kwargs``, ``state``, ``fields``, ``items``, ``pairs``.
    """

    __slots__ = ("_shim", "pickle")

    def __init__(self, shim: Shim, pickle: PickleView) -> None:
        self._shim = shim
        self.pickle = pickle

    def __repr__(self) -> str:
        return f"<view of {self._shim!r}>"

    @property
    def shim(self) -> Shim:
        """The stand-in itself."""
        return self._shim

    @property
    def ref(self) -> GlobalRef:
        """Today's name of its class; of what a function gave, of the function."""
        return self.pickle.today(self._shim.ref)

    @property
    def written(self) -> GlobalRef:
        """The same as the pickle spells it."""
        return self._shim.ref

    @property
    def made_by(self) -> str:
        """How it is made: "new" (``cls.__new__``, also below protocol 2, where copyreg's functions
        do that), "call" (of ``callee``) or "inst" (Python 2).
        """
        return "new" if self._constructor else self._shim.made_by

    @property
    def _constructor(self) -> str:
        """The name of the function of copyreg that makes the object, or nothing."""
        found = self.callee
        if found is None or found.module not in _COPYREG or found.qualname not in _MAKERS:
            return ""
        return found.qualname if isinstance(next(iter(self._shim.args), None), ShimType) else ""

    @property
    def callee(self) -> GlobalRef | None:
        """What the pickle calls to make it, as it spells it; None if that has no name."""
        found = self._shim.callee
        return found.ref if isinstance(found, ShimType) else None

    @property
    def args(self) -> tuple[Any, ...]:
        """The arguments with which it is made; may be set. Not among them is the class that
        copyreg's functions get; a built-in value that these give to it (of a subclass of int, list
        or tuple) is the only one then.
        """
        args = self._shim.args
        if self._constructor == "__newobj__":
            return args[1:]
        if self._constructor and len(args) == _RECONSTRUCTED:
            return () if args[2] is None else args[2:]
        return args

    @args.setter
    def args(self, args: Iterable[Any]) -> None:
        if not self._constructor:
            self._shim.args = tuple(args)
            return
        cls = self._shim.args[0]
        if self.pickle.protocol < _NEWOBJ:
            self._shim._how = self.name("copyreg:__newobj__")
            self._shim.args = (cls, *args)
        else:
            self._shim._how = None
            self._shim.args = tuple(args)

    @property
    def kwargs(self) -> dict[str, Any]:
        """The keyword arguments of ``__getnewargs_ex__``; may be changed in place."""
        return self._shim.kwargs

    @property
    def has_state(self) -> bool:
        """Whether the pickle gives it a state."""
        return self._shim.state is not NOTHING

    @property
    def state(self) -> Any:
        """Its state, or None without one; may be set."""
        return self._shim.state if self.has_state else None

    @state.setter
    def state(self, state: Any) -> None:
        self._shim.state = state

    @state.deleter
    def state(self) -> None:
        self._shim.state = NOTHING

    @property
    def fields(self) -> dict[Any, Any]:
        """The fields of its state by name, with those of slots; empty where it has none."""
        return self._shim.fields

    @property
    def items(self) -> list[Any]:
        """What the pickle appends to it; may be changed in place."""
        return self._shim.items

    @property
    def pairs(self) -> list[tuple[Any, Any]]:
        """The keys and values that the pickle sets in it; may be changed in place."""
        return self._shim.pairs

    # --- making others ----------------------------------------------------------------------------

    def name(self, ref: str | GlobalRef) -> Any:
        """A class or function as a value, to be put into arguments or states."""
        found = GlobalRef.of(ref)
        return self.pickle.world.find(found.module, found.qualname)

    def make(
        self,
        ref: str | GlobalRef,
        *args: Any,
        state: Any = NOTHING,
        items: Iterable[Any] = (),
        pairs: Iterable[tuple[Any, Any]] = (),
        new: bool = False,
    ) -> Any:
        """A stand-in for what calling ``ref`` with the arguments gives; with ``new=True``, for what
        ``ref.__new__`` gives, as pickle makes plain objects. Imports and calls nothing.
        """
        cls = self.name(ref)
        made = Shim.__new__(cls, *args)
        if not new:
            made._how = cls
        elif self.pickle.protocol < _NEWOBJ:
            made._how = self.name("copyreg:__newobj__")
            made._args = (cls, *args)
        made._state = state
        for item in items:
            made.items.append(item)
        for pair in pairs:
            made.pairs.append(pair)
        return made

    def view(self, value: Any) -> View | None:
        """The view of another stand-in; None for plain data."""
        return View(value, self.pickle) if isinstance(value, Shim) else None

    def is_of(self, value: Any, *refs: str | GlobalRef) -> bool:
        """Whether a value is the stand-in of an object of one of these classes or functions."""
        wanted = map(GlobalRef.of, refs)
        return isinstance(value, Shim) and self.pickle.today(value.ref) in wanted

    def real(self, value: Any) -> Any:
        """What part of a pickle stands for, loaded under the presets for Python, numpy and pandas,
        and what packs allow. What you make of it may be put into the graph as it is.

        Raises ForeignError where nothing may be loaded, PolicyError, and what loading raises.
        """
        if self.pickle.load is None:
            problem = "a step needs the real value of a part of it, and nothing may be loaded here"
            raise ForeignError(str(self.written), problem, "Upgrade it without --static.")
        protocol = self.pickle.protocol if self.pickle.protocol in (2, 3) else 4
        protocol = 2 if self.pickle.protocol < 2 else protocol  # names are those of its protocol
        return self.pickle.load(written([value], protocol, Table()))
