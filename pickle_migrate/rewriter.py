"""New names in old pickles, without loading them.

``renamed`` takes bytes and gives bytes. The operands of GLOBAL, INST and STACK_GLOBAL are edited,
and the lengths of the frames around them; all other bytes stay as they are. Texts that the user's
data shares with a name keep their value, and memo keys their numbers. Nothing is imported, called
or written, and the result is scanned again before it is given.

``rewriter_edits`` says which bytes change, ``rewriter_spell`` how a name is written,
``rewriter_splice`` puts the bytes together, ``rewriter_check`` scans them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain
from typing import TypeAlias

import attrs

from pickle_migrate import rewriter_check, rewriter_edits
from pickle_migrate.errors import ContentError, PickleFormatError
from pickle_migrate.limits import Limits
from pickle_migrate.refs import GlobalRef
from pickle_migrate.rewriter_check import Work
from pickle_migrate.rewriter_splice import Edit, Spliced, spliced
from pickle_migrate.rewriter_target import Target, settled
from pickle_migrate.scanner import Global, Scans, scan_all

NewRef: TypeAlias = Callable[[Global], GlobalRef | None]


@attrs.frozen
class Rewritten:
    """New bytes, and their scans, which need not be made again."""

    data: bytes = attrs.field(repr=False)
    scans: Scans = attrs.field(repr=False)


def renamed(
    data: bytes, new_ref: NewRef, limits: Limits | None = None, *, fix_imports: bool = True
) -> bytes:
    """The pickles in ``data`` with new names in place of old ones; ``data`` itself if none changes.

    ``new_ref`` is asked once for each ref that a pickle names and gives the ref that is to stand
    there, or None to leave it; a class got by ``getattr`` then goes where its outer class goes. It
    sees refs as the pickle spells them, stamps (whose name says class and version) among them.

    Refs are written as they are given. ``fix_imports``: they are names of Python 3, so that one is
    refused which readers would take for a name of Python 2 below protocol 3 and map to another.
    False: they are as pickles spell them.

    ``data`` holds one pickle or several in a row, of any protocol; bytes after the last one are
    kept. ``limits``: what each pickle may ask for; None: anything. Raises LimitError,
    PickleFormatError for what is no pickle, ContentError for pickles that cannot be
    edited and names that cannot be written there, VerificationError if the result is not what it
    should be. Imports and runs nothing that the pickles name.
    """
    return rewritten(data, scanned(data, limits), new_ref, fix_imports=fix_imports).data


def rewritten(data: bytes, scans: Scans, new_ref: NewRef, *, fix_imports: bool = True) -> Rewritten:
    """As ``renamed``, for data that was scanned already, by ``scanned`` or by ``scan_all`` with
    ``locate``; and with the scans of the result.
    """
    _require_editable(scans)
    targets = [
        settled(((g, new_ref(g)) for g in scan.globals), fix_imports=fix_imports)
        for scan in scans.pickles
    ]
    changes, targets = _changes(data, scans, targets)
    if not changes:
        return Rewritten(bytes(data), scans)
    new = spliced(data, changes)
    return Rewritten(new, rewriter_check.check(Work(data, scans, targets, changes, new)))


def scanned(data: bytes, limits: Limits | None = None) -> Scans:
    """The scans of ``data`` with the places of names, which ``rewritten`` needs. Raises as
    ``renamed``. Imports and runs nothing.
    """
    try:
        return scan_all(data, limits=limits, locate=True)
    except PickleFormatError:
        if b"joblib" in data[:_HEAD] and _WRAPPER.encode() in data[:_HEAD]:
            raise _joblib() from None
        raise


def _require_editable(scans: Scans) -> None:
    for scan in scans.pickles:
        if any(ref.qualname == _WRAPPER and "joblib" in ref.module for ref in scan.refs):
            raise _joblib()
        for place in scan.unresolvable:
            raise ContentError(
                f"holds a pickle that computes a name, at byte {place.offset}",
                "Upgrade it in its own program: load it with pickle_migrate, and dump it.",
            )


_WRAPPER = "NumpyArrayWrapper"
_HEAD = 1 << 16


def _joblib() -> ContentError:
    return ContentError(
        "is one of joblib's, with arrays between the opcodes, which names cannot be moved around",
        "Load it with joblib and dump it again.",
    )


def _changes(
    data: bytes, scans: Scans, targets: list[list[Target]]
) -> tuple[Spliced, list[list[Target]]]:
    """All edits, with those of the frames, and the targets as they come out."""
    is_one_row = any(scan.carries_memo for scan in scans.pickles)
    edits: list[Iterator[Edit]] = []
    told: list[list[Target]] = []
    for scan, wanted in zip(scans.pickles, targets, strict=True):
        stop = scans.end if is_one_row else scan.end  # later pickles may read this one's memo
        found, outcome = rewriter_edits.edits(data, scan, wanted, stop)
        edits.append(found)
        told.append(outcome)
    frames = [scan.located.frames for scan in scans.pickles if scan.located is not None]
    return Spliced(data, chain.from_iterable(edits), frames), told
