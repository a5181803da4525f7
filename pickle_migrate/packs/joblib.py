"""Files of joblib: its wrappers for arrays, by all names and in all forms that they had.

A file with arrays between its opcodes is read and written as joblib does without a rule (see
``foreign.joblib_files``). Sources: joblib/numpy_pickle.py and numpy_pickle_compat.py, releases 0.8
to 1.5.
"""

from __future__ import annotations

from typing import Any, Final

from pickle_migrate.declare import Lineage
from pickle_migrate.errors import ForeignError
from pickle_migrate.foreign import arrays, npy
from pickle_migrate.foreign.view import View
from pickle_migrate.operations import Rebuild
from pickle_migrate.packs.values import EMPTY, Pack, Rule
from pickle_migrate.registry import Registry

_PLAIN: Final = "joblib.numpy_pickle:NDArrayWrapper"
_COMPRESSED: Final = "joblib.numpy_pickle:ZNDArrayWrapper"
_COMPAT: Final = "joblib.numpy_pickle_compat"
_WITH: Final = "Put the files that joblib wrote beside it (NAME_01.npy, ...) there again."


def _version_of(view: View) -> int | None:
    return 1


def _file_beside(view: View) -> bytes:
    name = view.fields.get("filename")
    name = name.decode() if isinstance(name, bytes) else name
    data = view.pickle.beside(name) if isinstance(name, str) else None
    if data is None:
        problem = f"its array is in the file {name!r} beside the pickle, which is not there"
        raise ForeignError(str(view.written), problem, _WITH)
    return data


def _from_npy(view: View) -> Any:
    """The array of a ``.npy`` file beside the pickle."""
    return npy.array_of(view, _file_beside(view), view.fields.get("subclass"))


def _from_zlib(view: View) -> Any:
    """The array whose bytes are compressed in a file, and whose state is in the pickle."""
    fields = view.fields
    state, init = fields.get("state"), fields.get("init_args")
    if type(state) is not tuple or type(init) is not tuple:
        raise ForeignError(str(view.written), "has a state that no known release wrote")
    data = npy.zfile(_file_beside(view))
    made = view.make("numpy.core.multiarray:_reconstruct", *init)
    made.state = (*state, data)
    if arrays.read(made) is None:
        raise ForeignError(str(view.written), "has a state that no known release wrote")
    return made


def _beside(registry: Registry) -> None:
    for ref, function in ((_PLAIN, _from_npy), (_COMPRESSED, _from_zlib)):
        for one in (ref, ref.replace("joblib.numpy_pickle", _COMPAT)):
            Lineage(one, version_of=_version_of, registry=registry).upgrade(1, Rebuild(function))


PACK: Final = Pack(
    "joblib",
    "files of joblib, and of scikit-learn's copy of it",
    rules=(
        Rule(
            "joblib is a package of its own, no longer a part of scikit-learn",
            "scikit-learn 0.8 to 0.22",
            "scikit-learn 0.23 and newer",
            refs=("sklearn.externals.joblib",),
            renames={"sklearn.externals.joblib": "joblib"},
        ),
        Rule(
            "arrays that stand in files beside the pickle are taken into it",
            "joblib up to 0.9",
            "plain pickle; joblib itself still reads them, with a warning",
            refs=(_PLAIN, _COMPRESSED),
            declare=_beside,
        ),
    ),
    names={"joblib.numpy_pickle": {"NumpyArrayWrapper NDArrayWrapper ZNDArrayWrapper": EMPTY}},
)
