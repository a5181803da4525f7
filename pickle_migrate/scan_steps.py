"""Reads a pickle opcode by opcode and drives the stack model with it.

Each opcode has a step; those that only push a value of a fixed size share the few lines in
``advance``. A step gets the reader and the opcode's offset, and gives the
offset of the next opcode.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Final, TypeAlias

from pickle_migrate import scan_calls, scan_differences, scan_pushes, scan_texts
from pickle_migrate.errors import LimitError, PickleFormatError
from pickle_migrate.opcodes import ALL, BY_CODE, BY_NAME, HIGHEST_PROTOCOL
from pickle_migrate.scan_entries import (
    DICT,
    EMPTY_DICT,
    EMPTY_LIST,
    EMPTY_SET,
    EMPTY_TUPLE,
    FROZENSET,
    LIST,
    PLAIN,
    SET,
    Entry,
)
from pickle_migrate.scan_reader import Reader, decoded

Step: TypeAlias = Callable[[Reader, int], int]


def advance(r: Reader, most: int, until: int = sys.maxsize) -> bool:
    """Read so many opcodes from ``r.at`` on, up to STOP: True when it was one of them.

    With ``until``, stop before the first opcode that starts there or later: ``r`` can be looked at,
    and run on. Raises PickleFormatError and LimitError; what was seen up to there stays in ``r``.
    """
    data, at = r.data, r.at
    stack, used, turns = r.machine.stack, r.used, r.turns
    pushes, values, steps = r.pushes or PUSHES, _VALUES, r.steps or STEPS
    edge = min(r.frame_end or r.size, until)
    allowed = min(most, r.most_opcodes - r.opcodes)
    for count in range(1, allowed + 1):
        if at >= edge:
            if at >= until:
                r.at, r.opcodes = at, r.opcodes + count - 1
                return True
            r.frame_end = 0
            edge = min(r.size, until)
            if at >= r.size:
                raise r.ends("the data ends before STOP", at)
        code = data[at]
        used[code] = 1
        width = pushes[code]
        if width:
            after = at + width
            stack.append(values[code])
        else:
            after = steps[code](r, at)
            if code in turns:
                edge = min(r.frame_end or r.size, until)
        if after > edge:
            edge = min(r.leave_frame(at, after), until)
        at = after
        if code == _STOP:
            r.at, r.opcodes = at, r.opcodes + count
            return True
    if allowed < most:
        raise LimitError("opcodes", r.most_opcodes + 1, r.most_opcodes, at)
    r.at, r.opcodes = at, r.opcodes + allowed
    return False


def push_fixed(r: Reader, at: int) -> int:
    """The step of an opcode that just pushes a value of a fixed size."""
    code = r.data[at]
    r.machine.stack.append(_VALUES[code])
    return at + PUSHES[code]


def protocol_of(r: Reader) -> int:
    """The highest protocol of PROTO and of the opcodes that were read so far."""
    for protocol in range(HIGHEST_PROTOCOL, r.protocol, -1):
        if any(map(r.used.__getitem__, _CODES[protocol])):
            return protocol
    return r.protocol


# --- containers ----------------------------------------------------------------------------


def _container_from_mark(r: Reader, at: int) -> int:
    """LIST, DICT, FROZENSET."""
    machine, kind = r.machine, _KINDS[r.data[at]]
    items = machine.to_mark(at, packed=kind == LIST)
    if kind == DICT and len(items) % 2:
        raise PickleFormatError("DICT has an odd number of items", at)
    if kind != LIST:
        machine.hash_items(items[::2] if kind == DICT else items, at)
    weights = machine.weigh(items)
    if machine.watches:
        scan_calls.watch(machine, kind, items)
    machine.stack.append(machine.shape(kind, None, weights, at))
    return at + 1


def _tuple_from_mark(r: Reader, at: int) -> int:
    machine = r.machine
    size = len(machine.stack)
    for place in range(machine.marks[-1], size)[:2] if machine.marks else ():
        machine.thaw(place - size)
    items = machine.to_mark(at, packed=True)
    machine.stack.append(machine.as_tuple(items, at))
    return at + 1


def _short_tuple(r: Reader, at: int) -> int:
    r.machine.pop_tuple(r.data[at] - 0x84, at)
    return at + 1


def _add_from_mark(r: Reader, at: int) -> int:
    """APPENDS, SETITEMS, ADDITEMS."""
    kind = _KINDS[r.data[at]]
    items = r.machine.to_mark(at, packed=kind == LIST)
    r.machine.top(at)
    if kind == DICT and len(items) % 2:
        raise PickleFormatError("SETITEMS has an odd number of items", at)
    scan_calls.fill(r.machine, kind, items, at)
    return at + 1


def _append(r: Reader, at: int) -> int:
    r.machine.need(2, at)
    scan_calls.fill(r.machine, LIST, [r.machine.stack.pop()], at)
    return at + 1


def _set_item(r: Reader, at: int) -> int:
    r.machine.need(3, at)
    value, key = r.machine.stack.pop(), r.machine.stack.pop()
    scan_calls.fill(r.machine, DICT, [key, value], at)
    return at + 1


# --- stack and memo ------------------------------------------------------------------------


def _mark(r: Reader, at: int) -> int:
    r.machine.mark(at)
    return at + 1


def _pop(r: Reader, at: int) -> int:
    """A value, or the mark when nothing is above it."""
    machine = r.machine
    if machine.marks and machine.marks[-1] == len(machine.stack):
        machine.to_mark(at)
    else:
        machine.drop([machine.pop(at)])
    return at + 1


def _pop_mark(r: Reader, at: int) -> int:
    r.machine.drop(r.machine.to_mark(at, packed=True))
    return at + 1


def _dup(r: Reader, at: int) -> int:
    r.machine.double(at)
    return at + 1


def _memo_key(r: Reader, at: int) -> tuple[int, int]:
    """The key of GET or PUT, and the next offset. -1 for one that is out of range."""
    op = BY_CODE[r.data[at]]
    if op.fixed:
        return r.number(at, op.fixed), at + 1 + op.fixed
    line = r.line(at, at + 1)
    if scan_texts.PLAIN_KEY.fullmatch(line):
        return int(line), at + len(line) + 2
    key = scan_texts.memo_key(line)
    if key is None:
        raise PickleFormatError(f"{op.name} has a malformed memo key", at)
    if scan_differences.differ(op.name, line):
        r.differences.note(scan_differences.KEY_TEXT, at)
    return max(key, -1), at + len(line) + 2


def _get(r: Reader, at: int) -> int:
    if r.data[at] == _BINGET and at + 1 < r.size:
        key, end = r.data[at + 1], at + 2
    else:
        key, end = _memo_key(r, at)
    try:
        r.machine.get(key)
    except KeyError:
        raise PickleFormatError(f"memo key {key} is not set", at) from None
    if r.carries_memo:
        r.machine.stack[-1] = scan_calls.adopted(r.machine, r.machine.stack[-1], at)
    return end


def _put(r: Reader, at: int) -> int:
    key, end = _memo_key(r, at)
    if key < 0:
        raise PickleFormatError("a memo key is negative", at)
    r.machine.put(key, at)
    return end


def _memoize(r: Reader, at: int) -> int:
    r.machine.put(len(r.machine.memo), at)
    return at + 1


# --- globals and calls ---------------------------------------------------------------------


def _name_lines(r: Reader, at: int, encoding: str) -> tuple[str, str, int]:
    module = r.line(at, at + 1)
    qualname = r.line(at, at + len(module) + 2)
    if not module or not qualname:
        raise PickleFormatError("the name of a global is empty", at)
    end = at + len(module) + len(qualname) + 3
    names = [decoded(raw, encoding, "strict", at) for raw in (module, qualname)]
    if scan_differences.names_differ(module, qualname, r.machine.protocol):
        r.differences.note(scan_differences.GLOBAL_TEXT, at)
    r.saw_length(max(len(module), len(qualname)), at)
    return names[0], names[1], end


def _global(r: Reader, at: int) -> int:
    module, qualname, end = _name_lines(r, at, "utf-8")
    r.machine.stack.append(scan_calls.name(r.machine, module, qualname, at))
    return end


def _inst(r: Reader, at: int) -> int:
    items = r.machine.to_mark(at)
    module, qualname, end = _name_lines(r, at, "ascii")
    target = scan_calls.name(r.machine, module, qualname, at)
    scan_calls.make_from(r.machine, target, items, at)
    return end


def _stack_global(r: Reader, at: int) -> int:
    scan_calls.name_from_stack(r.machine, at)
    return at + 1


def _obj(r: Reader, at: int) -> int:
    items = r.machine.to_mark(at)
    if not items:
        raise r.machine.underflow(at)
    scan_calls.make_from(r.machine, items[0], items[1:], at)
    return at + 1


def _newobj(r: Reader, at: int) -> int:
    more: Entry = PLAIN
    if r.data[at] == _NEWOBJ_EX:
        r.machine.top(at)
        r.machine.thaw(-1)
        more = r.machine.pop(at)
    args = r.machine.pop(at)
    scan_calls.make(r.machine, r.machine.pop(at), args, more, at)
    return at + 1


def _reduce(r: Reader, at: int) -> int:
    scan_calls.reduce(r.machine, at)
    return at + 1


def _build(r: Reader, at: int) -> int:
    scan_calls.build(r.machine, at)
    r.builds = True
    return at + 1


# --- the machine ---------------------------------------------------------------------------


def _proto(r: Reader, at: int) -> int:
    protocol = r.number(at, 1)
    if protocol > HIGHEST_PROTOCOL:
        raise PickleFormatError(f"there is no protocol {protocol}", at)
    if at != r.start:
        r.differences.note(scan_differences.PROTO_AGAIN, at)
    r.machine.protocol = protocol
    r.protocol = max(r.protocol, protocol)
    return at + 2


def _frame(r: Reader, at: int) -> int:
    after = r.frame(at)
    if r.machine.places is not None:
        r.machine.places.frames.append(at)
    return after


def _stop(r: Reader, at: int) -> int:
    r.machine.stop(at)
    if at + 1 < r.frame_end:
        r.differences.note(scan_differences.FRAME_PAST_STOP, at)
    return at + 1


_CODES: Final = [[op.code for op in ALL if op.protocol == p] for p in range(HIGHEST_PROTOCOL + 1)]
_STOP: Final = BY_NAME["STOP"].code
_FRAME: Final = BY_NAME["FRAME"].code
_BINGET: Final = BY_NAME["BINGET"].code
_NEWOBJ_EX: Final = BY_NAME["NEWOBJ_EX"].code
_KINDS: Final = {
    BY_NAME[name].code: kind
    for kind, names in {
        LIST: "LIST APPENDS",
        DICT: "DICT SETITEMS",
        SET: "ADDITEMS",
        FROZENSET: "FROZENSET",
    }.items()
    for name in names.split()
}
# What opcodes push that have an argument of a fixed size, or none.
_VALUES: Final[list[Entry]] = [PLAIN] * 256
_VALUES[BY_NAME["EMPTY_LIST"].code] = EMPTY_LIST
_VALUES[BY_NAME["EMPTY_DICT"].code] = EMPTY_DICT
_VALUES[BY_NAME["EMPTY_SET"].code] = EMPTY_SET
_VALUES[BY_NAME["EMPTY_TUPLE"].code] = EMPTY_TUPLE

_METHODS: Final[dict[str, Step]] = {
    "INT LONG FLOAT STRING UNICODE": scan_pushes.push_line,
    "EXT1 EXT2 EXT4": scan_pushes.push_extension,
    "NEXT_BUFFER": scan_pushes.next_buffer,
    "READONLY_BUFFER": scan_pushes.readonly_buffer,
    "PERSID": scan_pushes.persistent_id,
    "BINPERSID": scan_pushes.binary_persistent_id,
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


def _no_opcode(r: Reader, at: int) -> int:
    raise PickleFormatError(f"there is no opcode 0x{r.data[at]:02x}", at)


def _steps() -> tuple[list[Step], list[int]]:
    """The step for each byte; and for opcodes that just push a value of fixed size, their size."""
    steps: list[Step] = [_no_opcode] * 256
    pushes = [0] * 256
    for names, method in _METHODS.items():
        for name in names.split():
            steps[BY_NAME[name].code] = method
    for op in ALL:
        if steps[op.code] is _no_opcode and op.prefix:
            steps[op.code] = scan_pushes.push_counted
        elif steps[op.code] is _no_opcode:
            pushes[op.code] = 1 + op.fixed
    return steps, pushes


STEPS, PUSHES = _steps()
