"""What a pickle would make, as inert values: one node for each value that its opcodes push.

A node says what kind of value it is, where its opcodes stand and what is in it. It never is the
value: no class is made or imported, no number converted beyond a few digits, no text kept beyond
its beginning. ``tree_builder`` makes nodes; whoever shows their texts escapes them first.
"""

from __future__ import annotations

from typing import Final

import attrs

from pickle_migrate.refs import GlobalRef

#: Kinds whose items are their parts, in order; a dict's alternate between keys and values.
CONTAINERS: Final = frozenset(["list", "tuple", "dict", "set", "frozenset"])
#: Kinds of plain values.
ATOMS: Final = frozenset(["None", "bool", "int", "float", "str", "bytes", "bytearray", "8-bit str"])


class Node:
    """One value of a pickle.

    ``kind``: one of ``ATOMS`` or ``CONTAINERS``; "global"; "object" (what a call or an instance
    gives); "persistent id"; "buffer"; "extension"; "array" (bytes that joblib put between opcodes);
    "unknown". An "8-bit str" is Python 2's: text or bytes, as the reader says.

    ``start`` and ``end`` are offsets: from the opcode that makes it to the end of the last one that
    fills it. ``text`` is the beginning of an atom's value, ``size`` the length of a str, bytes or
    bytearray in bytes. ``ref`` is a global's; None when it is computed. ``target`` is what an
    object was made of, ``args`` and ``kwargs`` its arguments, ``made`` how: "called" or
    "instantiated". ``states`` are what BUILD gave it. ``items``: see above; for an object what was
    appended to it, and ``pairs`` what was set by key (keys and values in turn). ``again`` counts
    how often it stands in a further place.
    """

    __slots__ = (
        "again",
        "args",
        "end",
        "items",
        "kind",
        "kwargs",
        "made",
        "pairs",
        "ref",
        "size",
        "start",
        "states",
        "target",
        "text",
        "unfinished",
    )

    def __init__(self, kind: str, start: int, end: int, text: str = "", size: int = 0) -> None:
        self.kind = kind
        self.start = start
        self.end = end
        self.text = text
        self.size = size
        self.ref: GlobalRef | None = None
        self.target: Node | None = None
        self.args: Node | None = None
        self.kwargs: Node | None = None
        self.made = ""
        self.states: list[Node] = []
        self.items: list[Node] = []
        self.pairs: list[Node] = []
        self.again = 0
        self.unfinished = False


@attrs.frozen
class Child:
    """A place inside of a value. ``label`` says which: "args", "state", an index, or empty when
    ``key`` is the node of its key or field name.
    """

    label: str
    node: Node
    key: Node | None = None


def children(node: Node) -> list[Child]:
    """The places inside of a value, in the order in which the pickle fills them. An object's state
    that is a dict, or a pair of dict and slots, is given field by field.
    """
    if node.kind == "dict":
        return _by_key(node.items)
    if node.kind == "persistent id" and node.items[:1] and node.items[0].kind in ATOMS:
        return []  # it is its name
    found: list[Child] = []
    if node.args is not None and (node.args.items or node.args.kind != "tuple"):
        found.append(Child("args", node.args))
    if node.kwargs is not None:
        found.append(Child("kwargs", node.kwargs))
    for state in node.states:
        found += _of_state(state)
    found += [Child(str(number), item) for number, item in enumerate(node.items)]
    return found + _by_key(node.pairs)


def _by_key(items: list[Node]) -> list[Child]:
    pairs = zip(items[::2], items[1::2], strict=False)
    found = [Child("", value, key) for key, value in pairs]
    if len(items) % 2:  # the reading ended between a key and its value
        found.append(Child("key", items[-1]))
    return found


def _of_state(state: Node) -> list[Child]:
    if state.again:
        return [Child("state", state)]
    if state.kind == "dict":
        return _by_key(state.items)
    parts = state.items
    is_pair = state.kind == "tuple" and len(parts) == 2
    if is_pair and parts[1].kind == "dict" and parts[0].kind in ("None", "dict"):
        dicts = [part for part in parts if part.kind == "dict"]
        if not any(part.again for part in dicts):
            return [child for part in dicts for child in _by_key(part.items)]
    return [Child("state", state)]


def class_of(node: Node) -> GlobalRef | None:
    """The ref of the class or callable that made an object, as the pickle spells it. That of
    ``copyreg``'s constructors is the class that they are given. None: nothing names it.
    """
    ref = node.target.ref if node.target is not None else None
    if ref in CONSTRUCTORS and node.args is not None and node.args.items:
        first = node.args.items[0]
        if first.kind == "global" and first.ref is not None:
            return first.ref
    return ref


#: Callables whose first argument is the class of what they make.
CONSTRUCTORS: Final = frozenset(
    GlobalRef(module, name)
    for module in ("copyreg", "copy_reg")
    for name in ("_reconstructor", "__newobj__", "__newobj_ex__")
)
