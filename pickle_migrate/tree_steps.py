"""What each opcode does to the stack of nodes.

``tree_builder`` reads one opcode after the other and asks for the step of each in ``STEPS``. A step
gives the node that it pushed or changed, None if there is none. Nothing is imported, called or
made; numbers and texts are read by ``tree_texts``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from pickle_migrate import inline_arrays, scan_texts
from pickle_migrate.opcodes import BY_CODE, Opcode
from pickle_migrate.refs import GlobalRef
from pickle_migrate.scan_reader import Data
from pickle_migrate.tree_nodes import Node
from pickle_migrate.tree_stack import Stack, Stop
from pickle_migrate.tree_texts import Value, atom

#: Enough for every ordinary class; a longer name is shown as computed.
NAME_LIMIT: Final = 2_000


class Steps(Stack):
    """The steps of one pickle in ``data``. Each is given the opcode, its offset, and the offset
    behind it; one that reads on by itself sets ``at``. ``complete``: STOP was met. ``inline``:
    bytes of arrays stand between opcodes. Steps raise Stop where the pickle is damaged.
    """

    def __init__(self, data: Data, start: int, *, inline: bool) -> None:
        super().__init__(start)
        self.data = data
        self.complete = False
        self.arrays: list[tuple[int, int]] = []
        self.objects: list[tuple[int, int]] = []
        self.values: list[Value] = []
        self._inline = inline
        self._root: Node | None = None

    # --- atoms, containers, marks and the memo ----------------------------------------------------

    def _atom(self, op: Opcode, at: int, end: int) -> Node:
        node, value = atom(self.data, op, at, end)
        if value is not None:
            self.values.append(value)
        return self._push(node)

    def _empty(self, op: Opcode, at: int, end: int) -> Node:
        kind = op.name.removeprefix("EMPTY_").lower()
        return self._push(Node(kind, at, end))

    def _from_mark(self, op: Opcode, at: int, end: int) -> Node:
        items = self._to_mark()
        node = Node(op.name.lower(), self._start, end)
        node.items = items
        return self._push(node, self._start)

    def _short_tuple(self, op: Opcode, at: int, end: int) -> Node:
        items = [self._pop() for _ in range(op.pops)][::-1]
        node = Node("tuple", self._start, end)
        node.items = items
        return self._push(node, self._start)

    def _append(self, op: Opcode, at: int, end: int) -> Node:
        item = self._pop()
        return _fill(self._top(), [item], end)

    def _appends(self, op: Opcode, at: int, end: int) -> Node:
        items = self._to_mark()
        return _fill(self._top(), items, end)

    def _set_item(self, op: Opcode, at: int, end: int) -> Node:
        value, key = self._pop(), self._pop()
        return _set(self._top(), [key, value], end)

    def _set_items(self, op: Opcode, at: int, end: int) -> Node:
        items = self._to_mark()
        return _set(self._top(), items, end)

    def _mark(self, op: Opcode, at: int, end: int) -> None:
        self.marks.append(len(self._stack))
        self._mark_starts.append(at)

    def _pop_one(self, op: Opcode, at: int, end: int) -> None:
        if self.marks and self.marks[-1] == len(self._stack):
            self._to_mark()
        else:
            self._pop()

    def _pop_mark(self, op: Opcode, at: int, end: int) -> None:
        self._to_mark()

    def _dup(self, op: Opcode, at: int, end: int) -> Node:
        node = self._top()
        node.again += 1
        return self._push(node)

    def _key(self, op: Opcode, at: int, end: int) -> int:
        if op.fixed:
            return int.from_bytes(self.data[at + 1 : end], "little")
        key = scan_texts.memo_key(bytes(self.data[at + 1 : end - 1]))
        if key is None:
            raise Stop(f"{op.name} has a malformed memo key")
        return key

    def _get(self, op: Opcode, at: int, end: int) -> Node:
        key = self._key(op, at, end)
        node = self._memo.get(key)
        if node is None:
            # Perhaps of the pickle before: a Pickler that dumps twice refers to it.
            node = Node("unknown", at, end, f"memo {key}, which is not set here")
        else:
            node.again += 1
        return self._push(node)

    def _put(self, op: Opcode, at: int, end: int) -> Node:
        node = self._top()
        self._memo[self._key(op, at, end)] = node
        return node

    def _memoize(self, op: Opcode, at: int, end: int) -> Node:
        node = self._top()
        self._memo[len(self._memo)] = node
        return node

    # --- globals and what is made with them -------------------------------------------------------

    def _named(self, at: int, end: int, module: str | None, qualname: str | None) -> Node:
        node = Node("global", at, end)
        if module and qualname:
            node.ref = GlobalRef(module, qualname)
        return node

    def _global_node(self, at: int, end: int) -> Node:
        lines = bytes(self.data[at + 1 : min(end - 1, at + 2 * NAME_LIMIT)]).split(b"\n")
        texts = [line.decode("utf-8", "replace") for line in lines]
        return self._named(at, end, texts[0], texts[1] if len(texts) > 1 else None)

    def _global(self, op: Opcode, at: int, end: int) -> Node:
        return self._push(self._global_node(at, end))

    def _stack_global(self, op: Opcode, at: int, end: int) -> Node:
        qualname, module = self._pop(), self._pop()
        texts = [self._literal(part) for part in (module, qualname)]
        return self._push(self._named(self._start, end, *texts), self._start)

    def _literal(self, node: Node) -> str | None:
        if node.kind not in ("str", "8-bit str") or node.size > NAME_LIMIT:
            return None
        return node.text

    def _extension(self, op: Opcode, at: int, end: int) -> Node:
        code = int.from_bytes(self.data[at + 1 : end], "little")
        return self._push(Node("extension", at, end, str(code)))

    def _made(
        self, made: str, target: Node, args: Node | None, end: int, kwargs: Node | None = None
    ) -> Node:
        attribute = _attribute(target, args, end)
        if attribute is not None:
            return self._push(attribute, self._start)
        node = Node("object", self._start, end)
        node.made, node.target, node.args, node.kwargs = made, target, args, kwargs
        return self._push(node, self._start)

    def _inst(self, op: Opcode, at: int, end: int) -> Node:
        items = self._to_mark()
        args = Node("tuple", self._start, at)
        args.items = items
        return self._made("instantiated", self._global_node(at, end), args, end)

    def _obj(self, op: Opcode, at: int, end: int) -> Node:
        items = self._to_mark()
        if not items:
            raise Stop("an opcode takes more values than there are")
        args = Node("tuple", items[0].end, at)
        args.items = items[1:]
        return self._made("instantiated", items[0], args, end)

    def _newobj(self, op: Opcode, at: int, end: int) -> Node:
        kwargs = self._pop() if op.name == "NEWOBJ_EX" else None
        if kwargs is not None and kwargs.kind == "dict" and not kwargs.items:
            kwargs = None
        args, target = self._pop(), self._pop()
        return self._made("instantiated", target, args, end, kwargs)

    def _reduce(self, op: Opcode, at: int, end: int) -> Node:
        args, target = self._pop(), self._pop()
        return self._made("called", target, args, end)

    def _build(self, op: Opcode, at: int, end: int) -> Node:
        state, node = self._pop(), self._top()
        node.states.append(state)
        node.end = max(node.end, end)
        if self._inline:
            self._skip_array(node, end)
        return node

    def _skip_array(self, node: Node, end: int) -> None:
        found = inline_arrays.measure(self.data, node, end)
        if found is None:
            return
        if found.end > len(self.data):
            raise Stop("the data ends inside an array")
        self.at = found.end
        self.arrays.append((end, found.end))
        if found.is_pickle:
            self.objects.append((end, found.end))
        array = Node("array", end, found.end, found.text, found.end - end)
        node.items.append(array)
        node.end = found.end

    def _persistent(self, op: Opcode, at: int, end: int) -> Node:
        if op.name == "BINPERSID":
            inner = self._pop()
            node = Node("persistent id", self._start, end)
            node.items = [inner]
            return self._push(node, self._start)
        text = bytes(self.data[at + 1 : min(end - 1, at + 200)]).decode("latin-1")
        return self._push(Node("persistent id", at, end, text))

    def _buffer(self, op: Opcode, at: int, end: int) -> Node:
        return self._push(Node("buffer", at, end))

    def _nothing(self, op: Opcode, at: int, end: int) -> None:
        return None

    def _stop(self, op: Opcode, at: int, end: int) -> Node:
        self._root = self._pop()
        self.complete = True
        return self._root


def _fill(node: Node, items: list[Node], end: int) -> Node:
    node.items += items
    node.end = max(node.end, end)
    return node


def _set(node: Node, items: list[Node], end: int) -> Node:
    if node.kind == "dict":
        node.items += items
    else:
        node.pairs += items
    node.end = max(node.end, end)
    return node


_GETATTR: Final = frozenset(GlobalRef(module, "getattr") for module in ("builtins", "__builtin__"))


def _attribute(target: Node, args: Node | None, end: int) -> Node | None:
    """The global that ``getattr(global, "name")`` gives: how protocols below 4 write nested
    classes. None for any other call.
    """
    if target.ref not in _GETATTR or args is None or len(args.items) != 2:
        return None
    owner, name = args.items
    if owner.ref is None or owner.kind != "global" or name.kind not in ("str", "8-bit str"):
        return None
    if name.size > NAME_LIMIT:
        return None
    node = Node("global", target.end, end)
    node.ref = GlobalRef(owner.ref.module, f"{owner.ref.qualname}.{name.text}")
    return node


# --- the table of steps ---------------------------------------------------------------------------

_Do = Callable[[Steps, Opcode, int, int], Node | None]

_METHODS: Final[dict[str, _Do]] = {
    "EMPTY_LIST EMPTY_TUPLE EMPTY_DICT EMPTY_SET": Steps._empty,
    "LIST TUPLE DICT FROZENSET": Steps._from_mark,
    "TUPLE1 TUPLE2 TUPLE3": Steps._short_tuple,
    "APPEND": Steps._append,
    "APPENDS ADDITEMS": Steps._appends,
    "SETITEM": Steps._set_item,
    "SETITEMS": Steps._set_items,
    "MARK": Steps._mark,
    "POP": Steps._pop_one,
    "POP_MARK": Steps._pop_mark,
    "DUP": Steps._dup,
    "GET BINGET LONG_BINGET": Steps._get,
    "PUT BINPUT LONG_BINPUT": Steps._put,
    "MEMOIZE": Steps._memoize,
    "GLOBAL": Steps._global,
    "STACK_GLOBAL": Steps._stack_global,
    "EXT1 EXT2 EXT4": Steps._extension,
    "INST": Steps._inst,
    "OBJ": Steps._obj,
    "NEWOBJ NEWOBJ_EX": Steps._newobj,
    "REDUCE": Steps._reduce,
    "BUILD": Steps._build,
    "PERSID BINPERSID": Steps._persistent,
    "NEXT_BUFFER": Steps._buffer,
    "READONLY_BUFFER PROTO FRAME": Steps._nothing,
    "STOP": Steps._stop,
}


def _steps() -> dict[int, _Do]:
    named = {name: do for names, do in _METHODS.items() for name in names.split()}
    return {code: named.get(op.name, Steps._atom) for code, op in BY_CODE.items()}


STEPS: Final = _steps()
