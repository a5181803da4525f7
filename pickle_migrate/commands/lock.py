"""``pickle-migrate lock``: writes what code and archive say into the lock, and says what changed.

Exit codes: 0 the lock is up to date or was written, 1 a locked version changed or, with
``--check``, the lock is not up to date, 2 it could not run.
"""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import click

from pickle_migrate import cli_options, cli_start, report
from pickle_migrate.commands import lock_parts
from pickle_migrate.errors import PickleMigrateError, RefError, RequestError
from pickle_migrate.refs import GlobalRef
from pickle_migrate.screen import Screen

if TYPE_CHECKING:
    from pickle_migrate.lock.changes import ClassChange
    from pickle_migrate.lock.update import Update
    from pickle_migrate.lock.values import Lock

_NOT_CURRENT, _CANNOT_RUN = 1, 2
_ATTRIBUTES = "merge=union"


@attrs.frozen
class Request:
    """The options of ``lock``, as they were given."""

    check: bool
    accept: tuple[str, ...]
    forget: tuple[str, ...]
    as_json: bool
    lock_file: str | None
    imports: tuple[str, ...]
    folders: tuple[str, ...]
    settings: str | None


@click.command(short_help="Write the fields of every class and version into the lock.")
@click.option("--check", is_flag=True, help="Write nothing; say whether the lock is up to date.")
@click.option(
    "--accept",
    metavar="CLASS",
    multiple=True,
    help="Let the locked fields of this class change under the same version: 'shop.models:Order', "
    "or 'all'. May be repeated.",
)
@click.option(
    "--forget",
    metavar="CLASS",
    multiple=True,
    help="Take a class that is gone from the code out of the lock: its pickles are gone too. May "
    "be repeated.",
)
@cli_options.as_json
@cli_options.lock_file
@cli_options.imports
@cli_options.folders
@cli_options.settings
def lock(**options: Any) -> None:
    """Write the fields of every class and version into the lock.

    The lock is a TOML file beside the settings. It holds each versioned class with all versions
    that there ever were: fields, types, the shape of the state, fingerprint. Keep it in the
    repository: `pickle-migrate check` compares the code with it.

    The setting `modules` says where the classes are. The fields of a class that declares none are
    those that its pickles in the archive have. A version that is locked keeps its fields: where the
    code has others, nothing is written, and the exit code is 1. Raise the version of that class, or
    say --accept if no pickle of that version was ever kept.

    \b
    Examples:
      pickle-migrate lock
      pickle-migrate lock --check
      pickle-migrate lock --accept shop.models:Order

    Exit codes: 0 it is up to date or was written, 1 a locked version changed (or, with --check, it
    is not up to date), 2 it could not run.
    """
    request = Request(**options)
    with cli_start.standard_output() as out:
        code = _run(request, Screen(out, quiet=request.as_json))
    sys.exit(code)


def _run(request: Request, screen: Screen) -> int:
    from pickle_migrate.lock import update
    from pickle_migrate.lock.filled import filled

    try:
        project = lock_parts.project(
            request.settings, request.folders, request.imports, request.lock_file
        )
        path, before, today = project.path, project.lock, project.today
        accept = _accepted(request.accept, today)
        forget = _forgotten(request.forget, before, today)
        if accept is not None:
            accept = accept | filled(before, today)
        done = update.updated(before, today, accept, forget)
        status = _act(request, path, done)
    except PickleMigrateError as error:
        click.echo(f"Error: {report.escaped(str(error))}", err=True)
        return _CANNOT_RUN
    if request.as_json:
        screen.write(_document(path, status, done))
    else:
        screen.show(lock_parts.lines(_lines(path, status, done)))
    return 0 if status in ("current", "written") else _NOT_CURRENT


def _accepted(given: tuple[str, ...], today: Lock) -> set[GlobalRef] | None:
    if "all" in given:
        return None
    refs = {_ref("--accept", text) for text in given}
    for ref in refs:
        if today.of(ref) is None:
            raise RequestError(f"--accept {ref}: no such class is registered", _NAME)
    return refs


