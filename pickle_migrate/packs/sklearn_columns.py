"""Columns that are transformed apart, and those that pass through.

Sources: sklearn/compose/_column_transformer.py and preprocessing/_function_transformer.py of 0.20
to 1.9.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from pickle_migrate.foreign.view import View
from pickle_migrate.packs import arrays
from pickle_migrate.packs.sklearn_estimators import RULES, of

_COLUMNS: Final = of("compose._column_transformer", "ColumnTransformer")


@RULES.of(*_COLUMNS)
def _passed_through(view: View, state: dict[Any, Any]) -> Iterator[tuple[str, Any]]:
    """What passes through has been a transformer of its own since 1.4."""
    fitted = state.get("transformers_")
    if type(fitted) is list and any(len(one) == 3 and one[1] == "passthrough" for one in fitted):
        yield (
            "transformers_",
            [
                (name, _identity(view, state, part) if what == "passthrough" else what, part)
                for name, what, part in fitted
            ],
        )
    if "_n_features" in state and "n_features_in_" not in state:
        yield "n_features_in_", state["_n_features"]


def _identity(view: View, state: dict[Any, Any], part: Any) -> Any:
    nothing = dict.fromkeys(("func", "inverse_func", "kw_args", "inv_kw_args"))
    own = {
        **nothing,
        "validate": False,
        "accept_sparse": True,
        "check_inverse": False,
        **_named(view, state, part),
    }
    name = "sklearn.preprocessing._function_transformer:FunctionTransformer"
    return view.make(name, state=own, new=True)


def _named(view: View, state: dict[Any, Any], part: Any) -> dict[str, Any]:
    """What a transformer knows of the columns that pass through it. It compares the names of a
    frame with those it knows, so where they were not kept it must not tell any.
    """
    names = _names(state)
    found = None if names is None else _chosen(names, part)
    if found is not None:
        return {
            "feature_names_out": "one-to-one",
            "n_features_in_": len(found),
            "feature_names_in_": arrays.new_array(
                view, arrays.new_dtype(view, "O8"), (len(found),), found
            ),
        }
    parts = [one[2] for one in state["transformers_"]]
    if any(_is_by_name(one) for one in parts):
        return {"feature_names_out": None}
    return {"feature_names_out": "one-to-one"}


def _names(state: dict[Any, Any]) -> list[Any] | None:
    """The columns' names: in a field since 1.0."""
    array = arrays.array_of(state.get("feature_names_in_"))
    return array.data if array is not None and type(array.data) is list else None


def _chosen(names: list[Any], part: Any) -> list[Any] | None:
    """The names of a part of the columns, which is told by names or by numbers."""
    if type(part) is not list:
        return None
    if all(one in names for one in part):
        return list(part)
    if all(type(one) is int and one < len(names) for one in part):
        return [names[one] for one in part]
    return None


def _is_by_name(part: Any) -> bool:
    first = part[0] if type(part) is list and part else part
    return isinstance(first, str)


def _plain_list(view: View) -> Any:
    return list(view.fields.get("data", ()))


RULES.anew(_plain_list, "sklearn.compose._column_transformer:_RemainderColsList")
