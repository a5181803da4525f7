"""A graph of stand-ins written opcode by opcode, for what pickle's own pickler has no way to write.

That is: objects of INST and OBJ, several states of one object, items given in an odd order, members
added to no set, calls whose results are dropped, persistent ids, extension codes, 8-bit strings of
Python 2. And graphs that are too deep for the C pickler. Slower than C by an order of magnitude.
"""

from __future__ import annotations

import io
import pickle
from collections import Counter
from collections.abc import Iterator
from typing import Any

from pickle_migrate.errors import ShimError
from pickle_migrate.refs import GlobalRef
from pickle_migrate.shims_classes import Shim
from pickle_migrate.shims_reader import PersistentId
from pickle_migrate.shims_types import (
    NOTHING,
    Event,
    ExtensionShimType,
    Extra,
    MadeShimType,
    NestedShimType,
    ShimType,
)
from pickle_migrate.stack_pickler import BufferCallback, StackPickler

_Steps = Iterator[object]
_NO_EXTRA = Extra()


class ExactPickler(StackPickler):
    """Writes graphs with stand-ins under the names of the pickle.

    ``hooks`` is asked for the reducers of all that is no stand-in. ``eight_bit``: bytes are written
    as 8-bit strings of Python 2.
    """

    def __init__(
        self,
        hooks: Any,
        file: io.BytesIO,
        protocol: int,
        callback: BufferCallback | None,
        *,
        eight_bit: bool = False,
        fix_imports: bool = True,
    ) -> None:
        super().__init__(hooks, file, protocol, fix_imports, callback)
        self._eight_bit = eight_bit
        self._making: Counter[int] = Counter()

    def _begin(self, obj: Any, ask_persistent: bool = True) -> _Steps | None:
        if self._eight_bit and type(obj) is bytes and id(obj) not in self.memo:
            self.framer.commit_frame()
            self._write_eight_bit(obj)
            return None
        if type(obj) is PersistentId:
            return self._persistent_steps(obj.pid)
        return super()._begin(obj, ask_persistent)

    def _persistent_steps(self, pid: Any) -> _Steps:
        """A persistent id, which may hold others."""
        if self.bin:
            yield pid
            self.write(pickle.BINPERSID)
        elif not isinstance(pid, str) or "\n" in pid or not pid.isascii():
            raise ShimError("persistent ids are texts of one line in protocol 0")
        else:
            self.write(pickle.PERSID + pid.encode("ascii") + b"\n")

    def _write_eight_bit(self, text: bytes) -> None:
        size = len(text)
        if not self.bin:
            self.write(b"S" + repr(text)[1:].encode("ascii") + b"\n")
        elif size < 256:
            self.write(b"U" + bytes([size]) + text)
        else:
            self.write(b"T" + size.to_bytes(4, "little") + text)
        self.memoize(text)

    def _begin_object(self, obj: Any, kind: type) -> _Steps | None:
        if isinstance(obj, ShimType):
            return self._class_steps(obj)
        if isinstance(obj, Shim):
            reduce = getattr(kind, "_reduce", None)
            if reduce is not None:  # a class of objects that change as they are written
                return self._reduce_steps(*reduce(obj), obj=obj)
            return self._shim_steps(obj)
        return super()._begin_object(obj, kind)

    # --- classes ----------------------------------------------------------------------------------

    def _class_steps(self, cls: ShimType) -> _Steps:
        if isinstance(cls, ExtensionShimType):
            self._write_extension(cls._code)
            self.memoize(cls)
        elif isinstance(cls, NestedShimType) and cls._written is cls._ref:
            yield cls._getattr
            yield (cls._outer, cls._name)
            self.write(pickle.REDUCE)
            self.memoize(cls)
        elif isinstance(cls, MadeShimType):
            yield from (cls._callee, cls._given)
            self.write(pickle.REDUCE)
            self.memoize(cls)
        else:
            self._write_global(cls._written)
            self.memoize(cls)
        for event in cls._later:
            yield from self._event_steps(event)

    def _write_global(self, ref: GlobalRef) -> None:
        if self.proto >= 4:
            self.save(ref.module)
            self.save(ref.qualname)
            self.write(pickle.STACK_GLOBAL)
        else:
            self.write(pickle.GLOBAL + _lines(ref))

    def _write_extension(self, code: int) -> None:
        for opcode, size in ((pickle.EXT1, 1), (pickle.EXT2, 2)):
            if 0 < code < 1 << (8 * size):
                self.write(opcode + code.to_bytes(size, "little"))
                return
        self.write(pickle.EXT4 + code.to_bytes(4, "little", signed=True))

    # --- objects ----------------------------------------------------------------------------------

    def _shim_steps(self, shim: Shim) -> _Steps:
        self._making[id(shim)] += 1
        if self._making[id(shim)] > 2:
            # A list among the arguments ends the circle, for it has been begun the second time.
            raise ShimError(
                f"an object of {shim.ref} stands in its own arguments",
                "No pickle can hold that. Give one of the two another value.",
            )
        extra = shim._extra or _NO_EXTRA
        yield from self._make_steps(shim, extra)
        self._making[id(shim)] -= 1
        if id(shim) in self.memo:
            # Its arguments led back to it, and so it has been made already.
            self.write(pickle.POP + self.get(self.memo[id(shim)][0]))
        else:
            self.memoize(shim)
        yield from self._append_steps(extra.items)
        yield from self._setitem_steps(extra.pairs)
        if shim._state is not NOTHING:
            yield shim._state
            self.write(pickle.BUILD)
        for event in extra.later:
            yield from self._event_steps(event)

    def _make_steps(self, shim: Shim, extra: Extra) -> _Steps:
        how = shim._how
        if extra.inst:
            yield from self._inst_steps(shim)
        elif how is not None:
            if extra.kwargs:
                raise ShimError(f"a call of {shim.ref} has keyword arguments, which no pickle can")
            yield how
            yield shim._args
            self.write(pickle.REDUCE)
        elif self.proto < 2:
            raise ShimError(f"an object of {shim.ref} needs protocol 2 or higher")
        elif extra.kwargs:
            if self.proto < 4:
                raise ShimError(f"an object of {shim.ref} needs protocol 4 or higher")
            yield from (type(shim), shim._args, extra.kwargs)
            self.write(pickle.NEWOBJ_EX)
        else:
            yield from (type(shim), shim._args)
            self.write(pickle.NEWOBJ)

    def _inst_steps(self, shim: Shim) -> _Steps:
        cls: Any = type(shim)
        self.write(pickle.MARK)
        if self.bin:
            yield cls
            yield from shim._args
            self.write(pickle.OBJ)
        else:
            yield from shim._args
            self.write(pickle.INST + _lines(cls._written))

    def _event_steps(self, event: Event) -> _Steps:
        """What is done to the value on top of the stack, which stays there."""
        values = event.values
        if event.kind == "call":
            (call,) = values
            yield from (call._how, call._args)
            self.write(pickle.REDUCE + pickle.POP)
            return
        if event.kind == "add":
            if self.proto < 4:
                raise ShimError("members can be added from protocol 4 on")
            self.write(pickle.MARK)
        yield from values
        self.write(
            {
                "build": pickle.BUILD,
                "append": pickle.APPEND,
                "set": pickle.SETITEM,
                "add": pickle.ADDITEMS,
            }[event.kind]
        )


def _lines(ref: GlobalRef) -> bytes:
    if "\n" in f"{ref.module}{ref.qualname}":
        raise ShimError(
            f"a name with a line end in it cannot stand in a pickle below protocol 4 ({ref!r})"
        )
    return f"{ref.module}\n{ref.qualname}\n".encode("utf-8", "surrogatepass")
