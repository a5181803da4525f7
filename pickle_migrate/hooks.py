"""What registration puts on a class, so that pickle's own code finds its way to us.

``__reduce_ex__`` also stamps subclasses that nobody registered: copyreg matches the exact type
only. ``__setstate__`` stands on a class only where it is needed: to migrate unstamped pickles, or
because pickle's C code cannot give the state back by itself. A class's own methods are kept and
called.
"""

from __future__ import annotations

import copyreg
import sys
import threading
from collections.abc import Callable
from typing import Any

import attrs

from pickle_migrate import depth
from pickle_migrate.entries import Entry, can_be_fast, make_entry
from pickle_migrate.errors import StateError
from pickle_migrate.newborns import awaited
from pickle_migrate.readers import Restorer, is_wrapped
from pickle_migrate.refs import GlobalRef
from pickle_migrate.registry import Declaration, declaration_of, registered_in_mro
from pickle_migrate.shapes import MARK, Shape, own_methods, put_fields, shape_of
from pickle_migrate.writers import PROTOCOL, Reducer, stamped

_entries: dict[type, Entry] = {}
_lock = threading.RLock()
_watch: Callable[[Entry], Reducer] | None = None
_watched: dict[type, Reducer] = {}
_ask: Callable[[Entry], Reducer] | None = None
_settings_are_known = False
_carrying: dict[type, Entry] = {}


def install(cls: type, declaration: Declaration) -> None:
    """Put the declaration and the hooks on a class, and its reducer into copyreg."""
    with _lock:
        shape = shape_of(cls)
        hooks: dict[str, Any] = {"__reduce_ex__": reduce_ex}
        if _needs_setstate(cls, shape, declaration):
            fast = can_be_fast(cls, shape)
            hooks["__setstate__"] = _setstate_for(cls, declaration) if fast else setstate
            if shape.kind.only_dict and not own_methods(cls, "__copy__"):
                hooks["__copy__"] = shallow_copy
        # A class that another decorator copied (slots=True) carries the hooks already.
        before = vars(cls).get(MARK)
        own = dict(before.originals) if before is not None else {}
        for name in hooks:
            method = vars(cls).get(name)
            if method is not None and getattr(method, "__module__", None) != __name__:
                own[name] = method
        declaration = attrs.evolve(declaration, hooked=frozenset(hooks), originals=own)
        setattr(cls, MARK, declaration)
        for name, hook in hooks.items():
            setattr(cls, name, hook)
        declaration.registry.add_class(cls, declaration)
        _enter(cls)
        # Subclasses that were met before their base was registered: the base is in their stamps.
        for known in [k for k in _entries if k is not cls and cls in k.__mro__]:
            install(known, declaration_of(known))


def _needs_setstate(cls: type, shape: Shape, declaration: Declaration) -> bool:
    if shape.kind.build in ("enum", "namedtuple"):
        return False
    unstamped = declaration.unstamped
    older = unstamped is not None and unstamped < declaration.version
    # Pickles without a stamp are put field by field, whatever version they count as.
    older = older or (declaration.fill and (unstamped is not None or declaration.version == 1))
    return older or not can_be_fast(cls, shape) or _is_hooked(cls)


def _is_hooked(cls: type) -> bool:
    marked = [k for k in cls.__mro__ if MARK in vars(k)]
    return any("__setstate__" in declaration_of(k).hooked for k in marked)


def take_wrapped(cls: type) -> None:
    """Put ``setstate`` on a class that works without it, for pickles in which a class of a script
    or of a function was written: those hold wrapped states. All else stays as it was.
    """
    with _lock:
        declaration = declaration_of(cls)
        if "__setstate__" not in declaration.hooked:
            hooked = declaration.hooked | {"__setstate__"}
            setattr(cls, MARK, attrs.evolve(declaration, hooked=hooked))
            cls.__setstate__ = setstate  # type: ignore[attr-defined]


def watch_reducers(watch: Callable[[Entry], Reducer] | None) -> None:
    """Let ``watch`` give the reducer of every versioned class, those to come included, from the
    entry that holds the class's own, which it must call; None: the own ones again. For a run that
    takes samples; nothing is slower without one.
    """
    global _watch
    with _lock:
        for cls in _watched.keys() & _entries.keys():
            _put_reducer(_entries[cls], _watched[cls])
        _watched.clear()
        _watch = watch
        for entry in list(_entries.values()):
            _let_watch(entry)


def _let_watch(entry: Entry) -> None:
    if _watch is not None and entry.declaration.version:
        _watched[entry.cls] = entry.reduce
        _put_reducer(entry, _watch(entry))


