"""Classes that a pickle names for one purpose only: to get another one out of them.

Below protocol 4 ``shop:Order.Line`` is written ``getattr(Order, "Line")``. When ``Line`` has moved
out of ``Order``, the call goes away (see ``rewriter_edits``), and nobody asks for ``Order`` any
more; but its GLOBAL would still import it, and ``Order`` may be gone. So None is pushed in its
place, where each opcode that reads it is known to belong to such a call.

Offsets count bytes from the start of the data. Decides and changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence, Set

import attrs

from pickle_migrate import rewriter_texts as texts
from pickle_migrate.refs import GlobalRef
from pickle_migrate.rewriter_splice import Edit
from pickle_migrate.rewriter_target import Target
from pickle_migrate.scan_memo import SITE
from pickle_migrate.scanner import Located

_TUPLES = (b"\x86", b"t")


def silenced(
    data: bytes, targets: Sequence[Target], located: Located, stop: int
) -> tuple[list[Edit], list[Target]]:
    """The edits that take such classes out, and the targets with their numbers of these.

    ``stop``: how far memo keys of this pickle may be read.
    """
    calls, owners = _calls(targets, located)
    if not calls:
        return [], list(targets)
    search = texts.Search(data, stop)
    edits: list[Edit] = []
    told = []
    for target, sites in zip(targets, located.sites, strict=True):
        found: list[Edit] = []
        if not target.is_edited and (target.named.ref, target.named.protocol) in owners:
            places = (_place(data, at, calls, search) for at in sites[::SITE])
            found = [(*place, b"N") for place in places if place is not None]
        edits += found
        told.append(attrs.evolve(target, silenced=len(found)))
    return edits, told


def _calls(
    targets: Sequence[Target], located: Located
) -> tuple[Set[int], Set[tuple[GlobalRef, int]]]:
    """The offsets of the calls of getattr that go away, and the classes that they are made on."""
    calls: set[int] = set()
    owners: set[tuple[GlobalRef, int]] = set()
    for target, sites in zip(targets, located.sites, strict=True):
        if target.named.via == "getattr" and target.is_edited:
            calls.update(sites[::SITE])
            owner = target.named.ref.qualname.rpartition(".")[0]
            owners.add((GlobalRef(target.named.ref.module, owner), target.named.protocol))
    return calls, owners


def _place(data: bytes, at: int, calls: Set[int], search: texts.Search) -> tuple[int, int] | None:
    """The bytes of the GLOBAL at ``at``, if all that it pushes goes into calls that go away."""
    if data[at : at + 1] != b"c":
        return None
    end = data.index(b"\n", data.index(b"\n", at) + 1) + 1
    after, key = texts.after_put(data, end)
    if _call_at(data, after) not in calls or key == texts.UNKNOWN_KEY:
        return None
    if key is not None:
        fetches = search.lookalikes(key, after)
        if fetches is None or any(_call_at(data, fetch[1]) not in calls for fetch in fetches):
            return None
    return at, end


def _call_at(data: bytes, at: int) -> int | None:
    """The offset of REDUCE, if a text, a tuple of two and REDUCE start at ``at``; memo keys may be
    set in between.
    """
    end = texts.after_text(data, at)
    if end is None:
        return None
    end, _ = texts.after_put(data, end)
    if data[end : end + 1] not in _TUPLES:
        return None
    end, _ = texts.after_put(data, end + 1)
    return end if data[end : end + 1] == b"R" else None
