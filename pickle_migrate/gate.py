"""What one unpickler may resolve: decided from the scan before the load, and asked again in it.

The scan says which globals a pickle names, and the policy refuses before anything is imported. A
gate keeps what was approved, and answers for nothing else: if the unpickler came by a name that the
scan did not see, that would be an error here, and no danger.

A rule for a package or a pattern speaks of what is defined there. So what such a name leads to is
looked at when it is resolved: every step of a dotted name but the last has to be a class, and what
is found must not come from elsewhere (``from os import system``) unless that is allowed too.
"""

from __future__ import annotations

import copyreg
import functools
import types
from collections.abc import Callable
from enum import EnumMeta
from typing import Any

import attrs

from pickle_migrate import nested, rehearsal, resolver, stamps
from pickle_migrate.errors import PolicyError
from pickle_migrate.policy import Policy
from pickle_migrate.policy_checks import CHECKS, Budget, checked
from pickle_migrate.policy_names import extension_ref, find_name
from pickle_migrate.policy_verdicts import EXTENSIONS, Refusal, Verdict
from pickle_migrate.refs import GlobalRef
from pickle_migrate.scanner import Extension, Global, Scan

_GETATTR_ONLY = "Only nested classes and members of enums are found by getattr under a policy."


@attrs.frozen
class _Approved:
    """A ref of the pickle, as it spells it: what is looked for, and how."""

    named: Global
    target: GlobalRef
    uses: frozenset[str]