def _forgotten(given: tuple[str, ...], before: Lock, today: Lock) -> set[GlobalRef]:
    refs = {_ref("--forget", text) for text in given}
    for ref in refs:
        if today.of(ref) is not None:
            remedy = "Only what is gone from the code can be forgotten."
            raise RequestError(f"--forget {ref}: that class is registered", remedy)
        if before.of(ref) is None:
            raise RequestError(f"--forget {ref}: no such class is in the lock", _NAME)
    return refs


def _ref(option: str, text: str) -> GlobalRef:
    try:
        return GlobalRef.parse(text)
    except RefError as error:
        raise RequestError(f"{option} {text}: {error.what()}".rstrip("."), _NAME) from error


_NAME = "A class is named module:qualname, as `pickle-migrate heads` lists them."


def _act(request: Request, path: Path, done: Update) -> str:
    """Write the lock if that is to be. Gives what became of it."""
    from pickle_migrate.lock import files, toml_text

    if done.refused or done.behind:
        return "refused"
    text = toml_text.to_text(done.after).encode()
    there = files.read_bytes(path)
    if there is not None and there.replace(b"\r\n", b"\n") == text:
        return "current"
    if request.check:
        return "outdated"
    files.write_lock(path, done.after)
    return "written"


# --- showing ----------------------------------------------------------------------------------


def _lines(path: Path, status: str, done: Update) -> Iterator[str]:
    from pickle_migrate.lock import update

    for change in done.refused:
        yield from change.describe()
    for change in done.behind:
        yield f"{change.ref}: {_behind(change)}"
    if status != "refused":
        for change in done.changes:
            yield from change.describe()
    for old, new in update.likely_moves(done):
        yield f"{old} is gone and {new} is new. If it moved, say so, and lock again:"
        yield f'  Lineage("{new}").renamed_from("{old}")'
    yield from _closing(lock_parts.shown(path), status, done)


def _closing(path: str, status: str, done: Update) -> Iterator[str]:
    count = _counted(done.after)
    if status == "current":
        yield f"{path} is up to date: {count}."
    elif status == "written":
        yield f"{path} was written: {count}."
        if not done.before.classes and not _is_merged_by_lines(Path(path)):
            yield (
                "So that git merges it by lines, write this into .gitattributes: "
                f"{Path(path).name} {_ATTRIBUTES}"
            )
    elif status == "outdated":
        yield f"{path} is not up to date. Run `pickle-migrate lock` and commit the file."
    else:
        yield f"{path} was not written."
    if done.refused:
        refs = " ".join(f"--accept {one.ref}" for one in done.refused)
        yield "Raise the version of each class that changed: `pickle-migrate make` writes the step."
        yield f"If no pickle of that version was ever kept: pickle-migrate lock {refs}"


def _is_merged_by_lines(path: Path) -> bool:
    """Whether some .gitattributes says already how git merges the lock."""
    for folder in path.absolute().parents:
        with contextlib.suppress(OSError, UnicodeDecodeError):
            for line in (folder / ".gitattributes").read_text(encoding="utf-8").splitlines():
                if path.name in line and "merge=" in line:
                    return True
    return False


def _behind(change: ClassChange) -> str:
    before, after = change.before, change.after
    assert before is not None, "it is locked"
    assert after is not None, "it is in the code"
    return (
        f"the lock knows version {before.head.version}, the code is at {after.head.version}. Raise "
        "it again, or take back the lock too (git checkout)"
    )


def _counted(lock: Lock) -> str:
    classes, versions = len(lock.classes), sum(len(one.versions) for one in lock.classes)
    return (
        f"{classes} {'class' if classes == 1 else 'classes'}, "
        f"{versions} {'version' if versions == 1 else 'versions'}"
    )


def _document(path: Path, status: str, done: Update) -> str:
    content = {
        "lock": str(path),
        "status": status,
        "classes": len(done.after.classes),
        "versions": sum(len(one.versions) for one in done.after.classes),
        "changes": [lock_parts.change_data(one) for one in (*done.refused, *done.changes)],
        "behind": [str(one.ref) for one in done.behind],
        "gone": [str(one.ref) for one in done.gone],
        "forgotten": [str(one.ref) for one in done.forgotten],
    }
    return json.dumps(content, indent=1)
