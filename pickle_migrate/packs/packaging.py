"""Pickles of packaging: its values are made anew from their texts, which every release reads.

Each release of packaging keeps other attributes in its objects. A state is therefore turned into
the call that a user would write: ``Version("1.2")``. Sources: packaging/version.py, specifiers.py,
markers.py, requirements.py and _structures.py, releases 17.0 to 26.3.
"""

from __future__ import annotations

from typing import Any, Final

from pickle_migrate.declare import Lineage
from pickle_migrate.errors import ForeignError
from pickle_migrate.foreign.view import View
from pickle_migrate.operations import Rebuild
from pickle_migrate.packs.values import ALL, VALUE, Pack, Rule
from pickle_migrate.registry import Registry
from pickle_migrate.shims_classes import Shim

_VERSION: Final = "packaging.version:Version"
_LEGACY: Final = "packaging.version:LegacyVersion"
_SPECIFIER: Final = "packaging.specifiers:Specifier"
_SET: Final = "packaging.specifiers:SpecifierSet"
_MARKER: Final = "packaging.markers:Marker"
#: What a requirement keeps when a program sets ``specifier.prereleases``.
_PRERELEASES: Final = "has a setting of prereleases, for which no text of a requirement has a place"
_REQUIREMENT: Final = "packaging.requirements:Requirement"


def _has_state(view: View) -> int | None:
    """1 for an object that was pickled with its attributes; a call of the class needs nothing."""
    return 1 if view.has_state else None


def _wrong(view: View, problem: str) -> ForeignError:
    return ForeignError(str(view.written), problem, "Give the file to the maintainers of the pack.")


# --- versions -------------------------------------------------------------------------------------


def _version_text(view: View) -> str:
    """The text of a version: its parts stood in a namedtuple, in attributes, or in a tuple."""
    fields = view.fields
    inner = fields.get("_version")
    if isinstance(inner, str):  # LegacyVersion
        return inner
    parts = inner.args if isinstance(inner, Shim) else None
    if parts is None:
        parts = _parts_in_attributes(view, fields)
    epoch, release, dev, pre, post, local = parts
    text = f"{epoch}!" if epoch else ""
    text += ".".join(map(str, release))
    text += "".join(map(str, pre)) if pre else ""
    text += f".post{post[-1] if type(post) is tuple else post}" if post is not None else ""
    text += f".dev{dev[-1] if type(dev) is tuple else dev}" if dev is not None else ""
    return text + (f"+{'.'.join(map(str, local))}" if local else "")


def _parts_in_attributes(view: View, fields: dict[str, Any]) -> tuple[Any, ...]:
    names = ("_epoch", "_release", "_dev", "_pre", "_post", "_local")
    if "_release" in fields:
        return tuple(fields.get(name) for name in names)
    state = view.state
    if type(state) is tuple and len(state) == len(names):
        epoch, release, pre, post, dev, local = state  # the order of 26.2's __getstate__
        return epoch, release, dev, pre, post, local
    raise _wrong(view, "has a state that no known release wrote")


def _version(view: View) -> Any:
    return view.make(_VERSION, _version_text(view))


# --- specifiers, markers, requirements ------------------------------------------------------------


def _pair(view: View, name: str) -> tuple[Any, Any]:
    """A value and ``prereleases``: in attributes, or since 26.2 in a tuple."""
    state = view.state
    if type(state) is tuple and len(state) == 2 and type(state[0]) is tuple:
        return state[0], state[1]
    return view.fields.get(name), view.fields.get("_prereleases")


def _specifier(view: View) -> Any:
    spec, prereleases = _pair(view, "_spec")
    if type(spec) is not tuple:
        raise _wrong(view, "has a state that no known release wrote")
    args = ("".join(spec),) if prereleases is None else ("".join(spec), prereleases)
    return view.make(_SPECIFIER, *args)


def _members(value: Any) -> list[Any]:
    """The members of a set or a tuple, whichever way the pickle makes it."""
    if isinstance(value, Shim):
        return [part for arg in value.args for part in _members(arg)] if value.args else []
    return list(value)


def _text_of_specifier(view: View, value: Any) -> str:
    inner = view.view(value)
    if inner is not None and inner.args and isinstance(inner.args[0], str):
        return inner.args[0]
    raise _wrong(view, "holds what is no specifier")


