"""What pandas 0.13 to 2.2 wrote, for readers with pandas 2 and 3: frames, series, indexes, values.

What has no class today is given as what does its work: a SparseSeries and a SparseDataFrame as a
Series and a DataFrame with sparse values, a Panel as a dict of DataFrames.
"""

from __future__ import annotations

from typing import Final

from pickle_migrate.packs import (
    pandas_frames,
    pandas_indexes,
    pandas_names,
    pandas_offsets,
    pandas_values,
)
from pickle_migrate.packs.values import FUNCTION, VALUE, Pack, Rule

_RENAMES: Final = dict(pandas_names.renames())
#: The modules whose rules are declared with ``pandas_offsets.RULES``.
_MODULES: Final = (pandas_frames, pandas_indexes, pandas_offsets, pandas_values)
_TIMES: Final = "pandas._libs.tslibs"

PACK: Final = Pack(
    "pandas",
    "frames, series, indexes and values of pandas",
    names={"zoneinfo": {"ZoneInfo": FUNCTION}, f"{_TIMES}.nattype": {"NaT": VALUE}},
    rules=(
        Rule(
            "modules and classes have other names; indexes of numbers are Index",
            "pandas before 2.0, some before 2.2",
            "pandas 2 and 3",
            refs=tuple(_RENAMES),
            renames=_RENAMES,
        ),
        Rule(
            "time zones in objects of pandas are the standard library's, not pytz's",
            "pandas before 3",
            "pandas 3, where pytz is not installed",
            refs=("pytz:_p", "pytz:_UTC", "pytz:_FixedOffset"),
            declare=pandas_offsets.RULES.declare,
        ),
        Rule(
            "frequencies are made by calls, with their fields as arguments",
            "pandas before 1.1",
            "pandas 1.1 and later",
            refs=("pandas.tseries.offsets",),
        ),
        Rule(
            "timestamps by value, frequency and zone; NaT by its name",
            "pandas before 1.4 (timestamps), all before 3 (NaT)",
            "pandas 1.4 and later, silently without the zone; pandas 3",
            refs=(f"{_TIMES}.timestamps:Timestamp", f"{_TIMES}.nattype:__nat_unpickle"),
        ),
        Rule(
            "dtypes of periods and of text are made by calls; intervals have a dtype; frequencies "
            "in names of dtypes have today's letters",
            "pandas before 1.1 (periods), 3 (text), 1.3 (intervals); 2.0 and 2.1 (letters)",
            "pandas 2.2 and later",
            refs=("pandas.core.dtypes.dtypes:PeriodDtype",),
        ),
        Rule(
            "arrays and blocks that copyreg or a base without arrays made are made by their class",
            "pandas at protocols 0 and 1; pandas 1.1 and 1.2",
            "pandas 1.3 and later",
            refs=("pandas.core.internals.managers:BlockManager",),
        ),
        Rule(
            "blocks of 1.3 are made by the function that all later releases have",
            "pandas 1.3",
            "pandas 2.2 and later",
            refs=("pandas.core.internals.blocks:new_block",),
        ),
        Rule(
            "indexes of periods are made of an array; frequencies of spans are the index's",
            "pandas before 0.24 (periods), 3 (spans)",
            "pandas 0.24 and later; pandas 3, silently without the frequency",
            refs=("pandas.core.indexes.base:_new_Index",),
        ),
        Rule(
            "indexes, sparse arrays and series that were arrays of NumPy; blocks told by labels",
            "pandas before 0.14 (indexes, blocks), 0.24 (sparse arrays), 0.13 (series)",
            "pandas 0.25 and later",
            refs=("pandas.core.index:Index",),
        ),
        Rule(
            "SparseSeries and SparseDataFrame are a Series and a DataFrame of sparse values",
            "pandas before 1.0",
            "pandas 1.0 and later",
            refs=("pandas.core.sparse.series:SparseSeries",),
        ),
        Rule(
            "a Panel is a dict of DataFrames",
            "pandas before 0.25",
            "pandas 0.25 and later",
            refs=("pandas.core.panel:Panel",),
        ),
    ),
)
