"""joblib's files as plain pickles, and plain pickles as joblib's files.

In the place of each array, joblib pickles a wrapper that says what the array is, and writes the
array's bytes behind it, between the opcodes. ``opened`` makes of that the pickle that plain pickle
would have written, with the arrays in it; what upgrades pickles upgrades that. ``Opened.closed``
writes it as joblib does: a wrapper for each array, its bytes behind it, with the padding that their
new place asks for. Nothing is imported or made; arrays are stand-ins with their bytes.

Source: joblib/numpy_pickle.py, ``NumpyPickler.save``, ``NumpyArrayWrapper.write_array`` and
``read_array``, releases 0.10 to 1.5. A file that holds the same array twice has it twice.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Iterator
from typing import Any, Final

import attrs

from pickle_migrate import collector, graphs, inline_arrays, tree_builder
from pickle_migrate.errors import ContentError, VerificationError
from pickle_migrate.foreign import arrays, walk
from pickle_migrate.foreign.strings import LAST_PROTOCOL, RAW, hold_strings
from pickle_migrate.limits import UPGRADE_LIMITS
from pickle_migrate.refs import GlobalRef
from pickle_migrate.registry import Registry
from pickle_migrate.scanner import Scan, scan_all
from pickle_migrate.shims_classes import Shim
from pickle_migrate.shims_exact import ExactPickler
from pickle_migrate.shims_rows import roots_of
from pickle_migrate.shims_types import NOTHING, ShimType
from pickle_migrate.shims_world import World
from pickle_migrate.shims_writer import Table, written

#: Opcodes that are read to find the arrays.
_OPCODES: Final = 20_000_000
#: How joblib pickles arrays of objects.
_NESTED_PROTOCOL: Final = 2
_ALIGNMENT: Final = "numpy_array_alignment_bytes"
#: Pickles of higher protocols hold none of the strings that an encoding is for.
_NO_STRINGS: Final = "ASCII"
_UNREAD: Final = "Upgrade it with joblib: load it where it can be loaded, and dump it again."


@attrs.frozen
class Opened:
    """``plain`` is the pickle with its arrays in it. ``wrapper`` is the name of the wrappers, as
    the file spells it, ``alignment`` what they say of the alignment: NOTHING for files of joblib
    before 1.1, which say nothing. ``mapped``: joblib may map the arrays into memory.
    """

    plain: bytes = attrs.field(repr=False)
    wrapper: GlobalRef
    alignment: Any
    mapped: bool
    eight_bit: bool

    def renamed(self, registry: Registry) -> Opened:
        """The same, with today's name of the wrappers: scikit-learn had a copy of joblib."""
        today = registry.current_ref(self.wrapper)
        return self if today == self.wrapper else attrs.evolve(self, wrapper=today)

    def closed(self, plain: bytes) -> bytes:
        """The file of a plain pickle. Raises ShimError, and VerificationError unless it reads back
        as it was.
        """
        new = _closed(plain, self)
        again = opened(new)
        if again is None or not (
            _closed(again.plain, again) == new or _hold_the_same(plain, again.plain)
        ):
            raise VerificationError("cannot be read back as joblib reads it")
        return new


def opened(data: bytes) -> Opened | None:
    """The plain pickle of a joblib file; None for what has no arrays between its opcodes. Imports
    nothing. Raises ContentError for a file that is not read to its end, and what ``shims`` raise.
    """
    if not inline_arrays.is_named_in(data):
        return None
    tree = tree_builder.build(data, 0, _OPCODES, arrays=True)
    if not tree.arrays:
        return None
    if not tree.complete or tree.end != len(data):
        what = "holds arrays between its opcodes, and was not read to its end"
        raise ContentError(f"is a file of joblib that {what}", _UNREAD)
    rest = _without(data, tree.arrays)
    scans = scan_all(rest, limits=UPGRADE_LIMITS)
    if scans.trailing or len(scans.pickles) != 1:
        raise ContentError("is a file of joblib with more in it than one pickle", _UNREAD)
    return _opened(data, tree, rest, scans.pickles)


