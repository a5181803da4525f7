"""From a name in a pickle to a class: the one place where what a pickle names is imported."""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from pickle_migrate import entries, hooks, stamps
from pickle_migrate.errors import PickleMigrateError, SettingsError, UnknownClassError
from pickle_migrate.hooks import entry_of, take_wrapped
from pickle_migrate.project import Settings, find_settings
from pickle_migrate.refs import GlobalRef
from pickle_migrate.registry import DEFAULT, Registry, declaration_of
from pickle_migrate.stamps import StampedClass, StampText

_lock = threading.RLock()
_settings: Settings | None = None
_writes_older = False
_imported: set[str] = set()
#: Whether somebody looked by now if the settings name packs, which loading has to know first.
packs_asked = False
_Found = tuple[Registry, type, tuple[int, int], Callable[..., Any]]
_found: dict[tuple[int, str], _Found] = {}


# --- settings and migration modules -----------------------------------------------------------


def settings() -> Settings:
    """The settings in force; read from files when first asked for. Raises SettingsError."""
    with _lock:
        if _settings is None:
            use_settings(find_settings())
        assert _settings is not None
        return _settings


def use_settings(chosen: Settings | None) -> None:
    """Take these settings; None: look for them anew when they are next needed. Their renames go
    into the default registry, their migrations are imported when an old pickle turns up.
    """
    global _settings, _writes_older, packs_asked
    with _lock:
        packs_asked = chosen is not None
        # Only when all renames are taken: a wrong one is reported until it is corrected.
        _settings = None
        _imported.clear()
        for old, new in (chosen.renames if chosen else {}).items():
            try:
                DEFAULT.rename(old, new)
            except PickleMigrateError as error:
                source = chosen.source if chosen else ""
                raise SettingsError(
                    source, f"rename of {old!r}: {str(error).rstrip('.')}"
                ) from error
        if chosen is not None and chosen.packs:
            _use_packs(chosen)
        _settings = chosen
        if chosen is not None and (chosen.write or _writes_older):
            from pickle_migrate.downgrades import asking  # few programs pay for it

            asking.ask_always(chosen.write)
            _writes_older = bool(chosen.write)
        hooks.settings_are_known(chosen is not None)


def ask_for_packs() -> None:
    """Take the settings if they name packs: these are needed before a pickle is read. Settings that
    cannot be read are reported when they are needed for a name.
    """
    global packs_asked
    with _lock:
        if packs_asked:
            return
        packs_asked = True
        try:
            found = find_settings() if _settings is None else None
        except SettingsError:
            return
        if found is not None and found.packs:
            use_settings(found)


def _use_packs(chosen: Settings) -> None:
    from pickle_migrate.errors import PackError

    using: Any = importlib.import_module("pickle_migrate.packs.using")  # it imports this module
    try:
        using.use_pack(*chosen.packs)
    except PackError as error:
        raise SettingsError(chosen.source, f"packs: {str(error).rstrip('.')}") from error


def entry_points(group: str) -> dict[str, str]:
    """What installed distributions offer under a group: name to "module:attribute". Imports none
    of it.
    """
    from importlib.metadata import entry_points as installed

    return {point.name: point.value for point in installed(group=group)}


def installed_versions(packages: Iterable[str]) -> dict[str, str]:
    """The installed distributions that these top-level packages come from, with their versions. The
    modules of Python itself and of the project have none. Imports none of them.
    """
    from importlib.metadata import packages_distributions, version

    wanted = [name for name in packages if name not in sys.stdlib_module_names]
    known = packages_distributions() if wanted else {}
    named = {one for name in wanted for one in known.get(name, ())}
    return {name: version(name) for name in sorted(named)}


def import_migrations(modules: Iterable[str] = ()) -> None:
    """Import the modules of migrations that the settings and a class name, each once.

    Runs their code. Raises SettingsError, which names the module, when one cannot be imported.
    """
    # No lock is held while user code is imported: a module that loads a pickle as it is imported by
    # another thread would wait for the lock, and this thread for the module. Python's own locks see
    # to it that each is run once and that the others wait for its end.
    for module in (*settings().migrations, *modules):
        if module in _imported:
            continue
        try:
            importlib.import_module(module)
        except PickleMigrateError:  # a wrong declaration says where it stands
            raise
        except Exception as error:
            reason = str(error) if isinstance(error, ImportError) else f"{error!r}"
            source = settings().source if module in settings().migrations else "versioned()"
            problem = f"the module of migrations {module!r} cannot be imported: {reason}"
            raise SettingsError(source, problem) from error
        _imported.add(module)


def import_modules(patterns: Iterable[str] = ()) -> tuple[str, ...]:
    """Import the modules that register versioned classes: those that the setting ``modules`` names,
    and these. ``shop.*`` is the package ``shop`` with all that stands below it, except for
    ``__main__``. Gives their names in the order of their import.

    Runs their code. Raises SettingsError, which names the module, when one cannot be imported.
    """
    names: dict[str, None] = {}
    for pattern in (*settings().modules, *patterns):
        for name in _below(pattern):
            _import_named(name)
            names[name] = None
    return tuple(names)


def _below(pattern: str) -> Iterator[str]:
    name = pattern.removesuffix(".*")
    yield name
    if name == pattern:
        return
    import pkgutil

    for found in pkgutil.iter_modules(getattr(sys.modules.get(name), "__path__", ())):
        if found.name != "__main__":
            yield from _below(f"{name}.{found.name}.*" if found.ispkg else f"{name}.{found.name}")


