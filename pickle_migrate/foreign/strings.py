"""The 8-bit strings of Python 2, told apart by where they stand: text, or data.

Python 2 had one type for both, and a pickle does not say which. Attribute names, keys and most
values are text. Data are what certain classes keep there: the arguments of dates and times, the
bytes of arrays. Such places are declared (``Lineage.byte_strings``); all else is text, in UTF-8,
which other text is not by chance, or in the encoding that is given. What is neither is refused: a
guess would give a wrong text and no error.
"""

from __future__ import annotations

import codecs
from typing import Any, Final

import attrs

from pickle_migrate.errors import ForeignError
from pickle_migrate.foreign import walk
from pickle_migrate.foreign.view import PickleView
from pickle_migrate.lineage import ByteStrings
from pickle_migrate.refs import GlobalRef
from pickle_migrate.shims_classes import Shim

#: Up to this protocol, pickles may hold 8-bit strings of Python 2.
LAST_PROTOCOL: Final = 2
#: How they are loaded, so that they can be told from texts.
RAW: Final = "bytes"
_UTF_8: Final = frozenset(["ascii", "utf-8"])
_SHOWN: Final = 24


def hold_strings(roots: list[Any]) -> bool:
    """Whether there is an 8-bit string in graphs that were loaded with the encoding ``RAW``."""
    nodes = walk.each_after_its_parts(roots)
    return any(type(part) is bytes for node in nodes for part in walk.parts_of(node)) or any(
        type(root) is bytes for root in roots
    )


@attrs.define(eq=False)
class Decoding:
    """One run over graphs that were loaded with the encoding ``RAW``. ``encoding``: of strings that
    are not UTF-8; "bytes" leaves these as bytes, and "ASCII" or "utf-8" refuses them.
    """

    pickle: PickleView
    encoding: str
    _places: dict[GlobalRef, ByteStrings | None] = attrs.field(factory=dict)
    _kept: set[tuple[int, object]] = attrs.field(factory=set)
    _owners: dict[int, str] = attrs.field(factory=dict)
    _texts: dict[int, tuple[bytes, Any]] = attrs.field(factory=dict)
    _swaps: walk.Swaps = attrs.field(factory=walk.Swaps)

    def __call__(self, roots: list[Any]) -> None:
        """Make texts of all strings below the roots that are no data. Raises ForeignError."""
        nodes = list(walk.each_after_its_parts(roots))
        for node in nodes:
            if isinstance(node, Shim):
                self._note(node)
        for node in nodes:
            new = self._decoded(node)
            if new is not node:
                self._swaps.add(node, new)
        roots[:] = [self._value(root, "the pickle's own value") for root in roots]
        self._swaps.settle(roots)

    # --- places -----------------------------------------------------------------------------------

    def _note(self, shim: Shim) -> None:
        """Note which strings of an object are data."""
        state = shim.state
        containers = [state, *state] if type(state) is tuple else [state]
        for container in containers:
            if type(container) in (dict, tuple):
                self._owners.setdefault(id(container), str(shim.ref))
        places = self._places_of(shim.ref)
        if places is None:
            return
        self._kept.update((id(shim), place) for place in places.args)
        for container in containers:
            if type(container) in (dict, tuple):
                self._kept.update((id(container), place) for place in places.state)

    def _places_of(self, ref: GlobalRef) -> ByteStrings | None:
        if ref not in self._places:
            told = [
                record.byte_strings
                for one in (self.pickle.today(ref), ref)
                for record in self.pickle.registry.family(one)
                if record.byte_strings is not None
            ]
            self._places[ref] = told[0] if told else None
        return self._places[ref]

    def _is_data(self, node: Any, place: object) -> bool:
        return (id(node), place) in self._kept

    # --- decoding ---------------------------------------------------------------------------------

    def _decoded(self, node: Any) -> Any:
        kind = type(node)
        if kind is dict:
            return self._dict(node)
        if kind is tuple:
            new = [self._at(node, place, part) for place, part in enumerate(node)]
            same = all(a is b for a, b in zip(new, node, strict=True))
            return node if same else tuple(new)
        if isinstance(node, Shim):
            args = enumerate(node._args)
            where = f"an argument of {node.ref}"
            new = [p if self._is_data(node, n) else self._value(p, where) for n, p in args]
            node._args = ()
            walk.put(node, lambda part: self._value(part, f"an item or a state of {node.ref}"))
            node._args = tuple(new)
            return node
        return walk.put(node, lambda part: self._value(part, f"a value in a {kind.__name__}"))

    def _dict(self, node: dict[Any, Any]) -> dict[Any, Any]:
        pairs = []
        for key, value in node.items():
            name = self._value(key, "a key of a dict")
            pairs.append(
                (name, value if self._is_data(node, name) else self._at(node, name, value))
            )
        node.clear()
        node.update(pairs)
        return node

    def _at(self, node: Any, place: object, part: Any) -> Any:
        if self._is_data(node, place):
            return part
        if type(part) is not bytes:
            return self._swaps.of(part)
        owner = self._owners.get(id(node))
        where = f"the value of {place!r} in a {type(node).__name__}"
        return self._value(part, where if owner is None else f"{place!r} in the state of {owner}")

    def _value(self, part: Any, where: str) -> Any:
        if type(part) is not bytes:
            return self._swaps.of(part)
        found = self._texts.get(id(part))
        if found is None:
            found = self._texts[id(part)] = part, self._text(part, where)
        return found[1]

    def _text(self, raw: bytes, where: str) -> Any:
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError:
            pass
        if self.encoding == RAW:
            return raw
        if codecs.lookup(self.encoding).name in _UTF_8:
            shown = f"{raw[:_SHOWN]!r}{'...' if len(raw) > _SHOWN else ''}"
            raise ForeignError(
                "",
                f"{where} is an 8-bit string of Python 2 that is not UTF-8: {shown}",
                "Say what it is: an encoding reads such strings as text (latin1 reads any), "
                "'bytes' leaves them as bytes, and Lineage(...).byte_strings(...) says where "
                "a class keeps data.",
            )
        return raw.decode(self.encoding)