def plain_of(data: bytes) -> bytes:
    """The plain pickle of a joblib file; any other bytes as they are. As ``opened``."""
    found = opened(data)
    return data if found is None else found.plain


def _hold_the_same(plain: bytes, other: bytes) -> bool:
    """Whether two plain pickles are the same graph; each text may be shared otherwise."""
    world = World()
    found = [roots_of(data, scan_all(data).pickles, world, RAW) for data in (plain, other)]
    if graphs.same(*found):
        return True
    # Arrays of objects are pickles of protocol 2, in which bytes are calls.
    for roots in found:
        _bytes_for_calls(roots)
    return graphs.same(*found)


def _bytes_for_calls(roots: list[Any]) -> None:
    swaps = walk.Swaps()
    for node in walk.each_after_its_parts(roots):
        raw = arrays.bytes_of(node) if isinstance(node, Shim) else None
        if raw is not None:
            swaps.add(node, raw)
    swaps.settle(roots)


def _without(data: bytes, arrays: tuple[tuple[int, int], ...]) -> bytes:
    # Frames begin anew after each array, so that none is cut.
    parts, at = [], 0
    for start, end in arrays:
        parts.append(data[at:start])
        at = end
    return b"".join([*parts, data[at:]])


def _opened(data: bytes, tree: tree_builder.Tree, rest: bytes, scans: tuple[Scan, ...]) -> Opened:
    protocol = scans[0].protocol
    world = _WrapperWorld()
    with collector.paused():
        roots = roots_of(rest, scans, world, RAW if protocol <= LAST_PROTOCOL else _NO_STRINGS)
        if world.settle():
            raise ContentError("is a file of joblib that calls something and drops the result")
        eight_bit = protocol <= LAST_PROTOCOL and hold_strings(roots)
        if len(world.wrappers) != len(tree.arrays):
            raise ContentError("is a file of joblib whose arrays cannot be told apart", _UNREAD)
        first = _fields(world.wrappers[0])
        swaps = walk.Swaps()
        for wrapper, stretch in zip(world.wrappers, tree.arrays, strict=True):
            made = _array(wrapper, data, stretch, stretch in tree.objects, world)
            swaps.add(wrapper, made)
            if protocol > LAST_PROTOCOL and stretch in tree.objects:
                _as_bytes(made)
        swaps.settle(roots)
        plain = written(roots, protocol, Table(), eight_bit=eight_bit)
    return Opened(
        plain,
        world.wrappers[0].ref,
        first.get(_ALIGNMENT, NOTHING),
        any(_fields(wrapper).get("allow_mmap") is True for wrapper in world.wrappers),
        eight_bit,
    )


@attrs.define(eq=False)
class _WrapperWorld(World):
    """Stand-ins that note joblib's wrappers in the order in which they get their states."""

    wrappers: list[Shim] = attrs.field(factory=list)

    def find(self, module: str, qualname: str) -> Any:
        found = self._classes.get((module, qualname))
        ref = GlobalRef(module, qualname)
        if found is None and inline_arrays.is_wrapper(ref):
            found = self.new(ShimType, ref, {"__setstate__": self._noting()})
            self._classes[module, qualname] = found
        return super().find(module, qualname) if found is None else found

    def _noting(self) -> Any:
        def setstate(shim: Shim, state: Any) -> None:
            Shim.__setstate__(shim, state)
            self.wrappers.append(shim)

        return setstate


def _fields(wrapper: Shim) -> dict[str, Any]:
    fields = wrapper.fields
    return {k.decode() if type(k) is bytes else k: v for k, v in fields.items()}


def _array(
    wrapper: Shim, data: bytes, stretch: tuple[int, int], is_pickle: bool, world: World
) -> Any:
    start, end = stretch
    fields = _fields(wrapper)
    if is_pickle:
        nested = data[start:end]
        scans = scan_all(nested, limits=UPGRADE_LIMITS).pickles
        encoding = RAW if scans[0].protocol <= LAST_PROTOCOL else _NO_STRINGS
        return roots_of(nested, scans, world, encoding)[0]
    if fields.get(_ALIGNMENT):
        start += 1 + data[start]
    order = fields.get("order")
    is_fortran = order in ("F", b"F")
    if fields.get("subclass") is None or fields.get("shape") is None:
        raise ContentError("is a file of joblib with a wrapper that says too little", _UNREAD)
    subclass = fields["subclass"]
    if isinstance(subclass, ShimType) and subclass.ref.qualname == "memmap":
        subclass = world.find("numpy", "ndarray")
    return arrays.made(
        world, subclass, fields["dtype"], fields["shape"], data[start:end], is_fortran=is_fortran
    )


