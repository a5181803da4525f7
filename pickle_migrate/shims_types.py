"""The classes of stand-in classes: what each opcode finds on them, and what it leaves there.

See ``shims_classes`` for the theory of operation.
"""

from __future__ import annotations

import copyreg
from typing import Any, Final, Literal, TypeAlias

import attrs

from pickle_migrate import shims_shown
from pickle_migrate.errors import ShimError
from pickle_migrate.refs import GlobalRef

Kind: TypeAlias = Literal["build", "append", "set", "add", "call"]


class _Nothing:
    """Says that there is no state. Not None, which is a state like any other."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "NOTHING"

    def __bool__(self) -> bool:
        return False

    def __reduce__(self) -> str:
        return "NOTHING"


NOTHING: Final = _Nothing()


@attrs.frozen(eq=False)
class Event:
    """Something that the pickle does to an object out of the usual order. ``values`` are what it
    takes: a state, an item, a key and its value, or, of a call, the object that the call gave.
    """

    kind: Kind
    values: tuple[Any, ...]


@attrs.define(eq=False)
class Extra:
    """What few objects have. ``inst``: made by INST or OBJ, which call ``__init__`` or not."""

    kwargs: dict[str, Any] = attrs.field(factory=dict)
    items: list[Any] = attrs.field(factory=list)
    pairs: list[tuple[Any, Any]] = attrs.field(factory=list)
    later: list[Event] = attrs.field(factory=list)
    inst: bool = False


_new: Final = object.__new__


class ShimType(type):
    """The class of stand-in classes. A pickle's function is one too, for it is called the same way.

    ``ref`` is the global as the pickle spells it.
    """

    _ref: GlobalRef
    _world: Any  # a shims_world.World
    _token: str
    _written: GlobalRef
    _later: list[Event]

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        """What REDUCE gives: an object that keeps its arguments. Nothing is run."""
        return called(cls, cls, args, kwargs)

    def __repr__(cls) -> str:
        return f"<shim class {shims_shown.text(str(cls._ref))}>"

    @property
    def ref(cls) -> GlobalRef:
        """The global that this stands for, as the pickle spells it."""
        return cls._ref

    # Lookups on a class find these before what its objects inherit.

    @property
    def __getinitargs__(cls) -> bool:
        # Only INST and OBJ look for it, and then they call the class.
        cls._world.inst = True
        return True

    @property
    def __setstate__(cls) -> Any:
        return lambda state: cls._later.append(Event("build", (state,)))

    @property
    def append(cls) -> Any:
        """Keeps what APPEND gives to a class."""
        return lambda value: cls._later.append(Event("append", (value,)))

    @property
    def extend(cls) -> Any:
        """Keeps what APPENDS gives to a class."""
        return lambda values: cls._later.extend(Event("append", (v,)) for v in values)

    @property
    def add(cls) -> Any:
        """Keeps what ADDITEMS gives to a class."""
        return lambda value: cls._later.append(Event("add", (value,)))

    def __setitem__(cls, key: Any, value: Any) -> None:
        cls._later.append(Event("set", (key, value)))


class ConstructorShimType(ShimType):
    """``copyreg``'s functions that make an object of their first argument."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        """An object of the first argument, if that is a stand-in."""
        if args and isinstance(args[0], ShimType) and not kwargs:
            return called(args[0], cls, args, kwargs)
        return called(cls, cls, args, kwargs)


class GetattrShimType(ShimType):
    """``getattr``, by which protocols below 4 name nested classes and methods."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        """The stand-in of what is nested in the first argument, if that is one itself."""
        owner = args[0] if len(args) == 2 and not kwargs else None
        if isinstance(owner, ShimType) and type(args[1]) is str and not cls._world.inst:
            return cls._world.nested(cls, owner, args[1])
        return called(cls, cls, args, kwargs)


class NestedShimType(ShimType):
    """What a pickle gets by ``getattr`` from another stand-in class."""

    _getattr: ShimType
    _outer: ShimType
    _name: str


class ExtensionShimType(ShimType):
    """What an extension code stands for in the program that wrote the pickle: ``code``."""

    _code: int


class MadeShimType(ShimType):
    """A class that the pickle makes by a call, as cloudpickle does: what the call gives."""

    _callee: ShimType
    _given: tuple[Any, ...]


def by_pickle(ref: GlobalRef) -> ShimError:
    """The error of plain pickle, which would write names that mean nothing elsewhere."""
    return ShimError(
        f"pickle itself cannot write the stand-in for {ref}",
        "Write it with pickle_migrate.shims.dumps, or pickle_migrate.dumps: they give it its name.",
    )


def _refuse_class(cls: ShimType) -> Any:
    raise by_pickle(cls._ref)


# Plain pickle would write names that mean nothing elsewhere.
for _kind in (
    ShimType,
    ConstructorShimType,
    GetattrShimType,
    NestedShimType,
    ExtensionShimType,
    MadeShimType,
):
    copyreg.pickle(_kind, _refuse_class)


def called(cls: Any, how: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The object that a call gives, noted until it is known whether the pickle drops it."""
    world = cls._world
    if world.class_makers and how is cls and cls.__name__ in world.class_makers:
        return world.new(MadeShimType, cls._ref, callee=how, given=args)
    made: Any = _new(cls)
    made._how, made._args, made._state, made._extra = how, args, NOTHING, None
    if kwargs or world.inst:
        made._extra = Extra(kwargs, inst=world.inst)
        world.inst = False
    world.calls.append(made)
    return made
