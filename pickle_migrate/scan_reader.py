"""One pickle while it is read: its bytes, how far the reading has come, and what was counted.

The arguments of opcodes are cut out here, with the checks of Modules/_pickle.c. A problem is
raised as PickleFormatError with the offset of the opcode that it is in. Nothing is allocated by a
length that the pickle claims: what is not there is refused first.
"""

from __future__ import annotations

import mmap
import re
import sys
from collections.abc import Callable
from typing import Final, TypeAlias

from pickle_migrate import scan_texts
from pickle_migrate.errors import LimitError, PickleFormatError
from pickle_migrate.limits import NO_LIMITS, Limits
from pickle_migrate.opcodes import BY_CODE, BY_NAME, Opcode
from pickle_migrate.scan_differences import FRAME_IN_FRAME, STRING_LENGTH, Differences
from pickle_migrate.scan_memo import Memo
from pickle_migrate.scan_model import Machine

Data: TypeAlias = bytes | bytearray | memoryview | mmap.mmap

#: Offsets kept of what may occur any number of times.
FIRST_FEW: Final = 8

# memoryview has no find(); a pattern takes any buffer.
_LINE_FEED: Final = re.compile(b"\n")
_DUNDER: Final = re.compile(rb"__[A-Za-z0-9_]*__")
_DUNDER_MODULES: Final = frozenset([b"__main__", b"__mp_main__", b"__builtin__", b"__future__"])
_ESCAPED_UNDERSCORE: Final = re.compile(rb"\\(?:u005[fF]|U0000005[fF]|x5[fF]|137)")


