"""Bytes to a graph of stand-ins, by the C unpickler. Nothing that the pickle names is imported.

The scan comes first, with its limits, so that nothing that exhausts the machine is built.
"""

from __future__ import annotations

import io
import pickle
import pickletools
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import attrs

from pickle_migrate import collector, shims_names
from pickle_migrate.errors import PickleFormatError, PickleMigrateError, ShimError
from pickle_migrate.limits import Limits
from pickle_migrate.refs import GlobalRef
from pickle_migrate.scanner import Scan, scan
from pickle_migrate.shims_classes import Shim, shown
from pickle_migrate.shims_types import ShimType
from pickle_migrate.shims_world import World

#: The last protocol of Python 2, in which bytes have no opcode of their own.
PYTHON_2: Final = 2
_EXTENSIONS: Final = {"EXT1": 1, "EXT2": 2, "EXT4": 4}
_NO_TYPE: Final = re.compile(r"class argument must be a type, not (.*)\Z", re.DOTALL)


@attrs.frozen(eq=False)
class PersistentId:
    """Stands for an object that the pickle leaves to its program. ``pid`` is the id that it gives,
    a str in protocol 0.
    """

    pid: Any


@attrs.define(eq=False)
class Graph:
    """What one pickle holds, as stand-ins.

    ``root`` is its object; change it, or anything below it. ``protocol`` is that of the pickle.
    ``eight_bit``: each bytes object stands for an 8-bit string of Python 2, and is written as one.
    ``lost``: what the pickle calls and drops at once, which cannot be written again. ``buffers``:
    what stands in for buffers out of band that were not given; they are written out of band again.
    """

    root: Any = attrs.field(repr=shown)
    protocol: int
    eight_bit: bool = False
    lost: tuple[Shim, ...] = ()
    buffers: tuple[pickle.PickleBuffer, ...] = attrs.field(default=(), repr=False)
    world: World = attrs.field(factory=World, repr=False)

    def ref_class(self, ref: str | GlobalRef) -> ShimType:
        """The stand-in for a global, for new objects or as a value: ``module:qualname``."""
        found = GlobalRef.of(ref)
        made: ShimType = self.world.find(found.module, found.qualname)
        return made


class ShimUnpickler(pickle.Unpickler):
    """The C unpickler, which asks for each global here."""

    world: World

    def find_class(self, module_name: str, global_name: str, /) -> Any:
        """A stand-in. Imports nothing."""
        return self.world.find(module_name, global_name)

    def persistent_load(self, pid: Any) -> PersistentId:
        """A value that holds the id."""
        return PersistentId(pid)


def load_graph(
    data: bytes | bytearray | memoryview,
    *,
    encoding: str | None = None,
    errors: str = "strict",
    buffers: Iterable[Any] | None = None,
    limits: Limits | None = None,
) -> Graph:
    """The graph of the first pickle in ``data``. As ``shims.loads``."""
    scanned = scan(data, limits=limits or Limits())
    return build(bytes(data[: scanned.end]), scanned, World(), encoding, errors, buffers)


def build(
    data: bytes,
    scanned: Scan,
    world: World,
    encoding: str | None,
    errors: str = "strict",
    buffers: Iterable[Any] | None = None,
) -> Graph:
    """The graph of bytes that were scanned: one pickle from its first byte to its last."""
    eight_bit = encoding is None
    if eight_bit and scanned.protocol > PYTHON_2:
        # Its bytes have opcodes of their own; strings of Python 2 would be among them.
        encoding = "ASCII"
        eight_bit = False
    if scanned.extensions:
        data = _with_extensions_named(data)
    absent = placeholders(data) if scanned.buffers and buffers is None else ()
    arguments = {
        "encoding": encoding or "bytes",
        "errors": errors,
        "buffers": absent or buffers or (),
    }
    root = _loaded(data, world, arguments)
    return Graph(root, scanned.protocol, eight_bit, world.settle(), absent, world)


def _loaded(data: bytes, world: World, arguments: dict[str, Any]) -> Any:
    while True:
        unpickler = ShimUnpickler(io.BytesIO(data), **arguments)
        unpickler.world = world
        try:
            return load_with(unpickler.load, len(data))
        except ShimError as error:
            maker = _NO_TYPE.search(str(error.__cause__))
            known = world.class_makers
            if maker is None or maker[1] in known:
                raise
            # The C unpickler makes objects of true classes only, and says what it got instead.
            world.forget()
            world.class_makers = known | {maker[1]}


def load_with(load: Callable[[], Any], size: int) -> Any:
    """What ``load`` gives, its errors as ours: what a pickle asks for can fail in any way."""
    try:
        if size < collector.PAYS_FROM:
            return load()
        with collector.paused():
            return load()
    except (PickleMigrateError, UnicodeDecodeError, MemoryError):
        raise
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        raise ShimError(
            f"the pickle does something that no object of it can take ({reason})",
            "Python cannot load it either, or it changes its own classes as it is loaded.",
        ) from error


def placeholders(data: bytes) -> tuple[pickle.PickleBuffer, ...]:
    """Empty buffers in place of those that stand outside of the pickle: read-only where it says so,
    so that both opcodes are written again.
    """
    made: list[pickle.PickleBuffer] = []
    names = [opcode.name for opcode, _, _ in pickletools.genops(data)]
    for name, following in zip(names, [*names[1:], ""], strict=True):
        if name == "NEXT_BUFFER":
            number = len(made).to_bytes(8, "little")
            is_fixed = following == "READONLY_BUFFER"
            made.append(pickle.PickleBuffer(number if is_fixed else bytearray(number)))
    return tuple(made)


def _with_extensions_named(data: bytes) -> bytes:
    """The pickle with each extension code as a global of ours, for the C unpickler would look into
    the program's own table of codes.
    """
    parts, last = [], 0
    for start, end, code in _extensions_in(data):
        parts += [data[last:start], f"c{shims_names.EXTENSIONS}\n{code}\n".encode()]
        last = end
    return b"".join([*parts, data[last:]])


def _extensions_in(data: bytes) -> Sequence[tuple[int, int, int]]:
    found = []
    try:
        for opcode, argument, at in pickletools.genops(data):
            size = _EXTENSIONS.get(opcode.name)
            if size is not None and at is not None:
                found.append((at, at + 1 + size, int(argument or 0)))
    except ValueError as error:
        raise PickleFormatError(f"extension codes cannot be told apart: {error}", 0) from error
    return found
