"""What a pickle does with globals: names them, calls them, makes instances, changes those.

Each function takes the machine and the offset of the opcode. Nothing is imported and nothing is
called; what loading would do is noted in the machine as uses of globals and as effects.
"""

from __future__ import annotations

from typing import Final

from pickle_migrate.errors import PickleFormatError
from pickle_migrate.refs import GlobalRef
from pickle_migrate.scan_entries import (
    CHANGING,
    COMPUTED_KEY,
    DICT,
    DUNDER_KEY,
    EMPTY_TUPLE,
    LIST,
    MADE,
    NOTHING,
    PLAIN,
    SET,
    SLOTS,
    UNKNOWN,
    UNSURE,
    Args,
    Entry,
    Named,
    Shape,
    Weights,
)
from pickle_migrate.scan_model import Machine
from pickle_migrate.scan_weights import kind_of, shape_of

#: What a call of these gives is made by their first argument.
MAKES_FIRST: Final = frozenset(
    GlobalRef(module, name)
    for module in ("copyreg", "copy_reg")
    for name in ("_reconstructor", "__newobj__", "__newobj_ex__")
)
GETATTR: Final = frozenset(GlobalRef(module, "getattr") for module in ("builtins", "__builtin__"))
#: Calls of these hash what is in the lists that they are given.
_HASHES: Final = frozenset(
    GlobalRef(module, name)
    for module, names in {
        "builtins": "set frozenset dict",
        "__builtin__": "set frozenset dict",
        "sets": "Set ImmutableSet",
        "collections": "OrderedDict Counter",
        "ordereddict": "OrderedDict",
    }.items()
    for name in names.split()
)
STAMPS: Final = "pickle_migrate.stamps"
TEXT_ONLY: Final = GlobalRef(STAMPS, "text_only")
#: What a call of these gives depends on more than the kinds of the arguments.
FRAGILE: Final = GETATTR | {TEXT_ONLY}

_FILLS: Final = {LIST: "append", DICT: "set_item", SET: "add"}


def note(machine: Machine, kind: str, by: Named | None, at: int) -> None:
    """Note an effect; see ``scanner.Effect`` for the kinds."""
    found = machine.effects.get((kind, by))
    if found is None:
        machine.effects[kind, by] = [at, 1]
    else:
        found[1] += 1


# --- globals -----------------------------------------------------------------------------------


def name(
    machine: Machine,
    module: str,
    qualname: str,
    at: int,
    via: str = "find_class",
    code: int = 0,
    texts: tuple[int, int] = (0, 0),
) -> Named:
    """Record that a global is named, and give its entry. ``texts`` are offsets for its site."""
    key = (module, qualname, machine.protocol, via, code)
    found = machine.named.get(key)
    if found is None:
        found = Named(GlobalRef(module, qualname), at, machine.protocol, via, code)
        machine.named[key] = found
    else:
        found.count += 1
    if machine.places is not None:
        machine.places.add(found, at, texts, machine.memo)
    return found


def adopted(machine: Machine, entry: Entry, at: int) -> Entry:
    """An entry of the memo of the pickle before this one, as an entry of this pickle."""
    if isinstance(entry, Args):
        if not isinstance(entry.first, Named):
            return entry
        first = adopted(machine, entry.first, at)
        assert isinstance(first, Named)
        return Args(first, entry.second, entry.size, entry)
    if not isinstance(entry, Named):
        return entry
    key = (entry.ref.module, entry.ref.qualname, entry.protocol, entry.via, entry.code)
    if key not in machine.named:
        machine.named[key] = Named(entry.ref, at, entry.protocol, entry.via, entry.code)
        machine.named[key].count = 0
    return machine.named[key]


def name_from_stack(machine: Machine, at: int) -> None:
    """STACK_GLOBAL."""
    machine.need(2, at)
    machine.thaw(-2)
    machine.thaw(-1)
    qualname, module = machine.pop(at), machine.pop(at)
    ref = _name_text(machine, module, at), _name_text(machine, qualname, at)
    if ref[0] is None or ref[1] is None:
        machine.unresolvable.append((at, "the name is not a literal text"))
        weights = machine.weigh([module, qualname])
        machine.stack.append(machine.shape(UNSURE, None, weights, at))
    else:
        assert isinstance(module, int)
        assert isinstance(qualname, int)
        machine.stack.append(name(machine, ref[0], ref[1], at, texts=(module, qualname)))


def _name_text(machine: Machine, entry: Entry, at: int) -> str | None:
    if isinstance(entry, int):
        return machine.text_at(entry)
    # A global may be a text too: some module's variable.
    if isinstance(entry, Named) or kind_of(entry) in (MADE, UNSURE):
        return None
    raise PickleFormatError("the name of a global is not a text", at)


# --- calls -------------------------------------------------------------------------------------


def make(machine: Machine, target: Entry, args: Entry, more: Entry, at: int) -> None:
    """NEWOBJ and NEWOBJ_EX: an instance of ``target``. ``more`` are keyword arguments."""
    weights, taint = _given(machine, args), machine.taint
    if more is not PLAIN:
        depth, weight, _, _, inner_depth, inner = machine.weigh([more])
        machine.taint = max(taint, machine.taint)
        weights = max(depth, weights[0]), weight + weights[1], 0, 1, inner_depth, inner
    machine.stack.append(_made(machine, target, weights, at))


def make_from(machine: Machine, target: Entry, items: list[Entry], at: int) -> None:
    """OBJ and INST: an instance of ``target`` with these arguments."""
    machine.stack.append(_made(machine, target, machine.weigh(items), at))


