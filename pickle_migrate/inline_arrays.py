"""joblib's files: pickles with the bytes of arrays between their opcodes.

Since release 0.10, joblib pickles a wrapper in the place of each NumPy array, and writes the
array's bytes right after the BUILD that fills the wrapper. So such a file is no valid pickle. How
many bytes follow is said by the wrapper's state. Arrays of objects are a whole pickle of their own.

Source: joblib/numpy_pickle.py, ``NumpyArrayWrapper.write_array`` and ``read_array``, releases 0.10
to 1.5. Since 1.1 a wrapper may also tell of an alignment: then a byte says how many bytes of
padding follow it. Nothing is imported or made here.
"""

from __future__ import annotations

import re
from typing import Final

import attrs

from pickle_migrate.errors import PickleMigrateError
from pickle_migrate.refs import GlobalRef
from pickle_migrate.scan_reader import Data
from pickle_migrate.tree_nodes import Node

#: The name that stands in every file with arrays inline.
WRAPPER: Final = b"NumpyArrayWrapper"
_WRAPPER: Final = re.compile(WRAPPER)
_MODULE: Final = re.compile(r"(?:.*\.)?joblib\.numpy_pickle\Z")
_TYPE: Final = re.compile(r"([?a-zA-Z])(\d*)\Z")
# NPY_ITEM_HASOBJECT is NPY_ITEM_REFCOUNT, bit 0 of a dtype's flags.
_HAS_OBJECT: Final = 1
_DEFAULT_SIZES: Final = {"?": 1, "b": 1, "B": 1}


@attrs.frozen
class Inline:
    """The stretch of bytes that follows a wrapper: where it ends, what it is in words, and whether
    it is a pickle.
    """

    end: int
    text: str
    is_pickle: bool = False


def is_named_in(data: Data) -> bool:
    """Whether the bytes name joblib's wrapper anywhere, so that there may be arrays in them."""
    return _WRAPPER.search(data) is not None


def is_wrapper(ref: GlobalRef | None) -> bool:
    """Whether a ref is joblib's wrapper, as joblib or scikit-learn's copy of it names it."""
    if ref is None or ref.qualname != WRAPPER.decode():
        return False
    return _MODULE.match(ref.module) is not None


def measure(data: Data, node: Node, at: int) -> Inline | None:
    """The bytes of the array that stand at ``at``, after the BUILD of ``node``. None: it is no
    wrapper, or its state does not say how large the array is.
    """
    if node.target is None or not is_wrapper(node.target.ref) or not node.states:
        return None
    state = _fields(node.states[-1])
    dtype, shape = state.get("dtype"), state.get("shape")
    if dtype is None or shape is None or shape.kind != "tuple":
        return None
    sizes = [_number(item) for item in shape.items]
    name, width, has_objects = _type_of(dtype)
    if has_objects:
        return _pickle_at(data, at)
    if width is None or any(size is None for size in sizes):
        return None
    count = width
    for size in sizes:
        count *= size or 0
    start = at
    if _number(state.get("numpy_array_alignment_bytes")):
        start += 1 + (data[at] if at < len(data) else 0)
    text = f"{name} ({', '.join(str(size) for size in sizes)})"
    return Inline(start + count, text)


def _pickle_at(data: Data, at: int) -> Inline | None:
    from pickle_migrate.scanner import scan

    try:
        return Inline(scan(data, at).end, "objects, a pickle of its own", is_pickle=True)
    except PickleMigrateError:
        return None


def _fields(state: Node) -> dict[str, Node]:
    if state.kind != "dict":
        return {}
    pairs = zip(state.items[::2], state.items[1::2], strict=False)
    return {key.text: value for key, value in pairs if key.kind in ("str", "8-bit str")}


def _number(node: Node | None) -> int | None:
    if node is None or node.kind != "int":
        return None
    try:
        number = int(node.text)
    except ValueError:  # too long a number is told in words
        return None
    return number if number >= 0 else None


def _type_of(dtype: Node) -> tuple[str, int | None, bool]:
    """Its name, its bytes per item (None: not told), and whether it holds objects."""
    args = dtype.args.items if dtype.args is not None else []
    found = _TYPE.match(args[0].text.lstrip("<>|=")) if args else None
    if found is None:
        return "?", None, False
    letter, digits = found.groups()
    state = dtype.states[0].items if dtype.states else []
    flags = _number(state[7]) if len(state) > 7 else None
    if letter == "O" or (flags is not None and letter == "V" and flags & _HAS_OBJECT):
        return letter, None, True
    width = int(digits[:9]) if digits else _DEFAULT_SIZES.get(letter)
    if width is not None and letter == "U":
        width *= 4  # a character has four bytes
    return letter + digits, width, False
