"""Taking pickles into the archive: bytes, with what wrote them and the state they must give.

A pickle that is taken in is scanned, asked of the policy, loaded with today's code, and written
beside its record. An archived pickle is never overwritten, and its expected state stays as it was
first taken: ``accept`` changes it, on request.

Files are written by ``store``: whole or not at all, the pickle before its record. So after a kill
there may be a pickle without a record, which a check finds; archiving it again writes the record.
"""

from __future__ import annotations

import hashlib
import platform
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import attrs

from pickle_migrate import codecs, resolver, scanner, signatures, stamps, store
from pickle_migrate.archive import loads, noting, records
from pickle_migrate.archive.folder import archive_of, read_text
from pickle_migrate.archive.state_text import Writer
from pickle_migrate.archive.values import Place, Provenance, Record
from pickle_migrate.errors import ArchiveError, FileError, PickleMigrateError
from pickle_migrate.findings import PicklePlan, Problem
from pickle_migrate.planner import Planner
from pickle_migrate.policy import Policy
from pickle_migrate.refs import GlobalRef
from pickle_migrate.scanner import Scan
from pickle_migrate.stamps import StampText

ARCHIVED: Final = "archived"
SAME: Final = "same"
ACCEPTED: Final = "accepted"
KEPT: Final = "kept"
#: How the folder says to git that pickles are no text.
ATTRIBUTES: Final = "*.pickle binary\n*.pkl binary\n"


@attrs.frozen
class Frozen:
    """What became of one file: ``outcome`` is "archived" (it, or its record, is new) or "same" (it
    was archived before, and nothing was written).
    """

    record: Record
    outcome: str


@attrs.frozen
class Accepted:
    """What became of one expected state: ``outcome`` is "accepted" (another state was expected, and
    this one is now), or "kept" (it was the right one). ``lines``: the difference.
    """

    record: Record
    outcome: str
    lines: tuple[str, ...] = ()


def freeze(
    data: bytes,
    name: str,
    root: Path,
    provenance: Provenance,
    *,
    encoding: str = "ASCII",
    policy: Policy | None = None,
    write: bool = True,
) -> Frozen:
    """Put a file's bytes into the archive ``root`` under ``name``, a path with slashes, with the
    state that a load gives now.

    Loading imports and runs what the pickles name; ``policy`` says what they may name. Raises
    ArchiveError: it is no pickle that can be archived, it does not load, or there is another pickle
    of that name. Where the same bytes have a record already, that one stays as it is.
    """
    record = recorded(data, root / name, root, provenance, encoding=encoding, policy=policy)
    return _written(record, data) if write else Frozen(record, ARCHIVED)


def recorded(
    data: bytes,
    path: Path,
    root: Path,
    provenance: Provenance,
    *,
    encoding: str = "ASCII",
    policy: Policy | None = None,
) -> Record:
    """The record for a file's bytes, which is not written. As ``freeze``."""
    plans, scans = _plans(data, path, policy)
    refs: dict[tuple[str, str], None] = {}
    try:
        objects = noting.load_all(data, encoding, refs, policy)
    except (KeyboardInterrupt, MemoryError, GeneratorExit):
        raise
    except BaseException as error:
        raise _does_not_load(path, Problem.of(error, "loading")) from error
    if provenance.protocol is None:
        provenance = attrs.evolve(provenance, protocol=plans[0].protocol)
    return Record(
        str(path),
        hashlib.sha256(data).hexdigest(),
        provenance,
        _classes(plans, scans),
        encoding,
        Writer().text(objects),
        (),
        root,
    )


def _does_not_load(path: Path, problem: Problem) -> ArchiveError:
    what = problem.what.rstrip(".")
    remedy = (
        f"{problem.advice} A pickle is archived with the state that it must give, so it has to "
        "load: declare what has changed, and archive it then."
    )
    return ArchiveError(str(path), f"it does not load with today's code: {what}", remedy.strip())


