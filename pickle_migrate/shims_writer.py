"""A graph of stand-ins to bytes, under the names that its pickle has for them.

The C pickler writes it: objects go through reducers in a table of the pickler's own, classes by
names that ``shims_splice`` then replaces. Where there is something that it cannot write, a reducer
raises ``_BeyondCError``, and ``shims_exact`` writes all of it.
"""

from __future__ import annotations

import copyreg
import io
import pickle
import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

from pickle_migrate import collector, shims_names
from pickle_migrate.errors import ShimError
from pickle_migrate.refs import GlobalRef
from pickle_migrate.shims_classes import Shim
from pickle_migrate.shims_exact import ExactPickler
from pickle_migrate.shims_reader import Graph, PersistentId
from pickle_migrate.shims_splice import renamed
from pickle_migrate.shims_types import (
    NOTHING,
    ExtensionShimType,
    Extra,
    MadeShimType,
    NestedShimType,
    ShimType,
)
from pickle_migrate.stack_pickler import BufferCallback

Reducer = Callable[[Any], Any]
# As in deep: with a higher recursion limit, the C pickler of 3.11 may crash beyond its stack.
_C_STACK_LEVELS: Final = 15_000
# How pickle writes bytes below protocol 3. Stand-ins of these names are not called so as yet.
_BYTES_WRITTEN: Final = (b"c_codecs\nencode\n", b"c__builtin__\nbytes\n")
_NEWOBJ, _NEWOBJ_EX = vars(copyreg)["__newobj__"], vars(copyreg)["__newobj_ex__"]


class _BeyondCError(Exception):
    """The graph holds something that the C pickler has no way to write."""


class Table(dict[Any, Reducer]):
    """The reducers of one dump: of stand-ins, made as their classes are met, and copyreg's."""

    def __missing__(self, kind: type) -> Reducer:
        reduce = self.reducer_of(kind)
        if reduce is None:
            found: Reducer = copyreg.dispatch_table[kind]
            return found
        self[kind] = reduce
        return reduce

    def reducer_of(self, kind: type) -> Reducer | None:
        """The reducer of a stand-in class or of a class of these; None for any other type."""
        if isinstance(kind, ShimType):
            return reduce_shim
        if kind is PersistentId:
            return _refuse
        if issubclass(kind, ShimType):
            found: Reducer = _CLASS_REDUCERS.get(kind, _reduce_class)
            return found
        return None


def _refuse(obj: Any) -> Any:
    raise _BeyondCError


def _reduce_class(cls: ShimType) -> Any:
    if cls._later or type(cls) is ExtensionShimType:
        raise _BeyondCError
    return cls._token


def _reduce_nested(cls: NestedShimType) -> Any:
    if cls._later:
        raise _BeyondCError
    if cls._written is not cls._ref:
        return cls._token
    return cls._getattr, (cls._outer, cls._name)


def _reduce_made(cls: MadeShimType) -> Any:
    if cls._later:
        raise _BeyondCError
    return cls._callee, cls._given


_CLASS_REDUCERS: Final[dict[type, Reducer]] = {
    NestedShimType: _reduce_nested,
    MadeShimType: _reduce_made,
}


def reduce_shim(shim: Shim) -> Any:
    """A stand-in as the parts that pickle writes. Raises _BeyondCError."""
    how, state = shim._how, shim._state
    if how is None:
        made: Any = (_NEWOBJ, (type(shim), *shim._args))
    else:
        made = (how, shim._args)
    if shim._extra is not None:
        return _with_extra(shim, made, shim._extra)
    if state is NOTHING:
        return made
    if state is None:
        raise _BeyondCError  # pickle would leave it out
    return (*made, state)


def _with_extra(shim: Shim, made: Any, extra: Extra) -> Any:
    state = shim._state
    if extra.later or extra.inst or state is None:
        raise _BeyondCError
    if extra.kwargs:
        if shim._how is not None:
            raise _BeyondCError
        made = (_NEWOBJ_EX, (type(shim), shim._args, extra.kwargs))
    items = iter(extra.items) if extra.items else None
    pairs = iter(extra.pairs) if extra.pairs else None
    return (*made, None if state is NOTHING else state, items, pairs)