def _put_reducer(entry: Entry, reduce: Reducer) -> None:
    entry.reduce = reduce
    _place(entry)


def ask_reducers(ask: Callable[[Entry], Reducer] | None) -> None:
    """Let ``ask`` give what pickle is given for every versioned class, those to come included, from
    the entry that holds the class's own reducer; None: the own ones again. For who writes older
    versions; nothing is slower without.
    """
    global _ask
    with _lock:
        _ask = ask
        for entry in list(_entries.values()):
            _place(entry)


def settings_are_known(known: bool) -> None:
    """Say that the settings, which may ask for older versions, were read, or are to be read anew
    when the next object is dumped. The resolver does.
    """
    global _settings_are_known
    with _lock:
        _settings_are_known = known
        for entry in list(_entries.values()):
            _place(entry)


def read_settings_with(function: Callable[[], object]) -> None:
    """Say who reads the settings. The resolver does."""
    global _read_settings
    _read_settings = function


def _read_with_the_resolver() -> object:
    # The package imports the resolver, which says so above, when it is first asked for a name.
    assert callable(sys.modules["pickle_migrate"].loads)
    return _read_settings()


_read_settings: Callable[[], object] = _read_with_the_resolver


def know_settings() -> None:
    """Read the settings if nobody did by now. Raises SettingsError."""
    if not _settings_are_known:
        _read_settings()


def carry_asides(cls: type) -> None:
    """Make a class's reducer write what is kept beside objects. Once for each class is enough."""
    from pickle_migrate.filling.carrying import carrying

    with _lock:
        entry = entry_of(cls)
        if _carrying.get(cls) is not entry:
            _carrying[cls] = entry
            own = carrying(entry, _watched.get(cls, entry.reduce))
            entry.reduce = own
            if cls in _watched and _watch is not None:
                _watched[cls], own = own, _watch(entry)
            _put_reducer(entry, own)


def _place(entry: Entry) -> None:
    # Pickle asks copyreg, and the class's __reduce_ex__ asks the entry.
    before = entry.write
    if _ask is not None:
        entry.write = _ask(entry)
    else:
        entry.write = entry.reduce if _settings_are_known else _reading_settings(entry)
    table, cls = copyreg.dispatch_table, entry.cls
    # A reducer that the application gave an unregistered subclass stays.
    if entry.declaration.version or table.get(cls, before) is before:
        copyreg.pickle(cls, entry.write)


def _reading_settings(entry: Entry) -> Reducer:
    """For the first object only: the settings may say which version to write."""

    def write(obj: Any) -> Any:
        know_settings()
        return (entry.reduce if entry.write is write else entry.write)(obj)

    return write


def _enter(cls: type) -> Entry:
    entry, previous = make_entry(cls, hooked=_is_hooked(cls)), _entries.get(cls)
    if previous is not None and copyreg.dispatch_table.get(cls) is previous.write:
        del copyreg.dispatch_table[cls]
    _entries[cls] = entry
    _place(entry)
    if entry.declaration.fill:
        from pickle_migrate.filling import asides

        asides.when_first_kept(carry_asides)
    if cls in _carrying:
        _watched.pop(cls, None)
        carry_asides(cls)
    _let_watch(entry)
    return entry


def entries() -> list[Entry]:
    """The entries of all classes that were met, in that order."""
    with _lock:
        return list(_entries.values())


def entry_of(cls: type) -> Entry:
    """The entry of a class that is versioned, or has a base that is. Raises KeyError if neither.

    A class that carries a declaration but was never entered was rebuilt: by cloudpickle, or by a
    decorator that makes a new class. A subclass that nobody registered is entered with version 0.
    """
    found = _entries.get(cls)
    if found is not None:
        return found
    with _lock:
        if cls not in _entries:
            declaration = vars(cls).get(MARK)
            if declaration is None:
                base = registered_in_mro(cls)
                if not base:
                    raise KeyError(cls)
                head = declaration_of(base[0])
                declaration = Declaration(0, None, (), head.registry)
                if head.fill:
                    from pickle_migrate.filling.declaring import fingerprint_to_fill

                    declaration = attrs.evolve(declaration, fingerprint=fingerprint_to_fill(cls))
            install(cls, declaration)
        return _entries[cls]


# --- the hooks --------------------------------------------------------------------------------