def record_in_places(
    data: bytes, path: Path, root: Path, provenance: Provenance, places: tuple[Place, ...]
) -> Record:
    """The record for a pickle whose expected states are written by hand in other files of the
    archive. Nothing is loaded or written; modules of classes are imported. Raises ArchiveError.
    """
    plans, scans = _plans(data, path, None)
    if provenance.protocol is None:
        provenance = attrs.evolve(provenance, protocol=plans[0].protocol)
    digest = hashlib.sha256(data).hexdigest()
    classes = _classes(plans, scans)
    return Record(str(path), digest, provenance, classes, expected_in=places, root=root)


# --- what is in it ----------------------------------------------------------------------------


def _plans(
    data: bytes, path: Path, policy: Policy | None
) -> tuple[list[PicklePlan], Sequence[Scan]]:
    try:
        payload = codecs.unwrap(data).payload
        found = signatures.recognise(payload)
        if found:
            raise ArchiveError(str(path), f"it is no pickle but {found}", _NO_PICKLE)
        scans = scanner.scan_all(payload)
    except ArchiveError:
        raise
    except PickleMigrateError as error:
        problem = f"it is no pickle that can be archived: {error.what().rstrip('.')}"
        raise ArchiveError(str(path), problem, error.advice() or _NO_PICKLE) from error
    if scans.trailing:
        problem = f"{scans.trailing} bytes after its last pickle are no pickle"
        raise ArchiveError(str(path), problem, "Archive the pickles without what follows them.")
    planner = Planner(resolver.import_ref, resolver.import_migrations, policy=policy)
    plans = []
    for scan in scans.pickles:
        if scan.persistent_ids or scan.buffers:
            raise _needs_its_program(path, "persistent ids" if scan.persistent_ids else "buffers")
        plan = planner.plan(scan)
        for told in plan.problems:
            if told.error == "PolicyError":
                raise _refused(path, told)
        plans.append(plan)
    return plans, scans.pickles


_NO_PICKLE: Final = "Archive files that hold pickles, also compressed by gzip, bzip2 or xz."


def _needs_its_program(path: Path, what: str) -> ArchiveError:
    return ArchiveError(
        str(path),
        f"it refers to {what} outside of it, which only the program that wrote it can supply",
        "Archive the objects instead: let that program pickle them without.",
    )


def _refused(path: Path, problem: Problem) -> ArchiveError:
    remedy = "If you know where it comes from, --allow the name, or --trust the file."
    return ArchiveError(str(path), problem.what.rstrip("."), remedy)


def _classes(plans: list[PicklePlan], scans: Sequence[Scan]) -> tuple[str, ...]:
    """The versioned classes with the versions that the pickles say, each once, in order."""
    found: dict[str, None] = {}
    for plan, scan in zip(plans, scans, strict=True):
        unstamped = {one.ref for one in plan.classes if one.current is not None and not one.stamped}
        for named in scan.globals:
            ref = named.ref
            if ref.module == stamps.MODULE and stamps.looks_like_stamp(ref.qualname):
                for part in StampText.decode(ref.qualname).classes:
                    found[f"{part.ref}@{part.version or '?'}"] = None
            elif str(ref) in unstamped and not _MAKES_OBJECTS.isdisjoint(named.uses):
                found[f"{ref}@?"] = None
    return tuple(found)


_MAKES_OBJECTS: Final = {"instantiated", "called"}


# --- writing ----------------------------------------------------------------------------------


def _written(record: Record, data: bytes) -> Frozen:
    path = record.path
    there = _record_there(record)
    try:
        store.create(path, data)
    except FileError as error:
        if "already" not in error.problem:
            raise ArchiveError(str(path), error.problem, error.remedy) from error
        problem = "another pickle of this name is archived, and is never overwritten"
        remedy = "Archive this one under another name, or in another folder: --into."
        raise ArchiveError(str(path), problem, remedy) from error
    if there is not None and there.sha256 == record.sha256:
        return Frozen(there, SAME)
    try:
        store.create(record.record_path, records.record_text(record).encode())
    except FileError as error:
        raise ArchiveError(error.path, error.problem, error.remedy) from error
    return Frozen(record, ARCHIVED)