def _specifier_set(view: View) -> Any:
    specs, prereleases = _pair(view, "_specs")
    texts = sorted(_text_of_specifier(view, one) for one in _members(specs or ()))
    args = (",".join(texts),) if prereleases is None else (",".join(texts), prereleases)
    return view.make(_SET, *args)


def _marker_text(view: View, marker: Any, *, first: bool = True) -> str:
    """As ``packaging.markers._format_marker``: nested lists, and tuples of three nodes."""
    if type(marker) is list and len(marker) == 1 and type(marker[0]) in (list, tuple):
        return _marker_text(view, marker[0])
    if type(marker) is list:
        inner = " ".join(_marker_text(view, one, first=False) for one in marker)
        return inner if first else f"({inner})"
    if type(marker) is tuple:
        return " ".join(_node_text(view, node) for node in marker)
    return str(marker)


def _node_text(view: View, node: Any) -> str:
    inner = view.view(node)
    if inner is None:
        return str(node)
    fields = inner.fields
    value = fields.get("value", inner.args[0] if inner.args else None)
    if value is None:
        raise _wrong(view, "holds a part of a marker that no known release wrote")
    if inner.ref.qualname != "Value":
        return str(value)
    quote = "'" if '"' in str(value) else '"'
    return f"{quote}{value}{quote}"


def _marker(view: View) -> Any:
    if isinstance(view.state, str):  # since 26.2
        return view.make(_MARKER, view.state)
    fields = view.fields
    if "_markers" not in fields:
        raise _wrong(view, "has a state that no known release wrote")
    return view.make(_MARKER, _marker_text(view, fields["_markers"]))


def _requirement(view: View) -> Any:
    state = (view.state,) if isinstance(view.state, str) else view.state
    if type(state) is tuple and state and isinstance(state[0], str):  # since 26.2
        if any(one is not None for one in (*state[1:2], *(state[2] if len(state) > 2 else ()))):
            raise _wrong(view, _PRERELEASES)
        return view.make(_REQUIREMENT, state[0])
    fields = view.fields
    text = fields["name"]
    extras = sorted(map(str, _members(fields.get("extras") or ())))
    text += f"[{','.join(extras)}]" if extras else ""
    specifier = view.view(fields.get("specifier"))
    if specifier is not None and len(specifier.args) > 1:
        raise _wrong(view, _PRERELEASES)
    if specifier is not None and specifier.args and specifier.args[0]:
        text += str(specifier.args[0])
    marker = view.view(fields.get("marker"))
    if fields.get("url"):
        text += f" @ {fields['url']}"
    if marker is not None:
        blank = " " if fields.get("url") else ""
        text += f"{blank}; {marker.args[0]}"
    return view.make(_REQUIREMENT, text)


_READ: Final = "packaging 26.0 and 26.1 (24.1 to 25.0, and 26.2 on, read most of them)"


def _from_text(thing: str, function: Any, *refs: str) -> Rule:
    """A rule by which what a class of packaging holds is made anew from its text."""

    def declare(registry: Registry) -> None:
        for ref in refs:
            Lineage(ref, version_of=_has_state, registry=registry).upgrade(1, Rebuild(function))

    words = f"a {thing} is made from its text"
    return Rule(words, "packaging 17.0 to 26.3", _READ, refs=refs, declare=declare)


PACK: Final = Pack(
    "packaging",
    "versions, specifiers, markers and requirements of packaging",
    rules=(
        _from_text("version", _version, _VERSION, _LEGACY),
        _from_text("specifier", _specifier, _SPECIFIER),
        _from_text("set of specifiers", _specifier_set, _SET),
        _from_text("marker", _marker, _MARKER),
        _from_text("requirement", _requirement, _REQUIREMENT),
    ),
    names={
        "packaging.version": "Version InvalidVersion",
        "packaging.specifiers": "Specifier SpecifierSet InvalidSpecifier",
        "packaging.markers": "Marker InvalidMarker",
        "packaging.requirements": "Requirement InvalidRequirement",
        # What states of old releases are made of; objects that the rules replace.
        "packaging._structures": {"InfinityType NegativeInfinityType": ALL},
        "packaging._tokenizer": {"Variable Value Op": VALUE},
    },
)
