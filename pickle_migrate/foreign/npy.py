"""NumPy's array files, and joblib's first compressed ones, as stand-ins. Nothing is imported.

Sources: numpy/lib/format.py (versions 1.0 to 3.0), joblib/numpy_pickle_compat.py (``read_zfile``).
"""

from __future__ import annotations

import ast
import re
import zlib
from typing import Any, Final

from pickle_migrate.errors import ForeignError
from pickle_migrate.foreign.view import View
from pickle_migrate.limits import UPGRADE_LIMITS
from pickle_migrate.scanner import scan_all
from pickle_migrate.shims_rows import roots_of

_MAGIC: Final = b"\x93NUMPY"
_LONGEST_HEADER: Final = 65_536
_PADDED: Final = 2 + 19  # ZF, and a length as Python 2 or 3 writes hex()


def array_of(view: View, data: bytes, subclass: Any = None) -> Any:
    """The array of an ``.npy`` file, as a stand-in in the graph of ``view``. Raises ForeignError.
    An array of objects is a pickle; what that holds are stand-ins too.
    """
    header, body = _parts(view, data)
    descr, shape = header.get("descr"), header.get("shape")
    is_fortran = header.get("fortran_order")
    if type(shape) is not tuple or type(is_fortran) is not bool or descr is None:
        raise _wrong(view, "has a header that is none")
    if isinstance(descr, str) and descr.lstrip("<>|=").startswith("O"):
        scans = scan_all(body, limits=UPGRADE_LIMITS).pickles
        return roots_of(body, scans, view.pickle.world, "latin1")[0]
    cls = view.name("numpy:ndarray") if subclass is None else subclass
    made = view.make("numpy.core.multiarray:_reconstruct", cls, (0,), b"b")
    made.state = (1, shape, view.make("numpy:dtype", descr), is_fortran, body)
    return made


def _parts(view: View, data: bytes) -> tuple[dict[str, Any], bytes]:
    if data[:6] != _MAGIC or len(data) < 10:
        raise _wrong(view, "is no .npy file")
    width = 2 if data[6] == 1 else 4
    start = 8 + width
    end = start + int.from_bytes(data[8:start], "little")
    if end > len(data) or end - start > _LONGEST_HEADER:
        raise _wrong(view, "has a header that is longer than it is")
    text = data[start:end].decode("latin1" if data[6] < 3 else "utf-8")
    try:
        header = ast.literal_eval(re.sub(r"(?<=\d)L\b", "", text).strip())  # Python 2 wrote 3L
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise _wrong(view, "has a header that is none") from error
    if type(header) is not dict:
        raise _wrong(view, "has a header that is none")
    return header, data[end:]


def zfile(data: bytes) -> bytes:
    """What a file of joblib before 0.10 with compression holds. Raises ForeignError."""
    found = re.compile(rb"[\x20]*\x78[\x01\x5e\x9c\xda]").search(data, 4, _PADDED + 3)
    start = found.end() - 2 if found else _PADDED
    try:
        length = int(data[2:start].split(b"L")[0].strip(), 16)
        stream = zlib.decompressobj()
        body = stream.decompress(data[start:], length + 1)
    except (ValueError, zlib.error) as error:
        raise ForeignError("", f"a compressed file beside it is damaged ({error})") from error
    if len(body) != length or not stream.eof:
        raise ForeignError("", "a compressed file beside it has another length than it says")
    return body


def _wrong(view: View, problem: str) -> ForeignError:
    return ForeignError(str(view.written), f"the file of its array {problem}")