def _record_there(record: Record) -> Record | None:
    """The record that is there already, if it can be read."""
    try:
        return records.parse(read_text(str(record.record_path)), record.file, record.root)
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        problem = f"the record that is there cannot be read: {error}"
        raise ArchiveError(
            str(record.record_path), problem, "Put it back, or delete it."
        ) from error


# --- expected states --------------------------------------------------------------------------

_EXPECTED: Final = re.compile(r"^expected:(?:[^\n]*\n)(?:(?:[ \-#][^\n]*)?\n)*", re.MULTILINE)


def accept(record: Record, *, write: bool = True) -> Accepted:
    """Expect from now on the state that a load of an archived pickle gives now. In the record the
    expected state alone is written anew, all else stays byte for byte.

    Imports and runs what the pickle names. Raises ArchiveError: its bytes are not those that were
    archived, it does not load, or its state is written by hand in another file.
    """
    loaded = loads.load_record(record)
    if loaded.sha256 and not loaded.is_intact:
        problem = "its bytes are not those that were archived"
        raise ArchiveError(record.file, problem, "Put it back: git checkout, or from a backup.")
    if loaded.problem is not None:
        raise _does_not_load(record.path, loaded.problem)
    lines = tuple(loads.compare(loaded))
    if not lines:
        return Accepted(record, KEPT)
    if record.expected_in:
        places = ", ".join(str(one) for one in record.expected_in[:3])
        remedy = f"Correct it there by hand: {places}."
        raise ArchiveError(record.file, "its expected state stands in another file", remedy)
    new = attrs.evolve(record, expected_text=Writer().text(loaded.objects))
    if write:
        _rewrite(new)
    return Accepted(new, ACCEPTED, lines)


def _rewrite(record: Record) -> None:
    snapshot = store.read(record.record_path)
    text = snapshot.data.decode("utf-8")
    end = "\r\n" if "\r\n" in text else "\n"
    part = f"expected:{record.expected_text}\n"
    plain = text.replace("\r\n", "\n")
    if not plain.endswith("\n"):
        plain += "\n"
    written, count = _EXPECTED.subn(lambda _: part, plain, count=1)
    if count != 1:
        problem = "the key 'expected' does not stand at the start of a line"
        raise ArchiveError(str(record.record_path), problem, "Write it as `archive` writes it.")
    data = written.replace("\n", end).encode()
    done = store.replace(snapshot, data, backup=False, break_hard_links=True)
    if done.outcome != "ok":
        problem = "the record was changed by others meanwhile"
        raise ArchiveError(str(record.record_path), problem, "Try again.")


# --- from Python ------------------------------------------------------------------------------


def add(
    obj: Any,
    name: str,
    *,
    folder: Path | str | None = None,
    protocol: int | None = None,
    release: str = "",
    writer: str = "",
    libraries: Mapping[str, str] | None = None,
) -> Record:
    """Pickle an object as today's code does, and put it into the archive as ``name``.

    ``folder``: the archive; None: that of the settings. ``libraries``: names and versions to note;
    None: those of the installed packages that the pickle names. The pickle is loaded once, and the
    state that it gives is what it must give from now on. Gives the record. Where the same pickle is
    archived already, nothing is written. Raises ArchiveError, and what pickling raises.
    """
    from pickle_migrate import dumper

    data = dumper.dumps(obj, protocol)
    root = Path(folder) if folder is not None else archive_of(resolver.settings())
    if libraries is None:
        scan = scanner.scan(data)
        libraries = installed_for(named.ref for named in scan.globals)
    said = Provenance(release, platform.python_version(), None, libraries, writer)
    return freeze(data, _with_suffix(name), root, said).record


def _with_suffix(name: str) -> str:
    return name if name.endswith((".pickle", ".pkl")) else f"{name}.pickle"


def installed_for(refs: Iterable[GlobalRef]) -> dict[str, str]:
    """The installed packages that these names belong to, with their versions; Python's own modules
    and modules that were not installed have none.
    """
    tops = {ref.module.partition(".")[0] for ref in refs} - {"pickle_migrate"}
    return resolver.installed_versions(sorted(tops))
