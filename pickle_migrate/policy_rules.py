"""The rules that a policy is written in, read from text and compiled once.

``shop.models:Order``
    This ref, spelled just so. A dotted name (``shop.models:Order.Line``) is allowed only whole.
``shop.*``
    The module ``shop`` and all below it.
``shop.*:Order*``
    A pattern with ``*``, ``?`` and ``[...]`` on ``module:qualname``, as ``fnmatch`` has them.
``*``
    Everything.

A package or a pattern speaks of what is defined in its modules. So a name that walks out of them
is not among it: through a module that was imported there (``shop.models:os.system``), or through a
name with double underscores.
"""

from __future__ import annotations

import fnmatch
import re
import sys
from collections.abc import Iterable, Iterator

import attrs

from pickle_migrate.errors import RefError, RuleError
from pickle_migrate.refs import GlobalRef

_WILD = frozenset("*?[")
_Pattern = tuple[str, re.Pattern[str], re.Pattern[str]]


@attrs.frozen
class Match:
    """The rule that matched. ``whole``: it names this very ref, rather than a group of them."""

    rule: str
    whole: bool


@attrs.frozen(eq=False)
class Rules:
    """A list of rules. ``match`` gives the first kind that fits: whole refs, packages, patterns."""

    texts: tuple[str, ...]
    _whole: frozenset[tuple[str, str]]
    _packages: frozenset[str]
    _patterns: tuple[_Pattern, ...]

    @classmethod
    def of(cls, texts: Iterable[str]) -> Rules:
        """Compile rules. Raises RuleError."""
        whole, packages, patterns = set(), set(), []
        given = tuple(texts)
        for text in given:
            if text == "*":
                patterns.append((text, _side("*"), _side("*")))
            elif _is_package(text):
                packages.add(text.removesuffix(".*"))
            elif ":" in text and not _WILD.isdisjoint(text):
                patterns.append(_pattern(text))
            else:
                ref = _ref(text)
                whole.add((ref.module, ref.qualname))
        return cls(given, frozenset(whole), frozenset(packages), tuple(patterns))

    def match(self, ref: GlobalRef) -> Match | None:
        """The rule that names a ref or a group that it is in; None if there is none."""
        if (ref.module, ref.qualname) in self._whole:
            return Match(str(ref), whole=True)
        if self._packages:
            package = ref.module
            while package:
                if package in self._packages:
                    return Match(f"{package}.*", whole=False)
                package = package.rpartition(".")[0]
        for text, module, qualname in self._patterns:
            if module.match(ref.module) and qualname.match(ref.qualname):
                return Match(text, whole=False)
        return None


def _is_package(text: str) -> bool:
    name = text.removesuffix(".*")
    return name != text and ":" not in name and _WILD.isdisjoint(name) and all(name.split("."))


def _pattern(text: str) -> _Pattern:
    module, _, qualname = text.partition(":")
    if not module or not qualname or ":" in qualname:
        raise RuleError(text, "a pattern has one colon, between module and name")
    # Each side by itself, so that no wildcard reaches over the colon.
    return text, _side(module), _side(qualname)


def _side(pattern: str) -> re.Pattern[str]:
    return re.compile(fnmatch.translate(pattern))


def _ref(text: str) -> GlobalRef:
    try:
        return GlobalRef.parse(text)
    except RefError:
        raise RuleError(text, "it is no ref, no package and no pattern") from None


def walked(ref: GlobalRef) -> Iterator[GlobalRef]:
    """The ref, and every name that a dotted one leads through, read as a class and as a module."""
    yield ref
    names = ref.qualname.split(".")
    for cut in range(1, len(names)):
        yield GlobalRef(ref.module, ".".join(names[:cut]))
        yield GlobalRef(".".join([ref.module, *names[:cut]]), ".".join(names[cut:]))


def walks_out(ref: GlobalRef) -> str | None:
    """Why a name cannot belong to a group of modules, as far as the name itself tells; or None.

    Only what is in memory is looked at. Whoever resolves the name looks at each segment again.
    """
    names = ref.qualname.split(".")
    if any(name.startswith("__") and name.endswith("__") for name in names):
        return "it reaches for a name with double underscores"
    for name in names[:-1]:
        submodule = f"{ref.module}.{name}"
        if name in sys.stdlib_module_names or name in sys.modules or submodule in sys.modules:
            return f"it leads through the module {name}"
    return None