def _made(machine: Machine, target: Entry, weights: Weights, at: int) -> Shape:
    if isinstance(target, Named):
        target.uses.add("instantiated")
        return machine.shape(MADE, target, weights, at)
    note(machine, "call", None, at)
    machine.weigh([target])
    return machine.shape(UNSURE, None, weights, at)


def _given(machine: Machine, args: Entry) -> Weights:
    """The weights of arguments: those in the tuple, which itself is soon gone."""
    if args is EMPTY_TUPLE:
        return NOTHING
    depth, weight, _, _, inner_depth, inner = machine.weigh([args])
    return max(depth - 1, 0), weight - 1, 0, 1, inner_depth, inner


def reduce(machine: Machine, at: int) -> None:
    """REDUCE: a call."""
    args = machine.pop(at)
    target = machine.pop(at)
    if not isinstance(target, Named):
        note(machine, "call", None, at)
        machine.weigh([target])
        result: Entry = machine.shape(UNSURE, None, _given(machine, args), at)
    else:
        target.uses.add("called")
        result = _called(machine, target, args, at)
    machine.stack.append(result)


def _called(machine: Machine, target: Named, args: Entry, at: int) -> Entry:
    if isinstance(args, Args):
        first = args.first
        if isinstance(first, Named) and target.ref in MAKES_FIRST:
            first.uses.add("instantiated")
            depth, weight, *_ = args.weights
            return machine.shape(MADE, first, (depth - 1, weight - 1, 0, 1, 0, 0), at)
        found = _named_by_call(machine, target.ref, args, at)
        if found is not None:
            machine.weigh([args])
            return found
    if target.ref in _HASHES:
        _hash_arguments(machine, args, at)
    return machine.shape(MADE, target, _given(machine, args), at)


def _hash_arguments(machine: Machine, args: Entry, at: int) -> None:
    # Arguments without any tuple in them, as in set([1, 2]), hash nothing that is worth a word.
    if isinstance(args, Shape) and (args.weights[2] > 1 or args.weights[5] > args.weights[3]):
        machine.hashed(args.weights[4], args.weights[5], at)


def _named_by_call(machine: Machine, ref: GlobalRef, args: Args, at: int) -> Entry:
    first = args.first
    if isinstance(first, Named) and ref in GETATTR and args.size == 2:
        return _attribute(machine, first, args.second, at)
    if isinstance(first, int) and ref == TEXT_ONLY:
        text = machine.text_at(first)
        if text is not None:
            return name(machine, STAMPS, text, at, via="text_only")
    return None


def _attribute(machine: Machine, owner: Named, attribute: Entry, at: int) -> Entry:
    text = machine.text_at(attribute) if isinstance(attribute, int) else None
    if text is None or owner.via == "extension":
        return UNKNOWN
    return name(machine, owner.ref.module, f"{owner.ref.qualname}.{text}", at, via="getattr")


# --- changes -----------------------------------------------------------------------------------


def fill(machine: Machine, kind: str, items: list[Entry], at: int) -> None:
    """APPEND(S), SETITEM(S), ADDITEMS: items for the topmost value, which should be of ``kind``.

    Without any items C does not look at the value.
    """
    if not items:
        return
    if kind != LIST:
        machine.hash_items(items[::2] if kind == DICT else items, at)
    weights = machine.weigh(items)
    if machine.watches:
        watch(machine, kind, items)
    target = machine.stack[-1]
    kind_here = kind_of(target)
    if kind_here == kind:
        machine.grow(weights, at)
    elif kind_here is None:
        by = target if isinstance(target, Named) else None
        note(machine, "build_global" if by else _FILLS[kind], by, at)
    else:
        shape = shape_of(target)
        note(machine, "build_again" if shape.built else _FILLS[kind], shape.by, at)
        if kind_here in CHANGING:
            machine.grow(weights, at)


def watch(machine: Machine, kind: str, items: list[Entry]) -> None:
    """Notice dunders and computed texts among the keys of a dict; its values don't matter."""
    if kind != DICT:
        return
    machine.taint = 0
    for key in items[::2]:
        if isinstance(key, int):
            text = machine.text_at(key) or ""
            if len(text) > 4 and text.startswith("__") and text.endswith("__"):
                machine.taint = DUNDER_KEY
        elif isinstance(key, Named) or kind_of(key) in (MADE, UNSURE):
            machine.taint = max(machine.taint, COMPUTED_KEY)


def build(machine: Machine, at: int) -> None:
    """BUILD: state for the topmost value."""
    machine.need(2, at)
    state = machine.pop(at)
    target = machine.stack[-1]
    weights = machine.weigh([state])
    kind = kind_of(state)
    if kind == SLOTS or kind in (MADE, UNSURE):
        machine.unsure_state = True
    sets_dunder = machine.taint >= (COMPUTED_KEY if kind == SLOTS else DUNDER_KEY)
    machine.taint = 0
    if kind_of(target) not in CHANGING:
        by = target if isinstance(target, Named) else None
        note(machine, "build_global" if by else "build_unknown", by, at)
        return
    shape = shape_of(target)
    if sets_dunder and kind in (SLOTS, MADE, UNSURE):
        note(machine, "dunder_state", shape.by, at)
    simple = "build" if shape.by else "build_unknown"
    note(machine, "build_again" if shape.built else simple, shape.by, at)
    machine.grow(weights, at, built=True)
