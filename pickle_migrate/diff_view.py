"""The difference of two files' pickles as lines; see ``tree_diff``. Everything is escaped."""

from __future__ import annotations

from pickle_migrate.inspect_report import Line
from pickle_migrate.inspected import FileFound, PickleFound
from pickle_migrate.report import escaped
from pickle_migrate.tree_diff import SHARING, Compared, Difference, compare
from pickle_migrate.tree_nodes import Node
from pickle_migrate.tree_view import described


def diff_lines(a: FileFound, b: FileFound, limit: int) -> tuple[list[Line], bool]:
    """The lines, and whether the files' pickles differ, or might: what was not compared counts as
    a difference.
    """
    lines = [Line(f"A: {escaped(a.path)}", "A:"), Line(f"B: {escaped(b.path)}", "B:")]
    differs = len(a.pickles) != len(b.pickles)
    if differs:
        lines.append(Line(f"A holds {len(a.pickles)} pickles, B {len(b.pickles)}."))
    for left, right in zip(a.pickles, b.pickles, strict=False):
        more, other = _of_pickles(left, right, limit)
        lines += more
        limit -= len(more)
        differs |= other
        if limit <= 0:
            lines.append(Line("... cut here: --limit shows more"))
            return lines, True
    if not differs:
        lines.append(Line("The graphs are the same."))
    return lines, differs


def _of_pickles(a: PickleFound, b: PickleFound, limit: int) -> tuple[list[Line], bool]:
    if a.tree is None or b.tree is None:
        return [Line("One of the pickles has no graph.")], True
    lines = []
    if a.protocol != b.protocol:
        lines.append(Line(f"  protocol: {a.protocol} -> {b.protocol}", "protocol"))
    found = compare((a.tree, a.data), (b.tree, b.data), limit)
    lines += [_line(one) for one in found.differences]
    is_whole = a.tree.complete and b.tree.complete
    if lines or not is_whole:
        lines.insert(0, Line(f"Pickle at byte {a.offset} of A and {b.offset} of B:"))
    lines += _limits_of(found, a, b)
    return lines, bool(found.differences) or found.is_cut or not is_whole


def _limits_of(found: Compared, a: PickleFound, b: PickleFound) -> list[Line]:
    lines = []
    if found.is_cut:
        lines.append(Line("  ... more differences: --limit shows more"))
    for name, one in (("A", a), ("B", b)):
        assert one.tree is not None
        if not one.tree.complete:
            lines.append(Line(f"  Not compared: {name} from byte {one.tree.end} on."))
    return lines


def _line(one: Difference) -> Line:
    path = escaped(one.path, 300)
    if one.kind == SHARING:
        a, b = (_shared(name, other) for name, other in zip("AB", one.other, strict=True))
        return Line(f"  {one.kind:<9}  {path}: {a}, {b}", one.kind)
    if one.a is None or one.b is None:
        node = one.a or one.b
        assert node is not None
        return Line(f"  {one.kind:<9}  {path}: {described(node)}", one.kind)
    return Line(f"  {one.kind:<9}  {path}: {_short(one.a)} -> {_short(one.b)}", one.kind)


def _shared(name: str, other: str) -> str:
    return (
        f"{name} has the value of {escaped(other, 300)}" if other else f"{name} has one of its own"
    )


def _short(node: Node) -> str:
    return described(node)
