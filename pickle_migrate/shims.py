"""Pickles without their classes: inert stand-ins, to be inspected, edited and pickled again.

    graph = shims.loads(data)       # nothing that the pickle names is imported or called
    for order in graph.root:
        order.state["currency"] = "EUR"
    data = shims.dumps(graph)       # under the names that the pickle had

``Graph.root`` is the pickle's object. Plain data is plain data: None, numbers, texts, lists,
tuples, dicts, and from protocol 4 on sets. All that a pickle makes through a class or a function is
a ``Shim``, whose class is a ``ShimType`` for each global; see their fields.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pickle_migrate.limits import Limits
from pickle_migrate.shims_classes import Shim
from pickle_migrate.shims_reader import Graph, PersistentId, load_graph
from pickle_migrate.shims_types import NOTHING, Event, ShimType
from pickle_migrate.shims_writer import dump_graph, dumps_any
from pickle_migrate.stack_pickler import BufferCallback

__all__ = [
    "NOTHING",
    "Event",
    "Graph",
    "PersistentId",
    "Shim",
    "ShimType",
    "dumps",
    "loads",
]


def loads(
    data: bytes | bytearray | memoryview,
    *,
    encoding: str | None = None,
    errors: str = "strict",
    buffers: Iterable[Any] | None = None,
    limits: Limits | None = None,
) -> Graph:
    """The first pickle of some bytes as a graph of stand-ins. Imports and calls nothing.

    ``encoding`` is for the 8-bit strings of Python 2, as pickle's own; without it they are bytes
    objects, and are written as 8-bit strings again. ``buffers`` are those that pickle wrote out of
    band; without them, empty ones take their place. ``limits`` is what the pickle may ask for;
    None: what ``Limits()`` says.

    Raises PickleFormatError and LimitError before anything is built, UnicodeDecodeError for strings
    of another encoding, and ShimError for what no object can take, such as items for a number.
    """
    return load_graph(data, encoding=encoding, errors=errors, buffers=buffers, limits=limits)


def dumps(
    graph: Graph | object,
    *,
    protocol: int | None = None,
    buffer_callback: BufferCallback | None = None,
) -> bytes:
    """A graph as bytes, each stand-in under the name that its pickle had for it. Imports nothing
    that a stand-in names; objects of your own in it are pickled as pickle does. Any other object,
    such as one that ``load(missing="shim")`` gave, is written at pickle's default protocol.

    ``protocol``: None keeps the pickle's own. ``buffer_callback`` as pickle's own. Identity,
    sharing and cycles are kept, whatever the depth. Raises ShimError for what no pickle can hold,
    and TooDeepError.
    """
    if isinstance(graph, Graph):
        return dump_graph(graph, protocol, buffer_callback)
    return dumps_any(graph, protocol, True, buffer_callback)