# --- writing ----------------------------------------------------------------------------------


def dump_graph(
    graph: Graph, protocol: int | None = None, buffer_callback: BufferCallback | None = None
) -> bytes:
    """The pickle of a graph. As ``shims.dumps``."""
    if graph.lost:
        call = graph.lost[0]
        raise ShimError(
            f"the pickle calls {call.ref} and drops the result, for which no object has a place",
            "To write it without such calls: graph.lost = ().",
        )
    protocol = graph.protocol if protocol is None else protocol
    absent = list(graph.buffers) if buffer_callback is None else []
    callback = _out_of_band(absent) if absent else buffer_callback
    new = written([graph.root], protocol, Table(), callback, eight_bit=graph.eight_bit)
    if absent:
        raise ShimError("not all buffers out of band are there", _SAY_ORDER)
    return new


_SAY_ORDER: Final = (
    "Give shims.dumps a buffer_callback: it gets them in the order in which they are to be given "
    "to whoever loads the pickle."
)


def _out_of_band(absent: list[pickle.PickleBuffer]) -> BufferCallback:
    first = list(absent)

    def keep(buffer: pickle.PickleBuffer) -> bool:
        if not absent and buffer is first[0]:
            absent.extend(first)  # the graph is written a second time
        if not absent or buffer is not absent.pop(0):
            raise ShimError("the buffers out of band are in another order", _SAY_ORDER)
        return False

    return keep


def dumps_any(
    obj: Any, protocol: int | None, fix_imports: bool, buffer_callback: BufferCallback | None
) -> bytes:
    """Any object, with stand-ins in its graph. Arguments as those of pickle.dumps."""
    number = pickle.DEFAULT_PROTOCOL if protocol is None else protocol
    number = pickle.HIGHEST_PROTOCOL if number < 0 else number
    return written([obj], number, Table(), buffer_callback, fix_imports=fix_imports)


def written(
    roots: Sequence[Any],
    protocol: int,
    table: Table,
    callback: BufferCallback | None = None,
    *,
    eight_bit: bool = False,
    fix_imports: bool = True,
) -> bytes:
    """Several roots, one after the other, as one pickler writes them."""
    make = partial(
        pickle.Pickler, protocol=protocol, fix_imports=fix_imports, buffer_callback=callback
    )
    try:
        return _written(roots, protocol, table, callback, make, eight_bit, fix_imports)
    except ValueError as error:
        if "integer string conversion" not in str(error):
            raise  # of a reducer of the program's own
        raise ShimError(f"a value cannot be written at protocol {protocol} ({error})") from error


def _written(
    roots: Sequence[Any],
    protocol: int,
    table: Table,
    callback: BufferCallback | None,
    make: Callable[[io.BytesIO], pickle.Pickler],
    eight_bit: bool,
    fix_imports: bool,
) -> bytes:
    raw = _by_c(roots, make, table)
    if raw is None or (eight_bit and any(part in raw for part in _BYTES_WRITTEN)):
        hooks = make(io.BytesIO())
        hooks.dispatch_table = table
        file = io.BytesIO()
        exact = ExactPickler(
            hooks, file, protocol, callback, eight_bit=eight_bit, fix_imports=fix_imports
        )
        return _exactly(roots, exact, file)
    return renamed(raw, _written_as)


def _written_as(token: str) -> GlobalRef:
    cls = shims_names.class_of(token)
    assert isinstance(cls, ShimType)
    return cls._written


def _by_c(
    roots: Sequence[Any], make: Callable[[io.BytesIO], pickle.Pickler], table: Table
) -> bytes | None:
    """The pickle with the stand-ins' own names; None where the C pickler cannot write it."""
    if sys.version_info < (3, 12) and sys.getrecursionlimit() > _C_STACK_LEVELS:
        return None
    file = io.BytesIO()
    pickler = make(file)
    pickler.dispatch_table = table
    try:
        with collector.paused():
            for root in roots:
                pickler.dump(root)
    except (_BeyondCError, RecursionError):
        return None
    return file.getvalue()


def _exactly(roots: Sequence[Any], pickler: ExactPickler, file: io.BytesIO) -> bytes:
    with collector.paused():
        for root in roots:
            pickler.dump(root)
    return file.getvalue()
