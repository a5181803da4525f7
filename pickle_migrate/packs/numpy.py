"""NumPy's pickles for readers with NumPy 2: names of its private modules.

Data have been the same since NumPy 1.0, and NumPy 2 itself still finds most of what its pickles
named before. For readers with NumPy 1 there is another pack, ``numpy1``. Sources: the modules
numpy/core/ of NumPy 2, which are left for old pickles; numpy/random/_pickle.py.
"""

from __future__ import annotations

from typing import Any, Final

from pickle_migrate.foreign.view import View
from pickle_migrate.packs import arrays, numpy_allowed
from pickle_migrate.packs.rules import Rules
from pickle_migrate.packs.values import Pack, Rule

_TYPES: Final = {
    "string_": "bytes_",
    "unicode_": "str_",
    "float_": "float64",
    "complex_": "complex128",
    "cfloat": "complex128",
    "singlecomplex": "complex64",
    "longfloat": "longdouble",
    "bool8": "bool_",
    "int0": "intp",
    "uint0": "uintp",
    "object0": "object_",
    "str0": "str_",
    "bytes0": "bytes_",
    "void0": "void",
}
_UFUNC: Final = "numpy.core:_ufunc_reconstruct"


def _by_its_name(view: View) -> Any:
    """A function that was got by a call of module and name, as the global that it is. Python 2
    took any module for its own that had imported it.
    """
    module, name = map(arrays.text, view.args)
    if module.startswith("numpy.") or name in numpy_allowed.NAMES:
        module = "numpy"
    return view.name(f"{module}:{name}")


#: For other packs too.
UFUNCS: Final = Rules()
UFUNCS.anew(_by_its_name, _UFUNC, needed=lambda view: len(view.args) == 2)


BIT_GENERATOR: Final = Rule(
    "numpy.random._bit_generator is numpy.random.bit_generator",
    "NumPy 1.18",
    "NumPy 1.19 and later",
    refs=("numpy.random._bit_generator",),
    renames={"numpy.random._bit_generator": "numpy.random.bit_generator"},
)
PACK: Final = Pack(
    "numpy",
    "NumPy's pickles for readers with NumPy 2",
    names={
        **numpy_allowed.RANDOM,
        **numpy_allowed.UFUNCS,
        **numpy_allowed.MASKED,
        **numpy_allowed.CHARACTERS,
    },
    rules=(
        Rule(
            "the package numpy.core is numpy._core",
            "NumPy before 2.0",
            "NumPy 2.0 and later warn of most names, and may drop them",
            refs=("numpy.core",),
            renames={"numpy.core": "numpy._core"},
        ),
        BIT_GENERATOR,
        Rule(
            "ufuncs are named, not got by a call",
            "NumPy before 1.20",
            "NumPy 2.0 and later, where the package is called numpy._core",
            refs=(_UFUNC,),
            declare=UFUNCS.declare,
        ),
        Rule(
            "types by the names that all releases have",
            "NumPy before 1.24; most of them under Python 2",
            "NumPy 2.0 and later",
            refs=tuple(f"numpy:{old}" for old in _TYPES),
            renames={f"numpy:{old}": f"numpy:{new}" for old, new in _TYPES.items()},
        ),
        Rule(
            "arrays of characters by the name that is not deprecated",
            "NumPy 1.14 to 1.26",
            "NumPy 2.4 and later warn",
            refs=("numpy:chararray",),
            renames={"numpy:chararray": "numpy.char:chararray"},
        ),
    ),
)
