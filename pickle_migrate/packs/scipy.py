"""SciPy's sparse matrices and arrays, and splines: names of modules, and classes with other states.

Sources: scipy/sparse/_coo.py and _dok.py of 1.10 to 1.17.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from pickle_migrate.foreign.view import View
from pickle_migrate.packs.rules import Rules
from pickle_migrate.packs.values import EMPTY, Pack, Rule

_FORMATS: Final = ("bsr", "coo", "csc", "csr", "dia", "dok", "lil")
_MODULES: Final = (*_FORMATS, "base", "compressed", "construct", "data", "extract")
_RULES: Final = Rules()


@_RULES.of("scipy.sparse._coo:coo_matrix", "scipy.sparse._coo:coo_array")
def _coords(view: View, state: dict[Any, Any]) -> Iterator[tuple[str, Any]]:
    if "coords" not in state and "row" in state and "col" in state:
        yield "coords", (state["row"], state["col"])


@_RULES.of("scipy.sparse._dok:dok_matrix", "scipy.sparse._dok:dok_array")
def _entries(view: View, state: dict[Any, Any]) -> Iterator[tuple[str, Any]]:
    """The entries once more: the object is a dict, and has one."""
    if "_dict" not in state:
        yield "_dict", dict(view.pairs) or dict(_first_dict(view.args))


def _first_dict(args: tuple[Any, ...]) -> dict[Any, Any]:
    """The entries where ``copyreg._reconstructor`` is given them, as below protocol 2."""
    return next((arg for arg in args if type(arg) is dict), {})


def _spline(view: View) -> Any:
    """Made by its class, which keeps its arrays under other names since 1.16."""
    state = view.fields
    names = ("t", "c", "k", "extrapolate", "axis")
    return view.make(str(view.written), *(state[name] for name in names))


_RULES.anew(
    _spline,
    "scipy.interpolate._bsplines:BSpline",
    needed=lambda view: {"t", "c", "k", "extrapolate", "axis"} <= view.fields.keys(),
)

PACK: Final = Pack(
    "scipy",
    "sparse matrices and arrays, and splines, of SciPy",
    names={
        **{f"scipy.sparse._{name}": f"{name}_matrix {name}_array" for name in _FORMATS},
        "scipy.interpolate._bsplines": "BSpline",
        "scipy.interpolate._interpolate": {"interp1d": EMPTY},
    },
    rules=(
        Rule(
            "modules of scipy.sparse have an underscore before their names",
            "SciPy before 1.8",
            "SciPy 1.8 and later warn, and will drop them in 2.0",
            refs=tuple(f"scipy.sparse.{name}" for name in _MODULES),
            renames={f"scipy.sparse.{name}": f"scipy.sparse._{name}" for name in _MODULES},
        ),
        Rule(
            "sparse arrays stand in the module of their format",
            "SciPy 1.8 to 1.10",
            "SciPy 1.11 and later",
            refs=tuple(f"scipy.sparse._arrays:{name}_array" for name in _FORMATS),
            renames={
                f"scipy.sparse._arrays:{name}_array": f"scipy.sparse._{name}:{name}_array"
                for name in _FORMATS
            },
        ),
        Rule(
            "coo: row and col are coords; dok: it has a dict of its entries",
            "SciPy before 1.13 (coo) and 1.12 (dok)",
            "SciPy 1.13 (coo), 1.12 (dok) and later",
            refs=("scipy.sparse._coo:coo_matrix", "scipy.sparse._dok:dok_matrix"),
            declare=_RULES.declare,
        ),
        Rule(
            "splines are made by their class",
            "SciPy before 1.16",
            "SciPy 1.16 and later",
            refs=("scipy.interpolate._bsplines:BSpline",),
        ),
    ),
)
