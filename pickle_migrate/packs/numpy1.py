"""NumPy's pickles for readers with NumPy 1: what NumPy 2 writes, as NumPy 1 wrote it.

Sources: numpy/random/_pickle.py and bit_generator.pyx of 1.17, 1.24, 1.26 and 2.0; descriptor.c.
"""

from __future__ import annotations

from typing import Any, Final

from pickle_migrate.foreign.view import View
from pickle_migrate.packs import numpy, numpy_allowed
from pickle_migrate.packs.rules import Rules
from pickle_migrate.packs.values import Pack, Rule
from pickle_migrate.shims_types import ShimType

_PICKLE: Final = "numpy.random._pickle"
_BITS: Final = f"{_PICKLE}:__bit_generator_ctor"
#: Checksums of the same fields by Cython 0.29 (MD5) and 3 (SHA-256), which reads all of them.
_SEEDS_OLD, _SEEDS_NEW = 0xF88304A, 65708578
_SIGNED_BYTE: Final = 127


def _named(view: View) -> str | None:
    """The name of the bit generator that a constructor is given as a class or an object."""
    first = view.args[0] if view.args else None
    if isinstance(first, ShimType):
        return first.ref.qualname
    inner = view.view(first)
    if inner is None or not inner.args:
        return None
    name = inner.args[0]
    return name.ref.qualname if isinstance(name, ShimType) else str(name)


def _fields_of(view: View) -> Any:
    """The state as a dict; NumPy 2 writes it in a tuple, with the seeds that it came from."""
    state = view.state
    if type(state) is tuple and state and type(state[0]) is dict:
        return state[0]
    first = view.view(view.args[0]) if view.args else None
    return _fields_of(first) if state is None and first is not None else state


def _is_new(view: View) -> bool:
    return len(view.args) > 1 or (bool(view.args) and not isinstance(view.args[0], str | bytes))


def _by_name(view: View) -> Any:
    name = _named(view) or view.args[0]
    return view.make(f"{_PICKLE}:{view.ref.qualname}", name, state=_fields_of(view))


_GENERATORS: Final = Rules()
_GENERATORS.anew(
    _by_name,
    *(f"{_PICKLE}:{name}" for name in ("__bit_generator_ctor", "__generator_ctor")),
    f"{_PICKLE}:__randomstate_ctor",
    needed=_is_new,
)


def _has_new_checksum(view: View) -> bool:
    return len(view.args) == 3 and view.args[1] == _SEEDS_NEW


def _with_old_checksum(view: View) -> None:
    view.args = (view.args[0], _SEEDS_OLD, view.args[2])


_SEEDS: Final = Rules()
_SEED_MAKER: Final = "numpy.random.bit_generator:__pyx_unpickle_SeedSequence"
_SEEDS.anew(_with_old_checksum, _SEED_MAKER, needed=_has_new_checksum)


def _has_wide_flags(view: View) -> bool:
    state = view.state
    return type(state) is tuple and len(state) > 7 and state[7] > _SIGNED_BYTE


def _with_signed_flags(view: View) -> None:
    state = view.state
    view.state = (*state[:7], state[7] - 2 * (_SIGNED_BYTE + 1), *state[8:])


_FLAGS: Final = Rules()
_FLAGS.anew(_with_signed_flags, "numpy:dtype", needed=_has_wide_flags)


PACK: Final = Pack(
    "numpy1",
    "NumPy's pickles for readers with NumPy 1",
    names={
        **numpy_allowed.RANDOM,
        **numpy_allowed.UFUNCS,
        **numpy_allowed.MASKED,
        **numpy_allowed.CHARACTERS,
    },
    rules=(
        Rule(
            "the package numpy._core is numpy.core",
            "NumPy 2.0 and later",
            "NumPy 1; of 1.26, what it does not know of numpy._core",
            refs=("numpy._core",),
            renames={"numpy._core": "numpy.core"},
        ),
        Rule(
            "record arrays and character arrays by the names that all releases have",
            "NumPy 2.0 and later",
            "NumPy 1",
            refs=("numpy.rec:recarray", "numpy.rec:record", "numpy.char:chararray"),
            renames={
                "numpy.rec:recarray": "numpy:recarray",
                "numpy.rec:record": "numpy:record",
                "numpy.char:chararray": "numpy:chararray",
            },
        ),
        numpy.BIT_GENERATOR,
        Rule(
            "ufuncs are named, not got by a call",
            "NumPy before 1.20",
            "what upgrades pickles: the call imports whatever it is told to",
            refs=("numpy.core:_ufunc_reconstruct",),
            declare=numpy.UFUNCS.declare,
        ),
        Rule(
            "bit generators by name, and without the seeds that they came from, which no such "
            "reader has a place for",
            "NumPy 1.24 and later; 1.26 and later, by class",
            "NumPy before 1.24; all NumPy 1",
            refs=(_BITS, f"{_PICKLE}:__generator_ctor", f"{_PICKLE}:__randomstate_ctor"),
            declare=_GENERATORS.declare,
        ),
        Rule(
            "seeds with the checksum that all releases know",
            "NumPy 1.26 and later",
            "NumPy before 1.26",
            refs=("numpy.random.bit_generator:__pyx_unpickle_SeedSequence",),
            declare=_SEEDS.declare,
        ),
        Rule(
            "flags of aligned dtypes as a signed byte",
            "NumPy 2.0 and later",
            "NumPy 1",
            refs=("numpy:dtype",),
            declare=_FLAGS.declare,
        ),
    ),
)
