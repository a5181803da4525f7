"""One file, inspected: wrappings taken off, pickles found, the whole file accounted for.

Nothing that a pickle names is imported, and nothing is written. What is compressed or in a
container is expanded in memory up to a limit; what is not read is said.
"""

from __future__ import annotations

import binascii
import contextlib
import hashlib
import itertools
import re
from pathlib import Path
from typing import Final

import attrs

from pickle_migrate import codecs, containers, inline_arrays, nested_pickles, signatures, store
from pickle_migrate.discovery import Found
from pickle_migrate.errors import CompressionError, FileError, PickleFormatError
from pickle_migrate.findings import DANGER, WARNING, Finding
from pickle_migrate.inspect_damage import damage, read_all, read_damaged
from pickle_migrate.inspect_pickle import Options, Source, capped, inspect_pickle, merged
from pickle_migrate.inspected import (
    COMPLETE,
    DAMAGED,
    INCOMPLETE,
    NO_PICKLE,
    FileFound,
    PickleFound,
)
from pickle_migrate.row import rest_of_row
from pickle_migrate.scan_reader import Data
from pickle_migrate.scanner import Scans
from pickle_migrate.splicing import as_plain_pickle, spliced
from pickle_migrate.tree_builder import names_something

#: How deep wrappings are followed: a zip in a gzip in a tar is three.
_DEPTH: Final = 5
#: Bytes of a damaged layer, or of one that expands too much, that are looked at.
SALVAGED: Final = 16 * 1024**2
# Shorter pickles than that stand in any random bytes.
_FEWEST: Final = 7
#: So many times the opcodes of one tree are drawn in one file.
TREES: Final = 20
#: Pickles of one file that are told one by one.
PICKLES: Final = 10_000
_SUFFIXES: Final = (".pickle", ".pkl", ".pck", ".pcl", ".p")
_BASE64_INSIDE: Final = re.compile(rb"gA[I-X][A-Za-z0-9+/_-]{8,}+={0,2}")
#: Stretches of base64 in a text that are tried.
BASE64_TRIED: Final = 1_000
# A pickle that went through text mode: no line feed stands alone.
_CRLF: Final = re.compile(rb"[^\x80\r\n][^\r\n]*\r\n")
_LONE_LINE_FEED: Final = re.compile(rb"[^\r]\n")
_BASE64: Final = re.compile(rb"\s*gA[I-X][A-Za-z0-9+/\s_-]+={0,2}\s*\Z")


def inspect_file(found: Found, options: Options) -> FileFound:
    """What there is to say of a file. Raises nothing but KeyboardInterrupt."""
    if found.error is not None:
        return FileFound(found.path, error=found.error.problem)
    try:
        data = store.look_at(found.path)
    except FileError as error:
        return FileFound(found.path, error=error.problem)
    return inspect_data(data, found, options)


def inspect_data(data: Data, found: Found, options: Options) -> FileFound:
    """What there is to say of a file's bytes."""
    reading = _Reading(options, len(data))
    try:
        reading.read(data, "", 0)
    except MemoryError:
        reading.left_out("", "it needs more memory than there is")
    pickles = tuple(reading.pickles)
    kind = "" if pickles else reading.kind
    if not pickles and not reading.findings and not reading.is_partial:
        reading.findings += _none_where_one_was_expected(found, kind)
    return FileFound(
        found.path,
        len(data),
        hashlib.sha256(data).hexdigest(),
        kind,
        tuple(reading.wrappings),
        pickles,
        capped(reading.findings),
        tuple(dict.fromkeys(reading.notes)),
        reading.status(),
    )


def _none_where_one_was_expected(found: Found, kind: str) -> list[Finding]:
    name = Path(found.path).name.lower()
    if not any(f"{suffix}." in f"{name}." for suffix in _SUFFIXES):
        return []
    return [Finding("not-a-pickle", WARNING, None, f"is called a pickle and is {kind}")]


