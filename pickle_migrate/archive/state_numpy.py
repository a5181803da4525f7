"""What arrays, scalars and dtypes of numpy hold, whatever release made them.

numpy is imported by whoever has such objects; it is looked up here, never imported first.
"""

from __future__ import annotations

import hashlib
import sys
from typing import Any, Final

from pickle_migrate.archive.state_content import Content

#: An array of more values is told by the digest of its bytes.
MANY_VALUES: Final = 64


def content_of(obj: Any) -> Content | None:
    """The content of an object of numpy; None for what numpy's own reducer tells better."""
    numpy: Any = sys.modules["numpy"]

    if isinstance(obj, numpy.dtype):
        return Content({"dtype": _dtype(obj)}, whole=True, name="numpy:dtype")
    if isinstance(obj, numpy.generic):
        return _scalar(obj)
    if isinstance(obj, numpy.ma.MaskedArray):
        return _masked(obj)
    if isinstance(obj, numpy.ndarray):
        return _array(obj)
    return None


def _dtype(dtype: Any) -> Any:
    if dtype.fields is None:
        return dtype.str if dtype.subdtype is None else [dtype.base.str, list(dtype.shape)]
    return [[name, _dtype(dtype.fields[name][0])] for name in dtype.names]


def _array(array: Any) -> Content:
    numpy: Any = sys.modules["numpy"]

    plain: dict[str, Any] = {"dtype": _dtype(array.dtype), "shape": list(array.shape)}
    array = array.view(numpy.ndarray)
    if array.dtype.hasobject:
        return Content(plain, (("values", array.ravel().tolist()),))
    if array.size > MANY_VALUES:
        digest = hashlib.sha256(numpy.ascontiguousarray(array).tobytes()).hexdigest()
        return Content(plain | {"sha256": digest})
    return Content(plain, (("values", _values(array)),))


def _values(array: Any) -> list[Any]:
    if array.dtype.kind in "mM" or (array.dtype.itemsize > 16 and array.dtype.kind in "fc"):
        return [str(one) for one in array.ravel()]
    return [str(one) if type(one).__module__ == "numpy" else one for one in array.ravel().tolist()]


def _masked(array: Any) -> Content:
    numpy: Any = sys.modules["numpy"]

    values = (
        ("data", numpy.asarray(array.data)),
        ("mask", numpy.asarray(array.mask)),
        ("fill_value", numpy.asarray(array.fill_value)),
    )
    return Content(values=values, whole=True, name="numpy.ma:MaskedArray")


def _scalar(value: Any) -> Content:
    kind = value.dtype.kind
    if kind in "mM":
        return Content({"dtype": value.dtype.str, "text": str(value)})
    item = value.item()
    if type(item).__module__ == "numpy":
        return Content({"text": str(value)})
    return Content(
        {} if kind != "V" else {"dtype": _dtype(value.dtype)}, (), values=(("value", item),)
    )
