"""Pickles of networkx: graphs keep their nodes and edges under other names since release 2.0.

Sources: networkx/classes/graph.py, digraph.py, multigraph.py, multidigraph.py, ordered.py and
graphviews.py, releases 1.0 to 3.6.
"""

from __future__ import annotations

from typing import Any, Final

from pickle_migrate.declare import Lineage
from pickle_migrate.foreign.view import View
from pickle_migrate.operations import RemoveField, RenameField, RunFunction
from pickle_migrate.packs.values import ALL, EMPTY, FUNCTION, Pack, Rule
from pickle_migrate.registry import Registry

_GRAPHS: Final = {
    "Graph": "networkx.classes.graph:Graph",
    "DiGraph": "networkx.classes.digraph:DiGraph",
    "MultiGraph": "networkx.classes.multigraph:MultiGraph",
    "MultiDiGraph": "networkx.classes.multidigraph:MultiDiGraph",
}
#: What release 1.x kept, and where it stands since 2.0.
_FIELDS: Final = {"adj": "_adj", "node": "_node", "succ": "_succ", "pred": "_pred"}
#: Releases 1.7 to 1.11 kept the class of their dicts in each graph.
_FACTORY: Final = ("adjlist_dict_factory", "adjlist_outer_dict_factory")


def _version_of(view: View) -> int | None:
    fields = view.fields
    return 1 if "adj" in fields and "_adj" not in fields else 2


def _with_factory(state: dict[str, Any]) -> None:
    """The outer and the inner dicts of edges have a class each since 2.0."""
    old, new = _FACTORY
    if old in state:
        state[new] = state["adjlist_inner_dict_factory"] = state.pop(old)


def _graphs(registry: Registry) -> None:
    for ref in _GRAPHS.values():
        Lineage(ref, version_of=_version_of, registry=registry).upgrade(
            1,
            *(RenameField(old, new, missing_ok=True) for old, new in _FIELDS.items()),
            RemoveField("edge", default=None, missing_ok=True),  # the same dict as adj
            RunFunction(_with_factory),
        )


_ORDERED: Final = {f"networkx.classes.ordered:Ordered{name}": ref for name, ref in _GRAPHS.items()}
_VIEWS: Final = {f"networkx.classes.graphviews:Sub{name}": ref for name, ref in _GRAPHS.items()} | {
    "networkx.classes.graphviews:ReverseView": _GRAPHS["DiGraph"],
    "networkx.classes.graphviews:MultiReverseView": _GRAPHS["MultiDiGraph"],
}

PACK: Final = Pack(
    "networkx",
    "graphs of networkx 1.x and 2.x",
    rules=(
        Rule(
            "nodes and edges are kept under names of their own, behind the views of them",
            "networkx 1.0 to 1.11",
            "networkx 2.0 and newer",
            refs=tuple(_GRAPHS.values()),
            declare=_graphs,
        ),
        Rule(
            "ordered graphs are plain ones, since dicts keep their order",
            "networkx 1.9 to 2.8",
            "networkx 3.0 and newer",
            refs=tuple(_ORDERED),
            renames=_ORDERED,
        ),
        Rule(
            "views of a part of a graph are plain graphs over filtered dicts",
            "networkx 2.0 to 2.3",
            "networkx 2.4 and newer",
            refs=tuple(_VIEWS),
            renames=_VIEWS,
        ),
    ),
    names={
        "networkx.classes.graph": {"Graph": EMPTY},
        "networkx.classes.digraph": {"DiGraph": EMPTY},
        "networkx.classes.multigraph": {"MultiGraph": EMPTY},
        "networkx.classes.multidigraph": {"MultiDiGraph": EMPTY},
        "networkx.classes.coreviews": {
            "AtlasView AdjacencyView MultiAdjacencyView UnionAtlas UnionAdjacency "
            "UnionMultiInner UnionMultiAdjacency FilterAtlas FilterAdjacency FilterMultiInner "
            "FilterMultiAdjacency": EMPTY,
        },
        "networkx.classes.reportviews": {
            "NodeView NodeDataView DegreeView DiDegreeView InDegreeView OutDegreeView "
            "MultiDegreeView DiMultiDegreeView InMultiDegreeView OutMultiDegreeView "
            "EdgeView OutEdgeView InEdgeView MultiEdgeView OutMultiEdgeView InMultiEdgeView "
            "EdgeDataView OutEdgeDataView InEdgeDataView MultiEdgeDataView OutMultiEdgeDataView "
            "InMultiEdgeDataView": EMPTY,
        },
        "networkx.classes.filters": {
            "no_filter": ALL,
            "show_nodes": ALL,
            "hide_nodes hide_edges hide_diedges hide_multiedges hide_multidiedges show_edges "
            "show_diedges show_multiedges show_multidiedges": FUNCTION,
        },
    },
)