class _Reading:
    """One file while it is read."""

    def __init__(self, options: Options, size: int) -> None:
        self.options = options
        self.room = containers.Room()
        self.budget = nested_pickles.Budget(size, TREES * options.opcodes)
        self.pickles: list[PickleFound] = []
        self.findings: list[Finding] = []
        self.wrappings: list[str] = []
        self.notes: list[str] = []
        self.kind = ""
        self.is_partial = False

    def status(self) -> str:
        """Whether all of the file was read."""
        if any(one.status == DAMAGED for one in self.pickles):
            return DAMAGED
        if self.is_partial:
            return INCOMPLETE
        return COMPLETE if self.pickles else NO_PICKLE

    def left_out(self, place: str, reason: str, offset: int | None = None) -> None:
        """Say that something was not read."""
        self.is_partial = True
        where = f"{place}: " if place else ""
        self.findings.append(Finding("not-read", WARNING, offset, f"{where}{reason}"))

    # --- wrappings ------------------------------------------------------------------------------

    def read(self, data: Data, place: str, depth: int, *, expected: bool = False) -> None:
        """Read bytes that may be anything. ``expected``: their container says they are pickles."""
        try:
            opened = codecs.unwrap(data, self._limit(len(data)), read_only=True)  # type: ignore[arg-type]
        except CompressionError as error:
            self._compression(error, data, place)
            return
        if opened.layers:
            data = opened.payload
            self.room.take(len(data))
            self._wrapped(opened.codecs, place)
        container = containers.container_of(data)
        if container is not None and depth < _DEPTH:
            self._container(container, data, place, depth)
        elif container is not None:
            self.left_out(place, f"{container.name} inside of {_DEPTH} others")
        elif _BASE64.match(data):
            self._base64(data, place, depth)
        else:
            self._pickles(data, place, depth, expected=expected)

    def _limit(self, size: int) -> int:
        return max(1, min(self.room.left, max(codecs.FREE_SIZE, codecs.RATIO * size)))

    def _compression(self, error: CompressionError, data: Data, place: str) -> None:
        is_bomb = "expands from" in error.problem
        rule, severity = ("compression-bomb", DANGER) if is_bomb else ("damaged-wrapping", WARNING)
        where = f"{place}: " if place else ""
        message = f"{where}the {error.codec} data {error.problem}"
        self.findings.append(Finding(rule, severity, None, message))
        self.is_partial = True
        self._wrapped((error.codec,), place)
        # What can be read of it may be a whole pickle, or the beginning of one.
        part = codecs.salvaged(data, min(SALVAGED, max(1, self.room.left)))  # type: ignore[arg-type]
        self.room.take(len(part))
        if part:
            self._pickles(part, place, _DEPTH)

    def _wrapped(self, names: tuple[str, ...], place: str) -> None:
        if not place:
            self.wrappings += names

    def _container(
        self, container: containers.Container, data: Data, place: str, depth: int
    ) -> None:
        self._wrapped((container.name,), place)
        self.kind = self.kind or container.name
        try:
            for part in container.members(data, self.room):
                inner = f"{place}, {part.place}" if place else part.place
                if isinstance(part, containers.Skipped):
                    self.left_out(inner, part.reason)
                elif len(self.pickles) > PICKLES:
                    self.left_out(place, f"more than {PICKLES} pickles")
                    return
                else:
                    self.read(part.data, inner, depth + 1, expected=part.is_pickle)
        except Exception as error:  # the modules that read containers have a dozen of them
            self.left_out(place, f"{container.name} that is damaged: {type(error).__name__}")

    def _base64(self, data: Data, place: str, depth: int) -> None:
        text = b"".join(bytes(data).split()).replace(b"-", b"+").replace(b"_", b"/")
        try:
            payload = binascii.a2b_base64(text + b"=" * (-len(text) % 4))
        except binascii.Error:
            self._pickles(data, place, depth)
            return
        self._wrapped(("base64",), place)
        self.read(payload, place, _DEPTH)

    # --- pickles --------------------------------------------------------------------------------

    def _pickles(self, data: Data, place: str, depth: int, *, expected: bool = False) -> None:
        """Read bytes that are pickles in a row, or none."""
        apart = spliced(data) if inline_arrays.is_named_in(data) else None
        if apart is not None:
            source = Source(apart.data, place, data, apart.original)
            self._note_arrays(apart.arrays, len(apart.objects))
        else:
            source = Source(data, place)
        try:
            scans, extra = read_all(source.data, self.options.limits)
        except PickleFormatError as error:
            self._damaged(error, source, expected=expected)
            return
        kind = None if scans.trailing == 0 else self._by_chance(data, scans, expected=expected)
        if kind is not None:
            self._none(kind, data, place)
            return
        self._row(scans, source, extra)
        if apart is not None:
            self._beside_arrays(data, apart.objects, place, depth)
        if any(g.ref.qualname in _BESIDE for one in self.pickles for g in one.globals):
            self.notes.append(
                "joblib before 0.10 kept arrays in files beside it; they are not read"
            )
        if scans.trailing:
            self._trailing(scans, source, depth)

    def _row(self, scans: Scans, source: Source, extra: list[Finding]) -> None:
        for number, scan in enumerate(scans.pickles):
            if len(self.pickles) >= PICKLES:
                self.pickles.append(merged(scans.pickles[number:], source, self.options))
                break
            here = [f for f in extra if f.offset is None or scan.start <= f.offset < scan.end]
            here = [attrs.evolve(f, offset=f.offset and source.shift(f.offset)) for f in here]
            self.pickles.append(inspect_pickle(scan, source, self.options, self.budget, extra=here))

    def _by_chance(self, data: Data, scans: Scans, *, expected: bool) -> str | None:
        """What the bytes are when the pickle in front may be one by chance: "N. America"."""
        head = bytes(data[:4])
        if expected or head[:1] == b"\x80" or any(s.globals for s in scans.pickles):
            return None
        if any(s.opcodes > 4 for s in scans.pickles):
            return None
        return signatures.text_or_binary(bytes(data[:4096]))

    def _damaged(self, error: PickleFormatError, source: Source, *, expected: bool) -> None:
        data, place = source.data, source.place
        if self._text_mode(data, place):
            return
        seen = read_damaged(data, 0, error)
        head = bytes(data[:4096])
        kind = signatures.recognise(head) if len(data) > 4096 else signatures.recognise(bytes(data))
        if seen is not None and (kind is None or expected or names_something(data)):
            self.pickles.append(
                inspect_pickle(
                    seen,
                    source,
                    self.options,
                    self.budget,
                    extra=[damage(error, source.shift)],
                    status=DAMAGED,
                )
            )
            return
        if kind is None or expected:
            self.is_partial = True
            self.findings.append(damage(error, source.shift))
        self._none(kind or "a damaged pickle", data, place)

    def _text_mode(self, data: Data, place: str) -> bool:
        """Read a pickle of protocol 0 that was written in Windows' text mode, if it is one."""
        if _CRLF.match(data) is None or _LONE_LINE_FEED.search(data):
            return False
        restored = bytes(data).replace(b"\r\n", b"\n")
        try:
            scans, extra = read_all(restored, self.options.limits)
        except PickleFormatError:
            return False
        self._wrapped(("CRLF",), place)
        message = "each line ends with CRLF, so that pickle cannot read it; shown as if with LF"
        self.findings.append(Finding("text-mode", WARNING, 0, message))
        self._row(scans, Source(restored, place), extra)
        return True

    def _none(self, kind: str, data: Data, place: str) -> None:
        """Bytes that do not begin with a pickle: perhaps some stand further on."""
        self.kind = self.kind or kind
        if self._base64_inside(data, place):
            return
        if self._search(data, 0, place):
            first = self.pickles[-1].offset
            message = f"bytes that are no pickle stand before byte {first}"
            self.findings.append(Finding("leading-data", WARNING, 0, message))
        if kind not in signatures.NEVER_PICKLES and kind != "a damaged pickle":
            self.left_out(place, f"is {kind}, which is only searched for pickles")

    def _base64_inside(self, data: Data, place: str) -> int:
        """Find pickles in base64 in a text, as in JSON; how many there are."""
        before = len(self.pickles)
        for found in itertools.islice(_BASE64_INSIDE.finditer(data), BASE64_TRIED):
            with contextlib.suppress(binascii.Error, PickleFormatError):
                text = found.group().replace(b"-", b"+").replace(b"_", b"/")
                payload = binascii.a2b_base64(text + b"=" * (-len(text) % 4))
                scans, extra = read_all(payload, self.options.limits)
                at = f"base64 at byte {found.start()}"
                self._row(scans, Source(payload, f"{place}, {at}" if place else at), extra)
        return len(self.pickles) - before

    def _search(self, data: Data, start: int, place: str) -> int:
        """Find pickles of protocols 2 to 5 anywhere; how many there are."""
        count = 0
        for scan, extra in rest_of_row(data, start, self.options.limits):
            if len(self.pickles) >= PICKLES:
                self.left_out(place, f"more than {PICKLES} pickles")
                break
            if scan.opcodes < _FEWEST and not scan.globals:
                continue
            source = Source(data, place)
            self.pickles.append(
                inspect_pickle(scan, source, self.options, self.budget, extra=extra)
            )
            count += 1
        return count

    def _trailing(self, scans: Scans, source: Source, depth: int) -> None:
        """What follows the last pickle: something known, a damaged pickle, or anything."""
        data, at, place = source.data, scans.end, source.place
        rest = memoryview(data)[at:]
        after = f"{place}, " if place else ""
        if _is_torch(scans, data):
            self.notes.append(f"{len(rest)} bytes after the pickles are torch's own storages")
            return
        if codecs.detect(bytes(rest[:16]), read_only=True) is not None:
            self.read(rest, f"{after}data after byte {source.shift(at)}", depth + 1)
            return
        container = containers.container_of(rest)
        known = f", {container.name}" if container is not None else ""
        message = f"{_bytes(len(rest))} after the last pickle{known}"
        if scans.problem is not None and not any(rest[:64]):
            message += ", zeros at first"
        self.findings.append(Finding("trailing-data", WARNING, source.shift(at), message))
        if container is not None:
            self.read(rest, f"{after}data after byte {source.shift(at)}", depth + 1)
            return
        if scans.problem is not None and names_something(rest):
            seen = read_damaged(data, at, scans.problem)
            if seen is not None:
                told = [damage(scans.problem, source.shift)]
                self.pickles.append(
                    inspect_pickle(
                        seen, source, self.options, self.budget, extra=told, status=DAMAGED
                    )
                )
                return
        self._search(data, at, place)

    # --- joblib ---------------------------------------------------------------------------------

    def _note_arrays(self, arrays: tuple[tuple[int, int], ...], objects: int) -> None:
        size = sum(end - start for start, end in arrays)
        self._wrapped(("joblib",), "")
        of = f", {objects} of them of objects" if objects else ""
        self.notes.append(f"{len(arrays)} arrays{of}, {_bytes(size)}, stand between the opcodes")

    def _beside_arrays(
        self, data: Data, objects: tuple[tuple[int, int], ...], place: str, depth: int
    ) -> None:
        for start, end in objects:
            inner = f"array at byte {start}"
            inner = f"{place}, {inner}" if place else inner
            self.read(memoryview(data)[start:end], inner, depth + 1, expected=True)
        known = {g.ref for one in self.pickles for g in one.globals}
        self.findings += as_plain_pickle(data, known)


_BESIDE: Final = frozenset(["NDArrayWrapper", "ZNDArrayWrapper"])
_TORCH_MAGIC: Final = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."


def _is_torch(scans: Scans, data: Data) -> bool:
    """Whether these are torch's files before 1.6: a magic number, a protocol number, facts of the
    system, the object and the keys of its storages, each a pickle; then the storages.
    Source: torch/serialization.py, ``_legacy_save``.
    """
    return len(scans.pickles) >= 5 and bytes(data[: len(_TORCH_MAGIC)]) == _TORCH_MAGIC


def _bytes(count: int) -> str:
    return "1 byte" if count == 1 else f"{count:,} bytes"
