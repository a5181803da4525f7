"""pickle's Python pickler with a list of open containers in place of recursion.

It inherits from ``pickle._Pickler`` what writes atoms, strings, globals, frames and the memo. What
contains other objects is written by generators, which yield the objects to be saved in between. A
loop keeps the open generators on a list. The bytes are those of ``pickle._Pickler``, opcode for
opcode (a test compares them on each Python), so the format facts are CPython's Lib/pickle.py.

Hooks are asked in the order of the C pickler: persistent id; atoms; what is written already; exact
builtin containers; ``reducer_override``; classes and functions by name; the dispatch table, the
pickler's own or copyreg's; ``__reduce_ex__``.
"""

from __future__ import annotations

import copyreg
import io
import pickle
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from itertools import islice
from types import FunctionType
from typing import TYPE_CHECKING, Any, Final

from pickle_migrate.errors import TooDeepError

BufferCallback = Callable[[pickle.PickleBuffer], Any]
_Steps = Iterator[object]

#: Containers inside one another before the pickler gives up, which it would otherwise never do when
#: a reducer makes a new object each time. An object with a __dict__ counts two. 2 GB at most.
DEPTH_LIMIT: Final = 2_500_000

if TYPE_CHECKING:

    class _PythonPickler:
        """What is used of pickle._Pickler. Its names are private and the same since Python 3.8."""

        bin: bool
        proto: int
        framer: Any
        memo: dict[int, tuple[int, Any]]
        write: Callable[[bytes], Any]
        _BATCHSIZE: int

        def __init__(
            self,
            file: io.BytesIO,
            protocol: int | None,
            *,
            fix_imports: bool,
            buffer_callback: BufferCallback | None,
        ) -> None: ...
        def dump(self, obj: Any) -> None: ...
        def get(self, index: int) -> bytes: ...
        def memoize(self, obj: Any) -> None: ...
        def save_pers(self, pid: Any) -> None: ...
        def save_global(self, obj: Any, name: str | None = None) -> None: ...
        def save_type(self, obj: type) -> None: ...
        def save_none(self, obj: None) -> None: ...
        def save_bool(self, obj: bool) -> None: ...
        def save_long(self, obj: int) -> None: ...
        def save_float(self, obj: float) -> None: ...
        def save_str(self, obj: str) -> None: ...
        def save_bytes(self, obj: bytes) -> None: ...
        def save_bytearray(self, obj: bytearray) -> None: ...

else:
    _PythonPickler = pickle._Pickler