def _import_named(module: str) -> None:
    try:
        importlib.import_module(module)
    except (PickleMigrateError, KeyboardInterrupt):  # a wrong declaration says where it stands
        raise
    except BaseException as error:  # also one that calls sys.exit()
        reason = str(error) if isinstance(error, ImportError) else f"{error!r}"
        source = settings().source or "settings"
        raise SettingsError(
            source, f"the module {module!r} cannot be imported: {reason}"
        ) from error


# --- classes ----------------------------------------------------------------------------------


def import_ref(ref: GlobalRef) -> Any:
    """Import what a ref names. Runs the module's code. Raises ImportError or AttributeError when it
    is not there; another error of the module's own code passes.
    """
    found: Any = importlib.import_module(ref.module)
    for name in ref.qualname.split("."):
        found = getattr(found, name)
    return found


def import_parts(ref: GlobalRef, names: Iterable[str]) -> list[Any]:
    """Import the module of a ref, and walk from it by these names. Gives the module, and what each
    name leads to. Raises as ``import_ref``.
    """
    found = [importlib.import_module(ref.module)]
    for name in names:
        found.append(getattr(found[-1], name))
    return found


MayImport = Callable[[GlobalRef], bool]


def _anything(ref: GlobalRef) -> bool:
    return True


def find_stamp(
    text: str, registry: Registry = DEFAULT, may_import: MayImport = _anything
) -> Callable[..., Any]:
    """The callable for a stamp: it makes the newborn object that BUILD then gives its state.

    Imports the class's module if need be, and modules of migrations if the stamp is not current.
    A name that ``may_import`` says no to is not imported; it is taken for one that is not there.
    Raises StampError, UnknownClassError, and all that stands in the way of the route.
    """
    key = (id(registry), text)
    known = _found.get(key)
    if known is not None and _holds(known, registry):
        return known[3]
    written = StampText.decode(text)
    cls = _class_of(text, written, registry, may_import)
    # Asked before the route is found: what another thread declares meanwhile outdates it.
    generations = _generations(registry, cls)
    found = entry_of(cls).newborn(text, written)
    _found[key] = (registry, cls, generations, found)
    return found


def class_of_stamp(text: str, registry: Registry = DEFAULT) -> type | None:
    """The class that ``find_stamp`` found for a stamp before; None if it was not asked."""
    known = _found.get((id(registry), text))
    return None if known is None else known[1]


def _holds(known: _Found, registry: Registry) -> bool:
    asked, cls, generations, _ = known
    return asked is registry and generations == _generations(registry, cls) and _is_in_place(cls)


def _generations(registry: Registry, cls: type) -> tuple[int, int]:
    # Renames are the registry's that was asked, steps are those of the class's own.
    return registry.generation, declaration_of(cls).registry.generation


def _is_in_place(cls: type) -> bool:
    # A module may be put back into sys.modules, or a class into its module, without a declaration.
    found: Any = sys.modules.get(cls.__module__)
    for name in cls.__qualname__.split("."):
        found = getattr(found, name, None)
    return found is cls


def _class_of(text: str, written: StampText, registry: Registry, may_import: MayImport) -> type:
    head = written.head
    cls = _class_at(head.ref, registry, may_import)
    modules: tuple[str, ...] = ()
    if cls is not None and _has_entry(cls):
        if entry_of(cls).stamp.text == text:
            return cls
        modules = declaration_of(cls).migrations
    # Not a current stamp: now the declarations count, wherever they stand.
    import_migrations(modules)
    ref = registry.current_ref(head.ref, head.version or None, head.fingerprint)
    cls = _class_at(ref, registry, may_import)
    if cls is None:
        raise _unknown(head, ref, "no such class can be imported")
    if not _has_entry(cls):
        raise _unknown(head, ref, "that class is not registered with @versioned")
    return cls


def _class_at(ref: GlobalRef, registry: Registry, may_import: MayImport) -> type | None:
    found = _imported_class(ref) if may_import(ref) else None
    return found or registry.class_at(ref)


def _unknown(head: StampedClass, ref: GlobalRef, reason: str) -> UnknownClassError:
    renamed = "" if ref == head.ref else f" (renamed to {ref})"
    return UnknownClassError(str(head.ref), head.version, f"{reason}{renamed}")


def _has_entry(cls: type) -> bool:
    try:
        entry_of(cls)
    except KeyError:
        return False
    return True


def _imported_class(ref: GlobalRef) -> type | None:
    try:
        found: Any = importlib.import_module(ref.module)
    except ModuleNotFoundError as error:
        # The module itself or a package of it; a module that it imports in vain is another matter.
        if error.name is None or not f"{ref.module}.".startswith(f"{error.name}."):
            raise
        return None
    for name in ref.qualname.split("."):
        found = getattr(found, name, None)
    return found if isinstance(found, type) else None


def prepare_class(written: StampText, may_import: MayImport = _anything) -> None:
    """Make the class of a by-value pickle ready for its wrapped states: a script's class that can
    be imported today, or that the reading script imported under the same name, has no hook.
    """
    head = written.head
    ref = DEFAULT.current_ref(head.ref, head.version or None, head.fingerprint)
    for cls in {_imported_class(r) for r in (head.ref, ref) if may_import(r)}:
        if cls is not None and _has_entry(cls):
            take_wrapped(cls)


stamps.find_with(find_stamp, prepare_class)
entries.import_migrations_with(import_migrations)
entries.import_classes_with(_imported_class)
hooks.read_settings_with(settings)