class Gate:
    """The door through which a load under a policy resolves names. For one unpickler."""

    def __init__(self, policy: Policy, *, fix_imports: bool, persistent: bool) -> None:
        self.policy = policy
        self._fix_imports = fix_imports
        self._persistent = persistent
        self._approved: dict[GlobalRef, _Approved] = {}
        self._earlier: dict[GlobalRef, _Approved] = {}
        self._budget = Budget.of(0)
        self._again: Callable[[frozenset[GlobalRef]], None] = lambda _: None

    # --- before the load ------------------------------------------------------------------------

    def admit(self, scan: Scan, before: int) -> None:
        """Take the pickle that is to be loaded next. Raises PolicyError if the policy refuses
        something of it; ``before`` is added to the offset. Imports nothing.
        """
        self._earlier |= self._approved
        self._approved = {}
        self._budget = Budget.of(scan.end - scan.start)
        first = self.policy.first_refusal(
            scan, fix_imports=self._fix_imports, persistent=self._persistent
        )
        for refusal in [first] if first is not None else self._approve(scan):
            raise attrs.evolve(refusal, offset=refusal.offset + before).error()

    def rehearse(self, data: bytes, pickles: int, **options: Any) -> None:
        """Load the pickles in ``data`` with inert stand-ins, if the last of them, which was
        admitted, calls what a check has to see. ``options`` are the unpickler's. Raises
        PolicyError, and what pickle raises. No code of the user's runs.
        """
        self._again = functools.partial(self._rehearsed, data, pickles, options)
        if self.policy.trust:
            return
        if any(rehearsal.is_needed(a.target, a.uses) for a in self._approved.values()):
            self._again(frozenset())

    def _rehearsed(
        self, data: bytes, pickles: int, options: dict[str, Any], lengths: frozenset[GlobalRef]
    ) -> None:
        unpickler = rehearsal.Rehearsal(
            data, self._target, self._failing, lengths=lengths, **options
        )
        for _ in range(pickles):
            unpickler.load()

    def require_no_length(self, ref: GlobalRef, found: Any) -> None:
        """Look at what a class is called with that a number gives a length, now that it is known
        to be one: a subclass of bytes or bytearray. Raises PolicyError.
        """
        if self.policy.trust or not isinstance(found, type):
            return
        if issubclass(found, bytes | bytearray) and self._known(ref).uses != {"named"}:
            self._again(frozenset([ref]))

    def _target(self, ref: GlobalRef) -> GlobalRef:
        found = self._earlier.get(ref)
        return self._known(ref).target if found is None else found.target

    def _approve(self, scan: Scan) -> list[Refusal]:
        refused = []
        for named in scan.globals:
            target = find_name(named, self.policy.registry, fix_imports=self._fix_imports)
            known = self._approved.get(named.ref)
            if known is not None and known.target != target:
                problem = f"means {known.target} and {target}, under two protocols in one pickle"
                refused.append(Refusal(named.ref, named.offset, "one name, one meaning", problem))
                continue
            uses = frozenset(named.uses) | (known.uses if known else frozenset())
            self._approved[named.ref] = _Approved(named, target, uses)
        for extension in scan.extensions:
            refused += self._approve_code(extension)
        return refused

    def _approve_code(self, extension: Extension) -> list[Refusal]:
        ref = extension_ref(extension.code)
        if ref is None:
            return []
        offset = extension.offset
        if (ref.module, ref.qualname) in CHECKS:
            problem = "has to be called by its name, so that its arguments can be checked"
            return [Refusal(ref, offset, EXTENSIONS, problem)]
        named = Global(ref, offset, extension.uses, 1, 4, "extension")
        self._approved.setdefault(ref, _Approved(named, ref, frozenset(extension.uses)))
        # The unpickler takes what copyreg has cached for the code, and never asks for the name.
        cache: dict[int, Any] = getattr(copyreg, "_extension_cache")  # noqa: B009
        if extension.code in cache and cache[extension.code] is not self.by_name(ref):
            problem = "stands in copyreg's cache as something else than its name leads to"
            return [Refusal(ref, offset, EXTENSIONS, problem)]
        return []

    # --- in the load ----------------------------------------------------------------------------

    def _known(self, ref: GlobalRef) -> _Approved:
        found = self._approved.get(ref)
        if found is None and self.policy.trust and self.policy.verdict(ref).allowed:
            # A trusted pickle may compute a name; what is denied stays so.
            found = _Approved(Global(ref, 0, ("named",), 1, 4, "find_class"), ref, frozenset())
        if found is None:
            problem = "was asked for, and the scan did not see it"
            raise PolicyError(str(ref), 0, "only what was scanned", problem)
        return found

    def require_seen(self, ref: GlobalRef) -> None:
        """Raise PolicyError for a name that the pickle was not found to hold."""
        self._known(ref)

    def may_import(self, ref: GlobalRef) -> bool:
        """Whether a name, to which all renames were applied, may be imported for a stamp."""
        return self.policy.verdict_today(ref).allowed

    def by_name(self, ref: GlobalRef) -> Any:
        """What a ref of the pickle stands for where no rename holds. Imports it."""
        approved = self._known(ref)
        names = [approved.target.qualname]
        if approved.named.protocol >= 4 or approved.named.via == "extension":
            names = approved.target.qualname.split(".")  # below, C takes a name as a whole
        return self._found(ref, approved.target, names)

    def renamed(self, ref: GlobalRef, today: GlobalRef) -> Any:
        """What a ref of the pickle stands for today, by a rename. Imports it."""
        return self._found(ref, today, today.qualname.split("."))

    def _found(self, ref: GlobalRef, target: GlobalRef, names: list[str]) -> Any:
        approved = self._known(ref)
        verdict = self._require(ref, target, approved)
        parts = resolver.import_parts(target, names)
        if self.policy.deny:
            self._require_not_denied(ref, parts, names)
        if verdict.group:
            self._require_within(ref, target, parts, verdict)
        return self._with_check(approved, target, parts[-1])

    def _require_not_denied(self, ref: GlobalRef, parts: list[Any], names: list[str]) -> None:
        """What is denied stays so under another name (``from os import system``, ``shop.os``)."""
        homes = [home_of(parts[-1])]
        for place, part in enumerate(parts[1:-1], 1):
            if isinstance(part, types.ModuleType):
                homes.append(GlobalRef(part.__name__, ".".join(names[place:])))
        for home in homes:
            denied = self.policy.denied(home)
            if denied is not None:
                raise self._error(ref, denied.rule, f"leads to {home}", denied.remedy)

    def _require(self, ref: GlobalRef, target: GlobalRef, approved: _Approved) -> Verdict:
        verdict = self.policy.verdict_today(target, approved.uses)
        if not verdict.allowed or (nested.is_getattr(target) and not self.policy.trust):
            problem = f"(today {target}) is not allowed" if target != ref else "is not allowed"
            raise self._error(ref, verdict.rule, problem, verdict.remedy)
        return verdict

    def _error(self, ref: GlobalRef, rule: str, problem: str, remedy: str = "") -> PolicyError:
        known = self._approved.get(ref)
        return PolicyError(str(ref), known.named.offset if known else 0, rule, problem, remedy)

    def _require_within(
        self, ref: GlobalRef, target: GlobalRef, parts: list[Any], verdict: Verdict
    ) -> None:
        for part in parts[1:-1]:
            if not isinstance(part, type):
                problem = "leads through something that is no class"
                raise self._error(ref, verdict.rule, problem, "List the name whole to allow it.")
        if verdict.classes and not isinstance(parts[-1], type):
            problem = "is no class"
            raise self._error(ref, verdict.rule, problem, "List the name whole to allow it.")
        home = home_of(parts[-1])
        if home == target or self.policy.verdict_today(home).allowed:
            return
        raise self._error(
            ref,
            verdict.rule,
            f"leads out of what the rule names, to {home}",
            f"If you trust it, allow {home}, or list the name whole.",
        )

    def _with_check(self, approved: _Approved, target: GlobalRef, found: Any) -> Any:
        check = CHECKS.get((target.module, target.qualname))
        if check is None:
            self.require_no_length(approved.named.ref, found)
        if check is None or self.policy.trust or approved.uses != {"called"}:
            return found
        fail = self._failing(approved.named.ref)
        return checked(found, check, self._budget, fail)

    def _failing(self, ref: GlobalRef) -> Callable[[str], PolicyError]:
        def error(problem: str) -> PolicyError:
            remedy = "If you trust the pickle, load it without a policy."
            return self._error(ref, "arguments", problem, remedy)

        return error

    # --- getattr, and stamps as text --------------------------------------------------------------

    def attribute(self, refs: list[GlobalRef]) -> GlobalRef:
        """The name that a call of ``getattr`` stands for, out of those that it may be spelled by.
        Raises PolicyError if the scan did not see the call.
        """
        for ref in refs:
            known = self._approved.get(ref)
            if known is not None and known.named.via == "getattr":
                return ref
        names = " or ".join(map(str, refs)) or "of something that is no class"
        raise PolicyError("builtins:getattr", 0, "getattr", f"asks for {names}", _GETATTR_ONLY)

    def attribute_of(self, ref: GlobalRef, owner: Any, name: str) -> Any:
        """``getattr(owner, name)``, called under the spelling ``ref``."""
        approved = self._known(ref)
        verdict = self.policy.decide(approved.named, fix_imports=self._fix_imports)
        if not verdict.allowed:
            raise self._error(ref, verdict.rule, "is not allowed", verdict.remedy)
        if verdict.member:
            if isinstance(owner, EnumMeta) and name in owner.__members__:
                return owner.__members__[name]
            raise self._error(ref, verdict.rule, "is no member of an enum", _GETATTR_ONLY)
        found = getattr(owner, name)
        if verdict.group:
            self._require_within(ref, approved.target, [None, owner, found], verdict)
        return found

    def text_only(self, text: str) -> stamps.Stamp:
        """``stamps.text_only``, which imports the class that the stamp names if it may."""
        self._known(GlobalRef(stamps.MODULE, text))
        written = stamps.StampText.decode(text)
        resolver.prepare_class(written, self.may_import)
        return stamps.version_only(written)


def home_of(found: Any) -> GlobalRef:
    """Where a class or function says that it is defined; for any other object, its class."""
    if not isinstance(found, type | types.FunctionType | types.BuiltinFunctionType):
        found = type(found)
    return GlobalRef(str(found.__module__), str(found.__qualname__))