def _as_bytes(made: Any) -> None:
    """Bytes as the file has them, in an array whose own pickle has no opcode for them."""
    swaps = walk.Swaps()
    for node in walk.each_after_its_parts([made]):
        if isinstance(node, Shim) and node.ref.qualname in ("encode", "bytes"):
            raw = arrays.bytes_of(node)
            if raw is not None:
                swaps.add(node, raw)
    swaps.settle([made])


# --- writing --------------------------------------------------------------------------------------


def _closed(plain: bytes, like: Opened) -> bytes:
    scans = scan_all(plain).pickles
    protocol = scans[0].protocol
    world = World()
    encoding = RAW if protocol <= LAST_PROTOCOL and like.eight_bit else _NO_STRINGS
    with collector.paused():
        roots = roots_of(plain, scans, world, encoding)
        world.settle()
        eight_bit = encoding == RAW and hold_strings(roots)
        hooks = pickle.Pickler(io.BytesIO(), protocol)
        hooks.dispatch_table = Table()
        file = io.BytesIO()
        _Writer(hooks, file, protocol, like, world, eight_bit=eight_bit).dump(roots[0])
    return file.getvalue()


class _Writer(ExactPickler):
    """Writes a wrapper for each array, and the array's bytes behind it."""

    def __init__(
        self,
        hooks: Any,
        file: io.BytesIO,
        protocol: int,
        like: Opened,
        world: World,
        *,
        eight_bit: bool,
    ) -> None:
        super().__init__(hooks, file, protocol, None, eight_bit=eight_bit)
        self._file = file
        self._like = like
        self._wrapper = world.find(like.wrapper.module, like.wrapper.qualname)
        self._kept: list[Shim] = []
        self._names: dict[str, str] = {}

    def _write_global(self, ref: GlobalRef) -> None:
        # Equal names are one text, so that the same graph gives the same bytes.
        one = self._names.setdefault
        super()._write_global(
            GlobalRef(one(ref.module, ref.module), one(ref.qualname, ref.qualname))
        )

    def _begin(self, obj: Any, ask_persistent: bool = True) -> Any:
        # An array is written in full each time: joblib keeps the wrapper in its memo, not the
        # array.
        found = arrays.read(obj) if isinstance(obj, Shim) else None
        if found is not None and found.is_plain:
            return self._array_steps(obj, found)
        return super()._begin(obj, ask_persistent)

    def _array_steps(self, obj: Shim, array: arrays.Array) -> Iterator[object]:
        wrapper = Shim.__new__(self._wrapper)
        self._kept.append(wrapper)  # its id is its name in the memo
        fields: dict[str, Any] = {
            "subclass": array.subclass,
            "shape": array.shape,
            "order": "F" if array.is_fortran else "C",
            "dtype": array.dtype,
            "allow_mmap": self._like.mapped and array.data is not None,
        }
        if self._like.alignment is not NOTHING:
            fields[_ALIGNMENT] = self._like.alignment
        wrapper.state = fields
        if self._eight_bit:
            fields["order"] = fields["order"].encode()
            wrapper.state = {name.encode(): value for name, value in fields.items()}
        yield wrapper
        if self.proto >= 4:
            self.framer.commit_frame(force=True)
        if array.data is None:
            self._file.write(written([obj], _NESTED_PROTOCOL, Table(), eight_bit=self._eight_bit))
            return
        if self._like.alignment not in (NOTHING, None):
            self._pad(int(self._like.alignment))
        self._file.write(array.data)

    def _pad(self, alignment: int) -> None:
        """A byte that says how many bytes of padding follow it, and these."""
        size = alignment - (self._file.tell() + 1) % alignment
        self._file.write(bytes([size]) + b"\xff" * size)
