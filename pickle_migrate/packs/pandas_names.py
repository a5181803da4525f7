"""Modules and classes of pandas that have other names today. Data only.

Sources: pandas/compat/pickle_compat.py of 0.22 to 3.1, and an inventory of these releases. A line
is the name today, then the names in old pickles.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

_CLASSES: Final = """
pandas.core.indexes.base:Index
   pandas.core.index:Index pandas.indexes.base:Index
   pandas.core.index:Int64Index pandas.core.index:Float64Index pandas.core.index:UInt64Index
   pandas.indexes.numeric:Int64Index pandas.indexes.numeric:Float64Index
   pandas.indexes.numeric:UInt64Index
   pandas.core.indexes.numeric:Int64Index pandas.core.indexes.numeric:UInt64Index
   pandas.core.indexes.numeric:Float64Index pandas.core.indexes.numeric:NumericIndex
pandas.core.indexes.base:_new_Index
   pandas.core.index:_new_Index pandas.indexes.base:_new_Index
pandas.core.indexes.range:RangeIndex
   pandas.core.index:RangeIndex pandas.indexes.range:RangeIndex
pandas.core.indexes.multi:MultiIndex
   pandas.core.index:MultiIndex pandas.indexes.multi:MultiIndex
pandas.core.indexes.category:CategoricalIndex
   pandas.core.index:CategoricalIndex pandas.indexes.category:CategoricalIndex
pandas.core.indexes.datetimes:DatetimeIndex pandas.tseries.index:DatetimeIndex
pandas.core.indexes.datetimes:_new_DatetimeIndex pandas.tseries.index:_new_DatetimeIndex
pandas.core.indexes.timedeltas:TimedeltaIndex pandas.tseries.tdi:TimedeltaIndex
pandas.core.indexes.period:PeriodIndex pandas.tseries.period:PeriodIndex
pandas.core.indexes.frozen:FrozenList
   pandas.core.base:FrozenList pandas.indexes.frozen:FrozenList pandas.core.index:FrozenList
numpy:bytes_ numpy:string_
numpy:str_ numpy:unicode_
numpy:ndarray
   pandas.core.base:FrozenNDArray pandas.indexes.frozen:FrozenNDArray
   pandas.core.indexes.frozen:FrozenNDArray pandas.core.index:FrozenNDArray
pandas.core.series:Series pandas.core.series:TimeSeries
pandas.core.internals.managers:BlockManager pandas.core.internals:BlockManager
pandas.core.internals.managers:SingleBlockManager pandas.core.internals:SingleBlockManager
pandas.core.arrays.categorical:Categorical pandas.core.categorical:Categorical
pandas.core.arrays.sparse.array:SparseArray
   pandas.sparse.array:SparseArray pandas.core.sparse.array:SparseArray
   pandas.core.arrays.sparse:SparseArray
pandas.core.dtypes.dtypes:SparseDtype
   pandas.core.arrays.sparse:SparseDtype pandas.core.arrays.sparse.dtype:SparseDtype
pandas.core.arrays.numpy_:NumpyExtensionArray pandas.core.arrays.numpy_:PandasArray
pandas.core.dtypes.dtypes:NumpyEADtype
   pandas.core.arrays.numpy_:PandasDtype pandas.core.dtypes.dtypes:PandasDtype
pandas._libs.sparse:BlockIndex pandas._sparse:BlockIndex pandas.src.sparse:BlockIndex
pandas._libs.sparse:IntIndex pandas._sparse:IntIndex pandas.src.sparse:IntIndex
pandas._libs.tslibs.timestamps:Timestamp pandas.tslib:Timestamp pandas._libs.tslib:Timestamp
pandas._libs.tslibs.timedeltas:Timedelta pandas.tslib:Timedelta pandas._libs.tslib:Timedelta
pandas._libs.tslibs.nattype:__nat_unpickle
   pandas.tslib:__nat_unpickle pandas._libs.tslib:__nat_unpickle
pandas._libs.tslibs.nattype:NaTType pandas.tslib:NaTType pandas._libs.tslib:NaTType
pandas._libs.tslibs.period:Period pandas._period:Period pandas._libs.period:Period
"""
_MODULES: Final = """
pandas.core.dtypes.dtypes pandas.types.dtypes
pandas.tseries.offsets pandas.core.datetools
"""


def renames() -> Iterator[tuple[str, str]]:
    """Old name and new name, for ``Registry.rename``."""
    for line in (_MODULES + _CLASSES).replace("\n   ", " ").split("\n"):
        new, *olds = line.split() or [""]
        for old in olds:
            yield old, new
