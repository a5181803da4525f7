"""What pickles of NumPy, and of libraries that use it, may name when they are upgraded. Data only.

Beside the preset for arrays: random generators, which are made of numbers, and ufuncs, which are
held as values. Not ``_ufunc_reconstruct``, which imports what it is told to.
"""

from __future__ import annotations

from typing import Final

from pickle_migrate.packs.values import ALL, FUNCTION, VALUE, Names

_BITS: Final = {
    "_mt19937": "MT19937",
    "_pcg64": "PCG64 PCG64DXSM",
    "_philox": "Philox",
    "_sfc64": "SFC64",
}
_UFUNCS: Final = (
    "absolute add arccos arccosh arcsin arcsinh arctan arctan2 arctanh bitwise_and bitwise_or "
    "bitwise_xor cbrt ceil conjugate copysign cos cosh deg2rad degrees divide divmod equal "
    "exp exp2 expm1 fabs float_power floor floor_divide fmax fmin fmod gcd greater "
    "greater_equal heaviside hypot invert isfinite isinf isnan lcm ldexp less less_equal log "
    "log10 log1p log2 logaddexp logaddexp2 logical_and logical_not logical_or logical_xor "
    "matmul maximum minimum modf multiply negative nextafter not_equal positive power rad2deg "
    "radians reciprocal remainder rint sign signbit sin sinh spacing sqrt square subtract tan "
    "tanh true_divide trunc"
)

NAMES: Final = frozenset(_UFUNCS.split())

RANDOM: Final[Names] = {
    "numpy.random": {"__RandomState_ctor": FUNCTION},
    "numpy.random.mtrand": {"__RandomState_ctor": FUNCTION, "RandomState": VALUE},
    "numpy.random._pickle": {"__bit_generator_ctor __generator_ctor __randomstate_ctor": ALL},
    "numpy.random.bit_generator": {
        "__pyx_unpickle_SeedSequence": FUNCTION,
        "SeedSequence": VALUE,
    },
    **{f"numpy.random.{module}": {names: VALUE} for module, names in _BITS.items()},
}
UFUNCS: Final[Names] = {
    module: {f"{_UFUNCS} chararray recarray record mean median sum max min amax amin": VALUE}
    for module in ("numpy", "numpy.core._multiarray_umath", "numpy._core._multiarray_umath")
}
FUNCTIONS: Final[Names] = {
    module: {"mean median sum amax amin": VALUE}
    for module in ("numpy.core.fromnumeric", "numpy._core.fromnumeric")
}
CHARACTERS: Final[Names] = {
    module: {"chararray": VALUE}
    for module in ("numpy.char", "numpy.core.defchararray", "numpy._core.defchararray")
}
MASKED: Final[Names] = {
    "numpy.ma.core": {"_mareconstruct": FUNCTION, "MaskedArray": VALUE},
    "numpy.ma": {"MaskedArray": VALUE},
}
