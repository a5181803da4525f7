"""All pickles of an archived file, loaded by the loader, and the names that they asked for.

Thousands of archived pickles name the same few classes. What a name resolved to is kept from one
load to the next, as long as nothing was declared meanwhile and the class stands in its place.
"""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING, Any, Final

import attrs

from pickle_migrate import collector, loader, unbuilt
from pickle_migrate.refs import GlobalRef
from pickle_migrate.registry import DEFAULT, Registry, declaration_of, registered_in_mro
from pickle_migrate.streams import Whole

if TYPE_CHECKING:
    from pickle_migrate.policy import Policy

Refs = dict[tuple[str, str], None]
_COMPRESSED: Final = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ")


@attrs.frozen(eq=False)
class _Known:
    """What a name resolved to, and what the loader noted of it."""

    found: type
    ref: GlobalRef | None  # where it is not today's name
    unsaid: bool
    is_older: bool
    generation: int
    registry: Registry
    own_generation: int

    def holds(self) -> bool:
        """Whether it would resolve to the same again."""
        found = self.found
        return (
            self.generation == DEFAULT.generation
            and self.own_generation == self.registry.generation
            and getattr(sys.modules.get(found.__module__), found.__name__, None) is found
        )


_known: dict[tuple[str, str], _Known] = {}


def forget() -> None:
    """Forget what names resolved to."""
    _known.clear()


class NotingUnpickler(loader.Unpickler):
    """The loader's unpickler, which notes what it is asked to resolve."""

    refs: Refs

    def find_class(self, module_name: str, global_name: str, /) -> Any:
        """As the loader resolves it."""
        pair = module_name, global_name
        self.refs[pair] = None
        if self._guard is not None:  # a policy decides of each name anew
            return super().find_class(module_name, global_name)
        known = _known.get(pair)
        if known is not None and known.holds():
            return self._told(known)
        found = super().find_class(module_name, global_name)
        if isinstance(found, type) and "." not in found.__qualname__:
            self._keep(pair, found)
        return found

    def _told(self, known: _Known) -> type:
        found = known.found
        if known.ref is not None:
            self._spelled[id(found)] = found, known.ref
            if known.unsaid:
                self._unsaid[known.ref] = found
        elif known.unsaid:
            self._unsaid[GlobalRef.of(found)] = found
        if known.is_older:
            self._unbuilt.add(found)
        return found

    def _keep(self, pair: tuple[str, str], found: type) -> None:
        ref = GlobalRef(*pair)
        registries = [declaration_of(cls).registry for cls in registered_in_mro(found)]
        if any(registry is not registries[0] for registry in registries):
            return
        registry = registries[0] if registries else DEFAULT
        unsaid = self._unsaid.get(ref) is found
        _known[pair] = _Known(
            found,
            None if ref == GlobalRef.of(found) else ref,
            unsaid,
            bool(registries) and not unsaid and unbuilt.is_older(found),
            DEFAULT.generation,
            registry,
            registry.generation,
        )


def load_all(
    data: bytes, encoding: str, refs: Refs, policy: Policy | None = None
) -> tuple[Any, ...]:
    """The objects of all pickles in the bytes of a file, compressed or not. ``refs`` takes the
    names that were asked for, stamps included. ``policy``: what they may name; None: anything.
    Raises what loading raises.
    """
    if data.startswith(_COMPRESSED):
        from pickle_migrate import codecs

        data = codecs.unwrap(data).payload
    if len(data) <= collector.PAYS_FROM:
        return _load(data, encoding, refs, policy)
    with collector.paused():
        return _load(data, encoding, refs, policy)


def _load(data: bytes, encoding: str, refs: Refs, policy: Policy | None) -> tuple[Any, ...]:
    stream: Any = io.BytesIO(data)
    if policy is not None or DEFAULT.has_foreign:
        stream = Whole(data)  # it is scanned first, in one piece
    elif data[:1] != b"\x80" or data[1:2] < b"\x04":
        stream = io.BufferedReader(stream)  # what the C unpickler reads fast without frames
    first = _unpickler(stream, encoding, refs, policy).load()
    if stream.tell() == len(data):
        return (first,)
    return _load_row(data, encoding, refs, policy)


def _unpickler(stream: Any, encoding: str, refs: Refs, policy: Policy | None) -> NotingUnpickler:
    made = NotingUnpickler(stream, encoding=encoding, pause_collector=False, policy=policy)
    made.refs = refs
    return made


def _load_row(data: bytes, encoding: str, refs: Refs, policy: Policy | None) -> tuple[Any, ...]:
    """Several pickles, each by itself or by one Unpickler, as a scan of them says."""
    from pickle_migrate.errors import ContentError
    from pickle_migrate.scanner import scan_all

    scans = scan_all(data)
    if scans.problem is not None or scans.end < len(data):
        problem = f"holds {len(data) - scans.end} bytes after its pickles that are no pickle"
        raise ContentError(problem, "Archive the pickles without what follows them.")
    shares = any(scan.carries_memo for scan in scans.pickles)
    stream = Whole(data)
    unpickler = None
    found = []
    for scan in scans.pickles:
        if unpickler is None or not shares:
            stream.seek(scan.start)
            unpickler = _unpickler(stream, encoding, refs, policy)
        found.append(unpickler.load())
    return tuple(found)
