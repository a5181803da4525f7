"""Reads a pickle opcode by opcode and drives the stack model with it.

``run`` reads one pickle up to STOP. Each opcode has a step; those that only push a value of a fixed
size share the few lines in ``run``. A step gets the reader and the opcode's offset, and gives the
offset of the next opcode.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from pickle_migrate import scan_texts
from pickle_migrate.errors import PickleFormatError
from pickle_migrate.opcodes import ALL, BY_CODE, BY_NAME, HIGHEST_PROTOCOL
from pickle_migrate.scan_model import PLAIN, UNKNOWN
from pickle_migrate.scan_reader import FIRST_FEW, Reader, decoded

Step: TypeAlias = Callable[[Reader, int], int]

_TEXT_OPCODES: Final = frozenset(b"SUTVX\x8c\x8d")


def run(r: Reader) -> None:
    """Read the pickle up to its STOP; ``r.at`` is then the offset after it.

    Raises PickleFormatError; what was seen up to there stays in the reader.
    """
    data, size, at = r.data, r.size, r.start
    stack = r.machine.stack
    used = bytearray(256)
    code = -1
    while code != _STOP:
        if at >= size:
            raise PickleFormatError("the data ends before STOP", at)
        code = data[at]
        r.opcodes += 1
        used[code] = 1
        width = _PUSHES[code]
        if width:
            if at + width > size:
                raise r.truncated(at)
            stack.append(PLAIN)
            at += width
            continue
        step = _STEPS[code]
        if step is None:
            raise PickleFormatError(f"there is no opcode 0x{code:02x}", at)
        at = step(r, at)
    r.at = at
    r.protocol = max(r.protocol, *(op.protocol for op in ALL if used[op.code]))


# --- opcodes that push ---------------------------------------------------------------------


def _push_counted(r: Reader, at: int) -> int:
    code = r.data[at]
    end = r.counted(at, BY_CODE[code])
    r.machine.stack.append(at if code in _TEXT_OPCODES else PLAIN)
    return end


def _push_line(r: Reader, at: int) -> int:
    line = r.line(at, at + 1)
    name = BY_CODE[r.data[at]].name
    if not _TAKES[name](line):
        raise PickleFormatError(f"{name} has a malformed argument", at)
    if len(line) > r.longest:
        r.longest = len(line)
    r.machine.stack.append(at if r.data[at] in _TEXT_OPCODES else PLAIN)
    return at + len(line) + 2


def _push_extension(r: Reader, at: int) -> int:
    width = BY_CODE[r.data[at]].fixed
    code = r.number(at, width)
    if code == 0 or code >= 1 << 31:
        raise PickleFormatError("an extension code is not positive", at)
    entry = r.machine.name("", "", at, via="extension", code=code)
    r.machine.stack.append(entry)
    return at + 1 + width


def _next_buffer(r: Reader, at: int) -> int:
    r.buffers += 1
    if r.buffers <= FIRST_FEW:
        r.buffer_offsets.append(at)
    r.machine.stack.append(UNKNOWN)
    return at + 1


def _readonly_buffer(r: Reader, at: int) -> int:
    r.machine.top(at)
    return at + 1


def _persistent_id(r: Reader, at: int) -> int:
    line = r.line(at, at + 1)
    if not line.isascii():
        raise PickleFormatError("a persistent id is not ASCII", at)
    _saw_persistent_id(r, at)
    return at + len(line) + 2


def _binary_persistent_id(r: Reader, at: int) -> int:
    r.machine.put_away(r.machine.pop(at))
    _saw_persistent_id(r, at)
    return at + 1


def _saw_persistent_id(r: Reader, at: int) -> None:
    r.persistent_ids += 1
    if r.persistent_ids <= FIRST_FEW:
        r.persistent_id_offsets.append(at)
    r.machine.stack.append(UNKNOWN)


# --- containers ----------------------------------------------------------------------------


def _container_from_mark(r: Reader, at: int) -> int:
    """LIST, DICT, FROZENSET."""
    items = r.machine.to_mark(at)
    if r.data[at] == _DICT and len(items) % 2:
        raise PickleFormatError("DICT has an odd number of items", at)
    r.machine.put_all_away(items)
    r.machine.stack.append(PLAIN)
    return at + 1


def _tuple_from_mark(r: Reader, at: int) -> int:
    items = r.machine.to_mark(at)
    r.machine.stack.append(r.machine.as_tuple(items))
    return at + 1


def _short_tuple(r: Reader, at: int) -> int:
    r.machine.pop_tuple(r.data[at] - 0x84, at)
    return at + 1


def _add_from_mark(r: Reader, at: int) -> int:
    """APPENDS, SETITEMS, ADDITEMS."""
    items = r.machine.to_mark(at)
    r.machine.top(at)
    if r.data[at] == _SETITEMS and len(items) % 2:
        raise PickleFormatError("SETITEMS has an odd number of items", at)
    r.machine.put_all_away(items)
    return at + 1


def _append(r: Reader, at: int) -> int:
    r.machine.need(2, at)
    r.machine.put_away(r.machine.pop(at))
    return at + 1


def _set_item(r: Reader, at: int) -> int:
    r.machine.need(3, at)
    r.machine.put_away(r.machine.pop(at))
    r.machine.put_away(r.machine.pop(at))
    return at + 1


# --- stack and memo ------------------------------------------------------------------------


def _mark(r: Reader, at: int) -> int:
    r.machine.mark()
    return at + 1


def _pop(r: Reader, at: int) -> int:
    r.machine.pop_one(at)
    return at + 1


def _pop_mark(r: Reader, at: int) -> int:
    r.machine.put_all_away(r.machine.to_mark(at))
    return at + 1


def _dup(r: Reader, at: int) -> int:
    r.machine.stack.append(r.machine.top(at))
    return at + 1


def _memo_key(r: Reader, at: int) -> tuple[int, int]:
    """The key of GET or PUT, and the next offset. -1 for one that is out of range."""
    op = BY_CODE[r.data[at]]
    if op.fixed:
        return r.number(at, op.fixed), at + 1 + op.fixed
    line = r.line(at, at + 1)
    key = scan_texts.memo_key(line)
    if key is None:
        raise PickleFormatError(f"{op.name} has a malformed memo key", at)
    return max(key, -1), at + len(line) + 2


def _get(r: Reader, at: int) -> int:
    key, end = _memo_key(r, at)
    try:
        entry = r.machine.memo.get(key)
    except KeyError:
        raise PickleFormatError(f"memo key {key} is not set", at) from None
    r.machine.stack.append(r.machine.adopted(entry, at) if r.carries_memo else entry)
    return end


def _put(r: Reader, at: int) -> int:
    key, end = _memo_key(r, at)
    if key < 0:
        raise PickleFormatError("a memo key is negative", at)
    r.machine.memo.put(key, r.machine.top(at))
    return end


def _memoize(r: Reader, at: int) -> int:
    memo = r.machine.memo
    memo.put(len(memo), r.machine.top(at))
    return at + 1


# --- globals and calls ---------------------------------------------------------------------


def _name_lines(r: Reader, at: int, encoding: str) -> tuple[str, str, int]:
    module = r.line(at, at + 1)
    qualname = r.line(at, at + len(module) + 2)
    if not module or not qualname:
        raise PickleFormatError("the name of a global is empty", at)
    end = at + len(module) + len(qualname) + 3
    names = [decoded(raw, encoding, "strict", at) for raw in (module, qualname)]
    return names[0], names[1], end


def _global(r: Reader, at: int) -> int:
    module, qualname, end = _name_lines(r, at, "utf-8")
    r.machine.stack.append(r.machine.name(module, qualname, at))
    return end


def _inst(r: Reader, at: int) -> int:
    items = r.machine.to_mark(at)
    module, qualname, end = _name_lines(r, at, "ascii")
    r.machine.put_all_away(items)
    r.machine.make(r.machine.name(module, qualname, at), PLAIN)
    return end


def _stack_global(r: Reader, at: int) -> int:
    r.machine.name_from_stack(at)
    return at + 1


def _obj(r: Reader, at: int) -> int:
    items = r.machine.to_mark(at)
    if not items:
        raise r.machine.underflow(at)
    r.machine.put_all_away(items[1:])
    r.machine.make(items[0], PLAIN)
    return at + 1


def _newobj(r: Reader, at: int) -> int:
    if r.data[at] == _NEWOBJ_EX:
        r.machine.put_away(r.machine.pop(at))
    args = r.machine.pop(at)
    r.machine.make(r.machine.pop(at), args)
    return at + 1


def _reduce(r: Reader, at: int) -> int:
    r.machine.reduce(at)
    return at + 1


def _build(r: Reader, at: int) -> int:
    r.machine.need(2, at)
    r.machine.put_away(r.machine.pop(at))
    r.builds = True
    return at + 1


# --- the machine ---------------------------------------------------------------------------


def _proto(r: Reader, at: int) -> int:
    protocol = r.number(at, 1)
    if protocol > HIGHEST_PROTOCOL:
        raise PickleFormatError(f"there is no protocol {protocol}", at)
    r.machine.protocol = protocol
    r.protocol = max(r.protocol, protocol)
    return at + 2


def _frame(r: Reader, at: int) -> int:
    # C only asks that so many bytes are there, and reads on: frames may overlap.
    if at + 9 + r.number(at, 8) > r.size:
        raise PickleFormatError("a frame is longer than the data", at)
    r.frames += 1
    if r.machine.places is not None:
        r.machine.places.frames.append(at)
    return at + 9


def _stop(r: Reader, at: int) -> int:
    r.machine.put_away(r.machine.pop(at))
    r.machine.put_all_away(r.machine.stack)
    return at + 1


_TAKES: Final[dict[str, Callable[[bytes], bool]]] = {
    "INT": scan_texts.is_int,
    "LONG": scan_texts.is_long,
    "FLOAT": scan_texts.is_float,
    "STRING": scan_texts.is_quoted,
    "UNICODE": lambda line: scan_texts.unescaped(line) is not None,
}

_STOP: Final = BY_NAME["STOP"].code
_DICT: Final = BY_NAME["DICT"].code
_SETITEMS: Final = BY_NAME["SETITEMS"].code
_NEWOBJ_EX: Final = BY_NAME["NEWOBJ_EX"].code

_METHODS: Final[dict[str, Step]] = {
    "INT LONG FLOAT STRING UNICODE": _push_line,
    "EXT1 EXT2 EXT4": _push_extension,
    "NEXT_BUFFER": _next_buffer,
    "READONLY_BUFFER": _readonly_buffer,
    "PERSID": _persistent_id,
    "BINPERSID": _binary_persistent_id,
    "LIST DICT FROZENSET": _container_from_mark,
    "TUPLE": _tuple_from_mark,
    "TUPLE1 TUPLE2 TUPLE3": _short_tuple,
    "APPENDS SETITEMS ADDITEMS": _add_from_mark,
    "APPEND": _append,
    "SETITEM": _set_item,
    "MARK": _mark,
    "POP": _pop,
    "POP_MARK": _pop_mark,
    "DUP": _dup,
    "GET BINGET LONG_BINGET": _get,
    "PUT BINPUT LONG_BINPUT": _put,
    "MEMOIZE": _memoize,
    "GLOBAL": _global,
    "INST": _inst,
    "STACK_GLOBAL": _stack_global,
    "OBJ": _obj,
    "NEWOBJ NEWOBJ_EX": _newobj,
    "REDUCE": _reduce,
    "BUILD": _build,
    "PROTO": _proto,
    "FRAME": _frame,
    "STOP": _stop,
}


def _steps() -> tuple[list[Step | None], list[int]]:
    """The step for each byte; and for opcodes that just push a value of fixed size, their size."""
    steps: list[Step | None] = [None] * 256
    pushes = [0] * 256
    for names, method in _METHODS.items():
        for name in names.split():
            steps[BY_NAME[name].code] = method
    for op in ALL:
        if steps[op.code] is None and op.prefix:
            steps[op.code] = _push_counted
        elif steps[op.code] is None:
            pushes[op.code] = 1 + op.fixed
    return steps, pushes


_STEPS, _PUSHES = _steps()