def reduce_ex(self: Any, protocol: Any) -> Any:
    """Reduce by the class's entry; where a class's own method calls ``super()``, go on there."""
    level = depth.reducing.get(id(self))
    if level is None:
        if getattr(type(self), "__reduce_ex__") is reduce_ex:  # noqa: B009
            return entry_of(type(self)).write(self)
        return _reduce_for_subclass(self)
    originals = own_methods(type(self), "__reduce_ex__")
    if level >= len(originals):
        return object.__reduce_ex__(self, protocol)
    with depth.inside(depth.reducing, self, level + 1):
        return originals[level](self, protocol)


def _reduce_for_subclass(self: Any) -> Any:
    # An unregistered subclass's own __reduce_ex__ was called first, by pickle, and called super().
    # It gets a tuple of the usual form, whose state it may change; only its first element is ours.
    entry = entry_of(type(self))
    with depth.inside(depth.reducing, self, 1):
        reduced = reduce_ex(self, PROTOCOL)
    written = attrs.evolve(entry.stamp.written, wrapped=False, whole=False)
    made = stamped(reduced, entry.cls, entry.newborn(written.encode(), written))
    take_back = getattr(entry.write, "take_back", None)
    return made if take_back is None else take_back(made)


def shallow_copy(self: Any) -> Any:
    """As ``copy.copy`` does it, but with a dict of its own: a newborn of the fast form makes the
    dict that it is given its ``__dict__``, and the original's must not be shared.
    """
    reduced = entry_of(type(self)).reduce(self)
    if isinstance(reduced, str):
        return self
    make, args, state, items, pairs = (*reduced, None, None)[:5]
    twin = make(*args)
    twin.__setstate__(dict(state) if type(state) is dict else state)
    if items is not None:
        twin.extend(items)
    for key, value in pairs or ():
        twin[key] = value
    return twin


def setstate(self: Any, state: Any) -> None:
    """Take what BUILD hands over: a pair of stamp and state, or an unstamped pickle's state."""
    entry = _entries.get(type(self)) or entry_of(type(self))
    if type(state) is dict and entry.fast and not entry.hooked:
        self.__dict__.update(state)  # as pickle's C code does without a hook
    elif type(state) is dict and entry.fast:
        # A stamped object of such a class carries its own __setstate__: this one is unstamped.
        entry.restorer(None, None).restore_raw(self, state)
    elif is_wrapped(state):
        restorer = entry.restorer(state[0].text, state[0].written)
        with depth.inside(depth.restoring, self, 1):
            restorer.restore_wrapped(self, state)
    else:
        _restore_unstamped(self, state, entry)


def _setstate_for(cls: type, declaration: Declaration) -> Callable[[Any, Any], None]:
    """``setstate`` for one class whose whole state is its ``__dict__``.

    The first unstamped pickle makes a function for states with its very fields. That function takes
    this one's place on the class, and passes on all that is not of its kind.
    """
    registry = declaration.registry

    def __setstate__(self: Any, state: Any) -> None:  # noqa: N807 - its name on the class
        setstate(self, state)
        if type(self) is cls and type(state) is dict:
            generation = registry.generation
            made = (
                entry_of(cls)
                .restorer(None, None)
                .setstate_for(
                    tuple(state),
                    __setstate__,
                    "type(self) is cls and registry.generation == generation",
                    cls=cls,
                    registry=registry,
                    generation=generation,
                )
            )
            if made is not None and generation == registry.generation:
                made.__module__ = __name__
                setattr(cls, "__setstate__", made)  # noqa: B010

    return __setstate__


def _restore_unstamped(self: Any, state: Any, entry: Entry) -> None:
    level = depth.restoring.get(id(self))
    if level is None:
        restorer = awaited(self) or _unstamped(entry)
        with depth.inside(depth.restoring, self, 1):
            restorer.restore_raw(self, state)
        return
    # A class's own __setstate__ called super().__setstate__: the state is migrated already.
    originals = own_methods(type(self), "__setstate__")
    if level >= len(originals):
        put_fields(entry.cls, entry.shape.kind)(self, state)
        return
    with depth.inside(depth.restoring, self, level + 1):
        originals[level](self, state)


def _unstamped(entry: Entry) -> Restorer:
    restorer = entry.restorer(None, None)
    kind = entry.shape.kind
    if entry.declaration.version == 0 and kind.python_reduce and restorer.route.steps:
        # Its own __reduce__ writes no stamp, so an old pickle and a new one look alike.
        ref = GlobalRef.of(entry.cls)
        raise StateError(
            str(ref),
            0,
            "the class is not registered, reduces itself, and inherits from a versioned class, so "
            "its pickles carry no version",
            f"Register it too: @versioned(1) on {ref.qualname}.",
        )
    return restorer
