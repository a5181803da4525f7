"""What bytes are when they are no pickle: named by how they begin.

Nothing here opens a file, unpickles or imports what the bytes name. ``recognise`` is careful on one
side: it never calls a pickle something else, damaged pickles of protocol 2 and up included. What it
does not know it leaves to the scanner, which reads every opcode.
"""

from __future__ import annotations

import io
import re
import warnings
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from pickletools import OpcodeInfo

_GDBM = rb"(?:\x13\x57\x9a[\xcd\xce\xcf\xd0\xd1]|[\xcd\xce\xcf\xd0\xd1]\x9a\x57\x13)"
_BERKELEY = rb"(?s:.{12})(?:\0\x06\x15\x61|\x61\x15\x06\0|\0\x05\x31\x62|\x62\x31\x05\0)"

# How the bytes begin, and what they are, as it stands in a sentence after "is". Sources: file(1)'s
# magic, and the documents of each format; gdbm's from gdbmdefs.h, ZODB's from ZODB.FileStorage.
_SIGNATURES = tuple(
    (re.compile(magic), name)
    for magic, name in (
        (rb"PK(?:\x03\x04|\x05\x06|\x07\x08)", "a zip container (as of torch.save or numpy.savez)"),
        (rb"\x93NUMPY", "a NumPy array file (.npy)"),
        (rb"\x89HDF\r\n\x1a\n", "an HDF5 file"),
        (rb"SQLite format 3\0", "an SQLite database (as of shelve under Python 3.13)"),
        (_GDBM, "a GNU dbm database (as of shelve)"),
        (_BERKELEY, "a Berkeley DB database (as of shelve)"),
        (rb"FS(?:21|30)", "a ZODB FileStorage"),
        (rb"\x78[\x01\x5e\x9c\xda]", "a zlib stream (as of joblib with compress=)"),
        (rb"ZF0x", "a compressed file of joblib before 0.10"),
        (rb"\x28\xb5\x2f\xfd", "a Zstandard stream"),
        (rb"\x04\x22\x4d\x18", "an LZ4 stream"),
        (rb"\x5d\0\0", "an LZMA stream of the old .lzma format"),
        (rb"\x1f[\x9d\xa0]", "a file of compress(1)"),
        (rb"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
        (rb"(?s:.{257})ustar", "a tar archive"),
        (rb"PAR1", "a Parquet file"),
        (rb"ARROW1", "an Arrow file"),
        (rb"\x89PNG\r\n\x1a\n", "a PNG image"),
    )
)

# A pickle in base64 begins with its PROTO opcode, for protocols 2 to 5.
_BASE64 = re.compile(rb"gA[I-X][A-Za-z0-9+/_=\s-]+\Z")

#: The opcodes that need nothing on the stack and nothing in the memo, so that a pickle can begin
#: with them.
FIRST_OPCODES = frozenset(
    b"IJKMLSTUBCNVXFG])}(cP\x80\x82\x83\x84\x88\x89\x8a\x8b\x8c\x8d\x8e\x8f\x95\x96\x97"
)

# The opcodes whose argument is a line: how many lines, and how an argument that is cut may look.
_ANY, _NUMBER = re.compile(rb""), re.compile(rb"-?[0-9]*L?\Z")
_LINES = {
    b"F": (1, re.compile(rb"[-+0-9.eEinfa]*\Z")),
    b"I": (1, _NUMBER),
    b"L": (1, _NUMBER),
    b"S": (1, re.compile(rb"['\"]|\Z")),
    b"V": (1, _ANY),
    b"P": (1, _ANY),
    b"c": (2, _ANY),
    b"i": (2, _ANY),
    b"g": (1, _NUMBER),
    b"p": (1, _NUMBER),
}
# So many opcodes are looked at. Text and images fail at one of the first three; a pickle that is
# damaged further on is a damaged pickle.
_OPCODES_READ = 8
_CONTROLS = re.compile(rb"[\x00-\x08\x0b\x0e-\x1f\x7f]")
_TEXT_READ = 4096


def recognise(data: bytes) -> str | None:
    """What the bytes are, as it stands in a sentence after "is"; None when they may be a pickle.

    Give it what is left when compression is taken off. joblib's files with arrays cannot be told
    from pickles by how they begin: the scanner finds their array bytes after the pickle.
    """
    if not data:
        return "an empty file"
    if data[0] == 0x80:
        return None
    for magic, name in _SIGNATURES:
        if magic.match(data):
            return name
    if _BASE64.match(data):
        return "a pickle in base64"
    if _begins_like_a_pickle(data):
        return None
    return text_or_binary(data)


def text_or_binary(data: bytes) -> str:
    """What bytes are that are no pickle and nothing known."""
    return "a text file" if _is_text(data) else BINARY


BINARY = "binary data that does not begin like a pickle"
#: What ``recognise`` names and what nobody keeps pickles in; anything else may hold some.
NEVER_PICKLES = frozenset(
    [
        "an empty file",
        "a text file",
        BINARY,
        "a PNG image",
        "a Parquet file",
        "an Arrow file",
    ]
)


def is_never_pickle(head: bytes) -> bool:
    """Whether bytes of which only the beginning is given are no pickle and hold none."""
    return recognise(head) in NEVER_PICKLES


def _is_text(data: bytes) -> bool:
    head = data[:_TEXT_READ]
    if _CONTROLS.search(head):
        return False
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        # The last character may be cut by our own limit.
        return len(data) > _TEXT_READ and error.start > _TEXT_READ - 4
    return True


def _begins_like_a_pickle(data: bytes) -> bool:
    """Whether the first opcodes exist, have arguments of their form, and find what they take from
    the stack. Bytes that end early are no sign against a pickle: it may have been cut short.
    """
    if data[0] not in FIRST_OPCODES:
        return False
    import pickletools

    with warnings.catch_warnings():  # of unknown escapes in texts
        warnings.simplefilter("ignore")
        return _opcodes_fit(data, pickletools.genops)


def _opcodes_fit(data: bytes, genops: Callable[..., Any]) -> bool:
    stream = io.BytesIO(data)
    stack: list[str] = []
    end, is_odd = 0, False
    try:
        for count, (opcode, argument, _) in enumerate(genops(stream), 1):
            if not _takes_what_is_there(opcode, stack):
                return False
            if count == _OPCODES_READ:
                break
            # Two lines of a text would be a module and a name with spaces in them.
            is_odd |= opcode.name == "GLOBAL" and str(argument).count(" ") != 1
            end = stream.tell()
    except UnicodeDecodeError:
        # pickletools wants ASCII in every STRING; Python 2 wrote 8-bit strings so.
        return data[end : end + 1] == b"S"
    except ValueError:
        return stream.tell() == len(data) and not is_odd and _is_cut(data[end:], _is_text(data))
    return True


def _is_cut(rest: bytes, is_text: bool) -> bool:
    """Whether ``rest``, which ends before its opcode does, can be the beginning of that opcode."""
    code, argument = rest[:1], rest[1:]
    if code in _LINES:
        lines, form = _LINES[code]
        return argument.count(b"\n") < lines and form.match(argument) is not None
    if is_text and code in (b"T", b"X", b"B"):
        # Four letters as a length would be 150 MB at least.
        return len(argument) < 4
    # No pickler writes C without PROTO before it, and many texts begin with "Copyright".
    return not (is_text and code == b"C")


def _takes_what_is_there(opcode: OpcodeInfo, stack: list[str]) -> bool:
    """Take the opcode's operands from the stack and put its results there; False: not there."""
    wanted = [item.name for item in opcode.stack_before]
    if "mark" in wanted:
        if "mark" not in stack:
            return False
        while stack.pop() != "mark":
            pass
        wanted = wanted[: wanted.index("mark")]
    if len(wanted) > len(stack):
        return False
    del stack[len(stack) - len(wanted) :]
    stack += [item.name for item in opcode.stack_after]
    return True
