"""What every command does before its own work: standard output, settings, modules."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TextIO

from pickle_migrate import declared, project, resolver
from pickle_migrate.errors import RequestError
from pickle_migrate.findings import Problem
from pickle_migrate.policy import Policy, for_command
from pickle_migrate.refs import GlobalRef
from pickle_migrate.registry import DEFAULT, declaration_of

_FILES_LOOKED_AT, _MODULES_SHOWN = 5_000, 3
_NO_CLASS = (
    'Name the modules of your classes in the settings, as in modules = ["shop.*"], or with '
    "--import."
)


@contextlib.contextmanager
def standard_output() -> Iterator[TextIO]:
    """Standard output for us; whatever user code prints meanwhile goes to standard error."""
    out = sys.stdout
    reconfigure = getattr(out, "reconfigure", None)
    if reconfigure is not None:
        # A terminal that cannot show a character shows its escape, and nothing fails.
        reconfigure(errors="backslashreplace")
    with contextlib.redirect_stdout(sys.stderr):
        yield out


def prepare(
    settings_file: str | None,
    folders: Sequence[str],
    imports: Sequence[str],
    packs: Sequence[str] = (),
) -> None:
    """Take the settings, put folders of modules in front of ``sys.path``, take the rules of packs,
    and import the modules that were asked for. Raises SettingsError, PackError and RequestError.
    """
    if settings_file is not None:
        settings = project.read_settings(Path(settings_file))
    else:
        settings = project.find_settings()
    named = [str(Path(folder).resolve()) for folder in folders]
    # As ``python -m`` does, the working directory too.
    sys.path[:0] = [*named, *settings.path, str(Path.cwd())]
    resolver.use_settings(settings)
    if packs:
        from pickle_migrate.packs import using

        using.use_pack(*packs)
    for module in imports:
        _import(module)


def policy_for(
    allow: Sequence[str] = (), deny: Sequence[str] = (), *, trust: bool = False
) -> Policy:
    """Which globals the pickles of this command may name: what the settings say, and what is given
    besides. To be asked for when ``prepare`` has taken the settings. Raises RuleError.
    """
    chosen = resolver.settings()
    return for_command(
        (*chosen.allow, *allow),
        (*chosen.deny, *deny),
        chosen.presets,
        trust=trust,
        declared=declared.is_declared,
    )


def _import(module: str) -> None:
    try:
        resolver.import_ref(GlobalRef(module, "__name__"))  # every module has that
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        problem = Problem.of(error)
        remedy = problem.advice or "Correct that module; nothing was changed."
        if isinstance(error, ModuleNotFoundError):
            remedy = "If it is in another folder, name that with --path."
        raise RequestError(f"--import {module}: {problem.what.rstrip('.')}", remedy) from error


def import_migrations() -> None:
    """Import the modules of migrations that the settings name. Raises SettingsError."""
    try:
        resolver.import_migrations()
    except (Exception, KeyboardInterrupt):
        raise
    except BaseException as error:  # a module that calls sys.exit() ends nothing
        raise RequestError(f"a module of migrations raised {type(error).__name__}") from error


def import_code() -> None:
    """Import all that registers versioned classes and declares their steps: the modules that the
    settings name in ``modules`` and ``migrations``, and those that the classes name. To be called
    when ``prepare`` has taken the settings. Raises SettingsError and RequestError.
    """
    resolver.import_modules()
    import_migrations()
    for _, cls in DEFAULT.classes():
        resolver.import_migrations(declaration_of(cls).migrations)
    if not any(True for _ in DEFAULT.classes()):
        raise RequestError("no versioned class is registered", _where_they_may_be() + _NO_CLASS)


def _where_they_may_be() -> str:
    """The modules of the working directory that seem to declare versioned classes."""
    found: list[str] = []
    for number, path in enumerate(sorted(Path.cwd().rglob("*.py"))):
        parts = path.relative_to(Path.cwd()).with_suffix("").parts
        if number > _FILES_LOOKED_AT or len(found) == _MODULES_SHOWN:
            break
        if not all(part.isidentifier() for part in parts) or "tests" in parts:
            continue  # hidden folders and environments too
        with contextlib.suppress(OSError):
            if b"\n@versioned(" in path.read_bytes():
                found.append(".".join(part for part in parts if part != "__init__"))
    return f"There seem to be some in {', '.join(found)}. " if found else ""


def lock_path(given: str | None = None) -> Path:
    """The lock: the one that was named, else that of the settings. To be asked for when ``prepare``
    has taken them.
    """
    from pickle_migrate.lock import files

    return Path(given).absolute() if given else files.path_of(resolver.settings())