class StackPickler(_PythonPickler):
    """Writes one graph to ``file``, in ``dump``. Raises TooDeepError beyond DEPTH_LIMIT.

    ``hooks`` is a pickler of the caller's class, which is asked and never written with.
    """

    def __init__(
        self,
        hooks: Any,
        file: io.BytesIO,
        protocol: int | None,
        fix_imports: bool,
        callback: BufferCallback | None,
    ) -> None:
        super().__init__(file, protocol, fix_imports=fix_imports, buffer_callback=callback)
        self._callback = callback
        # Protocol 0 has no opcode that takes several items.
        self._batch_size = self._BATCHSIZE if self.bin else 1
        self._persistent = getattr(hooks, "persistent_id", None)
        self._override = getattr(hooks, "reducer_override", None)
        # The Python pickler asks its reducer_override about everything, the C pickler does not.
        self._override_all = self._override is not None and isinstance(hooks, pickle._Pickler)
        self._table: Mapping[type, Any] = getattr(hooks, "dispatch_table", copyreg.dispatch_table)

    # What the inherited methods call. They save texts, classes and small tuples of those only.

    def save(self, obj: Any, save_persistent_id: bool = True) -> None:
        """Write ``obj`` and all that it holds."""
        steps = self._begin(obj, save_persistent_id)
        if steps is not None:
            self._finish(steps)

    def save_reduce(self, *reduced: Any, obj: Any = None) -> None:
        """Write an object from the parts that its reducer gave."""
        self._finish(self._reduce_steps(*reduced, obj=obj))

    def _finish(self, steps: _Steps) -> None:
        """Go through steps, and through the steps of each object that they yield, depth first."""
        open_steps = [steps]
        while open_steps:
            for child in open_steps[-1]:
                inner = self._begin(child)
                if inner is not None:
                    if len(open_steps) >= DEPTH_LIMIT:
                        raise TooDeepError(DEPTH_LIMIT)
                    open_steps.append(inner)
                    break
            else:
                open_steps.pop()

    def _begin(self, obj: Any, ask_persistent: bool = True) -> _Steps | None:
        """Write an atom, or what is written already; give the steps that write anything else."""
        self.framer.commit_frame()
        if ask_persistent and self._persistent is not None:
            pid = self._persistent(obj)
            if pid is not None:
                self.save_pers(pid)
                return None
        written = self.memo.get(id(obj))
        if written is not None:
            self.write(self.get(written[0]))
            return None
        kind = type(obj)
        if not self._override_all:
            write_atom = _ATOMS.get(kind)
            if write_atom is not None:
                write_atom(self, obj)
                return None
            container = _CONTAINERS.get(kind)
            if container is not None:
                return container(self, obj)
        return self._begin_object(obj, kind)

    def _begin_object(self, obj: Any, kind: type) -> _Steps | None:
        reduced = NotImplemented if self._override is None else self._override(obj)
        if reduced is NotImplemented:
            write_atom = _ATOMS.get(kind) or _NAMED.get(kind)
            if write_atom is not None:
                write_atom(self, obj)
                return None
            container = _CONTAINERS.get(kind)
            if container is not None:
                return container(self, obj)
            reducer = self._reducer(obj, kind)
            if reducer is None:
                self.save_global(obj)
                return None
            reduced = reducer()
        if isinstance(reduced, str):
            self.save_global(obj, reduced)
            return None
        if not isinstance(reduced, tuple):
            raise pickle.PicklingError("__reduce__ must return a string or tuple")
        if not 2 <= len(reduced) <= 6:
            raise pickle.PicklingError(
                "tuple returned by __reduce__ must contain 2 through 6 elements"
            )
        return self._reduce_steps(*reduced, obj=obj)

    def _reducer(self, obj: Any, kind: type) -> Callable[[], Any] | None:
        """What takes the object apart; None for a class, which goes by its name."""
        try:
            return partial(self._table[kind], obj)
        except KeyError:
            if issubclass(kind, type):
                return None
        reduce_ex = getattr(obj, "__reduce_ex__", None)
        return obj.__reduce__ if reduce_ex is None else partial(reduce_ex, self.proto)

    # The steps of each kind of container: what to write, with the objects to save in between.

    def _reduce_steps(
        self,
        func: Any,
        args: Any,
        state: Any = None,
        listitems: Iterable[Any] | None = None,
        dictitems: Iterable[tuple[Any, Any]] | None = None,
        state_setter: Any = None,
        *,
        obj: Any = None,
    ) -> _Steps:
        yield from self._build_steps(func, args, obj)
        if obj is not None:
            if id(obj) in self.memo:
                # Its arguments led back to it, and so it has been made already.
                self.write(pickle.POP + self.get(self.memo[id(obj)][0]))
            else:
                self.memoize(obj)
        if listitems is not None:
            yield from self._append_steps(listitems)
        if dictitems is not None:
            yield from self._setitem_steps(dictitems)
        if state is not None and state_setter is None:
            yield state
            self.write(pickle.BUILD)
        elif state is not None:
            yield from (state_setter, obj, state)
            self.write(pickle.TUPLE2 + pickle.REDUCE + pickle.POP)

    def _build_steps(self, func: Any, args: Any, obj: Any) -> _Steps:
        """Those that make the object, before it gets its state."""
        if not isinstance(args, tuple):
            raise pickle.PicklingError("args from save_reduce() must be a tuple")
        if not callable(func):
            raise pickle.PicklingError("func from save_reduce() must be callable")
        name = getattr(func, "__name__", "") if self.proto >= 2 else ""
        opcode = pickle.REDUCE
        if name in ("__newobj__", "__newobj_ex__"):
            cls = args[0]
            if not hasattr(cls, "__new__"):
                raise pickle.PicklingError(f"args[0] from {name} args has no __new__")
            if obj is not None and cls is not obj.__class__:
                raise pickle.PicklingError(f"args[0] from {name} args has the wrong class")
            if name == "__newobj__":
                func, args, opcode = cls, args[1:], pickle.NEWOBJ
            elif self.proto >= 4:
                yield cls
                yield from args[1:]
                self.write(pickle.NEWOBJ_EX)
                return
            else:
                func, args = partial(cls.__new__, cls, *args[1], **args[2]), ()
        yield func
        yield args
        self.write(opcode)

    def _tuple_steps(self, obj: tuple[Any, ...]) -> _Steps:
        size = len(obj)
        short = self.proto >= 2 and size <= 3
        if not obj and self.bin:
            self.write(pickle.EMPTY_TUPLE)
            return
        if not short:
            self.write(pickle.MARK)
        yield from obj
        if id(obj) in self.memo and obj:
            # An element led back to it, and so it has been made already: drop the elements.
            drop = pickle.POP * (size if short else size + 1)
            if self.bin and not short:
                drop = pickle.POP_MARK
            self.write(drop + self.get(self.memo[id(obj)][0]))
            return
        self.write(
            (pickle.TUPLE1, pickle.TUPLE2, pickle.TUPLE3)[size - 1] if short else pickle.TUPLE
        )
        if obj:
            self.memoize(obj)

    def _list_steps(self, obj: list[Any]) -> _Steps:
        self.write(pickle.EMPTY_LIST if self.bin else pickle.MARK + pickle.LIST)
        self.memoize(obj)
        return self._append_steps(obj)

    def _append_steps(self, items: Iterable[Any]) -> _Steps:
        iterator = iter(items)
        while batch := list(islice(iterator, self._batch_size)):
            if len(batch) > 1:
                self.write(pickle.MARK)
            yield from batch
            self.write(pickle.APPENDS if len(batch) > 1 else pickle.APPEND)

    def _dict_steps(self, obj: dict[Any, Any]) -> _Steps:
        self.write(pickle.EMPTY_DICT if self.bin else pickle.MARK + pickle.DICT)
        self.memoize(obj)
        return self._setitem_steps(obj.items())

    def _setitem_steps(self, items: Iterable[tuple[Any, Any]]) -> _Steps:
        iterator = iter(items)
        while batch := list(islice(iterator, self._batch_size)):
            if len(batch) > 1:
                self.write(pickle.MARK)
            for key, value in batch:
                yield key
                yield value
            self.write(pickle.SETITEMS if len(batch) > 1 else pickle.SETITEM)

    def _set_steps(self, obj: set[Any]) -> _Steps:
        if self.proto < 4:
            return self._reduce_steps(set, (list(obj),), obj=obj)
        self.write(pickle.EMPTY_SET)
        self.memoize(obj)
        return self._additem_steps(obj)

    def _additem_steps(self, items: Iterable[Any]) -> _Steps:
        iterator = iter(items)
        while batch := list(islice(iterator, self._batch_size)):
            self.write(pickle.MARK)
            yield from batch
            self.write(pickle.ADDITEMS)

    def _frozenset_steps(self, obj: frozenset[Any]) -> _Steps:
        if self.proto < 4:
            yield from self._reduce_steps(frozenset, (list(obj),), obj=obj)
            return
        self.write(pickle.MARK)
        yield from obj
        if id(obj) in self.memo:
            self.write(pickle.POP_MARK + self.get(self.memo[id(obj)][0]))
        else:
            self.write(pickle.FROZENSET)
            self.memoize(obj)

    def _write_buffer(self, obj: pickle.PickleBuffer) -> None:
        """Inherited code fails on two empty buffers (3.11), which share their empty bytes."""
        if self.proto < 5:
            raise pickle.PicklingError("PickleBuffer can only be pickled with protocol >= 5")
        with obj.raw() as data:
            if self._callback is None or self._callback(obj):
                self.save(data.tobytes() if data.readonly else bytearray(data), False)
                return
            self.write(pickle.NEXT_BUFFER)
            if data.readonly:
                self.write(pickle.READONLY_BUFFER)


_CONTAINERS: Final[dict[type, Callable[[StackPickler, Any], _Steps]]] = {
    tuple: StackPickler._tuple_steps,
    list: StackPickler._list_steps,
    dict: StackPickler._dict_steps,
    set: StackPickler._set_steps,
    frozenset: StackPickler._frozenset_steps,
}
# By name, not from _Pickler.dispatch: importing dill changes that table for all.
_NAMED: Final[dict[type, Callable[[Any, Any], None]]] = {
    type: _PythonPickler.save_type,
    FunctionType: _PythonPickler.save_global,
}
_ATOMS: Final[dict[type, Callable[[Any, Any], None]]] = {
    type(None): _PythonPickler.save_none,
    bool: _PythonPickler.save_bool,
    int: _PythonPickler.save_long,
    float: _PythonPickler.save_float,
    str: _PythonPickler.save_str,
    bytes: _PythonPickler.save_bytes,
    bytearray: _PythonPickler.save_bytearray,
    pickle.PickleBuffer: StackPickler._write_buffer,
}
