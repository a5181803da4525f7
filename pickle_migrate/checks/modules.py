"""Importing what registers the classes, as the command ``lock`` does it: the modules of the
settings, and those of migrations that settings and classes name. Runs their code.
"""

from __future__ import annotations

import contextlib

from pickle_migrate import resolver
from pickle_migrate.checks import places
from pickle_migrate.checks.rules import MODULE
from pickle_migrate.checks.values import COULD_NOT_RUN, CheckFinding
from pickle_migrate.findings import Problem
from pickle_migrate.lock.values import Lock
from pickle_migrate.project import Settings
from pickle_migrate.refs import GlobalRef
from pickle_migrate.registry import DEFAULT, declaration_of


def import_code(settings: Settings) -> CheckFinding | None:
    """Import all that registers classes and declares steps. What cannot be imported is a finding:
    without it, nothing that a check says of the classes would mean anything.
    """
    try:
        resolver.import_modules()
        resolver.import_migrations()
        for _, cls in DEFAULT.classes():
            resolver.import_migrations(declaration_of(cls).migrations)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a module that calls sys.exit() ends nothing
        problem = Problem.of(error, "importing the modules of the settings")
        advice = problem.advice or (
            "Correct that module, or the settings modules and migrations; path names folders to "
            "look in."
        )
        source = places.shown(settings.source) if settings.source else ""
        return CheckFinding(
            MODULE, COULD_NOT_RUN, source or "settings", problem.what, advice, source
        )
    return None


def import_locked(lock: Lock) -> None:
    """Import the modules of the classes in a lock, for a project that names no modules. A class
    that is not there is found gone by its check.
    """
    for module in dict.fromkeys(one.ref.module for one in lock.classes):
        with contextlib.suppress(Exception, SystemExit):
            resolver.import_ref(GlobalRef(module, "__name__"))  # every module has that