class Reader:
    """One pickle while it is read. ``at`` is how far it has come; offsets are those of the data.

    ``size`` is where reading ends: that of the data, or less under a limit.
    ``frame_end`` is where the frame ends that is being read, 0 when none is.
    ``used`` has a 1 at the code of each opcode that occurred, ``opcodes`` counts them all,
    ``skimmed`` those that were not read one by one.
    """

    def __init__(
        self, data: Data, start: int, memo: Memo | None = None, limits: Limits = NO_LIMITS
    ) -> None:
        self.data = data
        self.size = len(data)
        if limits.size is not None:
            self.size = min(self.size, start + limits.size)
        self.most_opcodes = sys.maxsize if limits.opcodes is None else limits.opcodes
        self.start = start
        self.at = start
        self.carries_memo = memo is not None
        self.machine = Machine(self.text_at, memo, limits)
        self.protocol = 0
        # Other tables than those of all pickles, while something else than steps may be taken; and
        # the opcodes that may change the frame, which those are then.
        self.steps: list[Callable[[Reader, int], int]] | None = None
        self.pushes: list[int] | None = None
        self.turns = {BY_NAME["FRAME"].code}
        self.opcodes = 0
        self.skimmed = 0
        self.used = bytearray(256)
        self.frames = 0
        self.frame_end = 0
        self.differences = Differences()
        self.longest = 0
        self.builds = False
        self.persistent_ids = 0
        self.persistent_id_offsets: list[int] = []
        self.buffers = 0
        self.buffer_offsets: list[int] = []

    def truncated(self, at: int) -> PickleFormatError | LimitError:
        """The error of an opcode whose argument is not all there."""
        return self.ends(f"the data ends inside {BY_CODE[self.data[at]].name}", at)

    def ends(self, problem: str, at: int) -> PickleFormatError | LimitError:
        """The error of a pickle that goes on where the data ends, or the limit of its size."""
        if self.size < len(self.data):
            return LimitError("size", len(self.data) - self.start, self.size - self.start, at)
        return PickleFormatError(problem, at)

    def number(self, at: int, width: int) -> int:
        """The unsigned little-endian number of ``width`` bytes after the opcode."""
        if at + 1 + width > self.size:
            raise self.truncated(at)
        return int.from_bytes(self.data[at + 1 : at + 1 + width], "little")

    def line(self, at: int, start: int) -> bytes:
        """The text from ``start`` to the next line feed, without it."""
        found = _LINE_FEED.search(self.data, start, self.size)
        if found is None:
            raise self.truncated(at)
        return bytes(self.data[start : found.start()])

    def counted(self, at: int, op: Opcode) -> int:
        """The offset after an opcode with a length prefix and that many bytes."""
        length = self.number(at, op.prefix)
        if op.signed and length >= 1 << (8 * op.prefix - 1):
            raise PickleFormatError(f"{op.name} has a negative length", at)
        end = at + 1 + op.prefix + length
        if end > self.size:
            raise self.truncated(at)
        self.saw_length(length, at)
        if length >= 1 << 31 and op.name == "BINSTRING":
            self.differences.note(STRING_LENGTH, at)
        return end

    def after(self, op: Opcode, at: int) -> int:
        """The offset after an opcode that was read before."""
        if op.prefix:
            return at + 1 + op.prefix + self.number(at, op.prefix)
        end = at + 1 + op.fixed
        for _ in range(op.lines):
            end += len(self.line(at, end)) + 1
        return end

    def names_dunders(self) -> bool:
        """Whether what was read may hold a text that starts and ends with two underscores.

        Names of modules such as ``__main__`` don't count. Escaped underscores do.
        """
        dunders = _DUNDER.finditer(self.data, self.start, self.at)
        if any(bytes(found[0]) not in _DUNDER_MODULES for found in dunders):
            return True
        return _ESCAPED_UNDERSCORE.search(self.data, self.start, self.at) is not None

    def saw_length(self, length: int, at: int) -> None:
        """Note how long an argument is."""
        if length > self.longest:
            self.longest = length
            self.machine.check("item", length, at)

    def frame(self, at: int) -> int:
        """FRAME; gives the offset after it.

        C only asks that so many bytes are there, and reads on. Read from a file, it loses the rest
        of a frame when an argument or another frame goes beyond its end, and reads something else
        than it does from memory. Nobody writes that, so it is refused.
        """
        start = at + 9
        end = start + self.number(at, 8)
        if end > self.size:
            raise self.ends("a frame is longer than the data", at)
        if at + 1 < self.frame_end < start or start < self.frame_end < end:
            raise self.straddles(at)
        if start < self.frame_end:
            self.differences.note(FRAME_IN_FRAME, at)
        else:
            self.frame_end = end
        self.frames += 1
        return start

    def leave_frame(self, at: int, end: int) -> int:
        """The opcode at ``at`` ends after its frame, at ``end``: where the next frame would end.

        Its argument may begin where the frame ends; C reads the code, a length prefix and what
        follows one by one.
        """
        op = BY_CODE[self.data[at]]
        edge = self.frame_end
        if end > self.size:
            raise self.truncated(at)
        if end <= (edge or self.size):
            return edge or self.size
        parts = [at + 1, at + 1 + op.prefix]
        if op.lines == 2:
            parts.append(at + 2 + len(self.line(at, at + 1)))
        if at < edge < end and edge not in parts:
            raise self.straddles(at)
        self.frame_end = 0
        return self.size

    def straddles(self, at: int) -> PickleFormatError:
        """The error of an opcode that begins in a frame and ends after it."""
        name = BY_CODE[self.data[at]].name
        return PickleFormatError(f"the argument of {name} goes beyond the end of its frame", at)

    def text_at(self, at: int) -> str | None:
        """The text that the opcode at ``at`` pushes; None if the reader's encoding decides."""
        op = BY_CODE[self.data[at]]
        if op.lines:
            line = self.line(at, at + 1)
            if op.name == "UNICODE":
                return scan_texts.unescaped(line)
            raw = scan_texts.unquoted(line)
        else:
            start = at + 1 + op.prefix
            raw = bytes(self.data[start : start + self.number(at, op.prefix)])
            if op.name in ("SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8"):
                return decoded(raw, "utf-8", "surrogatepass", at)
        return raw.decode("ascii") if raw.isascii() else None


def decoded(raw: bytes, encoding: str, errors: str, at: int) -> str:
    """The text of a global's name. Raises PickleFormatError."""
    try:
        return raw.decode(encoding, errors)
    except UnicodeDecodeError:
        raise PickleFormatError(f"the name of a global is not {encoding}", at) from None
