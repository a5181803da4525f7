"""A pickle's opcodes as lines: offset, opcode, argument, and what it names, refers to or makes.

Every text is escaped and cut, and the indentation is bounded, so that the lines of a hostile pickle
are no longer than those of another. Nothing is loaded or imported.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pickle_migrate.inspect_report import Line, bytes_text
from pickle_migrate.inspected import GlobalFound, PickleFound
from pickle_migrate.refs import GlobalRef
from pickle_migrate.report import escaped
from pickle_migrate.tree_builder import Builder, Step
from pickle_migrate.tree_nodes import ATOMS, Node
from pickle_migrate.tree_view import described, named, value_of

_DEEPEST: Final = 16
_NAMING: Final = frozenset(["GLOBAL", "STACK_GLOBAL", "INST"])
_CALLING: Final = frozenset(["REDUCE", "INST", "OBJ", "NEWOBJ", "NEWOBJ_EX"])
_REFERRING: Final = frozenset(["GET", "BINGET", "LONG_BINGET"])
_KEEPING: Final = frozenset(["PUT", "BINPUT", "LONG_BINPUT"])


def dis_lines(found: PickleFound, limit: int) -> Iterator[Line]:
    """The lines of one pickle, ``limit`` at most, and one that says what is left."""
    place = f"{escaped(found.place, 200)}, " if found.place else ""
    yield Line(
        f"  Pickle in {place}byte {found.offset}:" if place else f"  Pickle at byte {found.offset}:"
    )
    globals_ = {one.ref: one for one in found.globals}
    arrays = bool(found.tree and found.tree.arrays)
    builder = Builder(found.data, found.offset, arrays=arrays)
    memo = 0
    for _ in range(limit):
        step = builder.advance()
        if step is None:
            break
        memo += step.op.name == "MEMOIZE"
        yield _line(step, builder, globals_, memo)
    if builder.problem:
        yield Line(f"  {builder.at:>9}  {escaped(builder.problem)}", escaped(builder.problem))
    elif not builder.complete:
        left = found.opcodes - builder.opcodes
        yield Line(f"  ... {left:,} more opcodes: --limit shows more")


def _line(step: Step, builder: Builder, globals_: dict[GlobalRef, GlobalFound], memo: int) -> Line:
    indent = " " * min(step.depth, _DEEPEST)
    text, word = _words(step, builder, globals_, memo)
    name = step.op.name
    return Line(f"  {step.at:>9}  {indent}{name:<16} {text}".rstrip(), word)


def _words(
    step: Step, builder: Builder, globals_: dict[GlobalRef, GlobalFound], memo: int
) -> tuple[str, str]:
    name, node = step.op.name, step.node
    if name in _NAMING and node is not None:
        return _global(node if name != "INST" else node.target or node, globals_)
    if name in _CALLING and node is not None:
        return f"-> {_of(node)}", ""
    if name in _REFERRING and node is not None:
        return f"{_key(step, builder)} -> {_of(node)}", ""
    if name in _KEEPING:
        return _key(step, builder), ""
    if name == "MEMOIZE":
        return f"as {memo - 1}", ""
    if name in ("PROTO", "FRAME"):
        number = int.from_bytes(bytes(builder.data[step.at + 1 : step.end]), "little")
        return str(number) if name == "PROTO" else bytes_text(number), ""
    if name == "BUILD" and node is not None:
        more = step.end - step.at - 1
        return f"{named(node)}" + (f", then an array of {bytes_text(more)}" if more else ""), ""
    if node is not None and (node.kind in ATOMS or name in ("PERSID", "BINPERSID")):
        return _of(node), ""
    return (described(node), "") if node is not None and name.startswith("EXT") else ("", "")


def _global(node: Node, globals_: dict[GlobalRef, GlobalFound]) -> tuple[str, str]:
    if node.ref is None:
        return "a name that is computed", ""
    found = globals_.get(node.ref)
    verdict = found.verdict if found is not None else ""
    why = f": it {found.danger}" if found is not None and found.danger else ""
    return f"{escaped(str(node.ref), 200)}  {verdict}{why}".rstrip(), verdict


def _of(node: Node) -> str:
    return value_of(node) if node.kind in ATOMS else named(node)


def _key(step: Step, builder: Builder) -> str:
    raw = bytes(builder.data[step.at + 1 : step.end][:40])
    if step.op.fixed:
        return str(int.from_bytes(raw, "little"))
    return escaped(raw.decode("latin-1").strip())
