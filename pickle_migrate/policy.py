"""Which globals a pickle may resolve, decided from names before anything is imported.

A policy is a value: rules that allow, rules that deny, presets. ``verdict`` answers for one ref,
``refusals`` for a whole scan (``policy_refusals`` says how). Deny wins, and what nothing allows is
refused. Nothing here imports what a pickle names, and nothing is loaded; ``loader`` does that, and
asks again for each global.

What is decided on
    Names as the unpickler will look for them: after Python 2's names were mapped (``fix_imports``)
    and after the renames of the registry. A rule that allows has to fit today's name, since that is
    what would be imported; a rule that denies may fit any of the names on the way.
    A stamp leads to its class and that class's bases, and is decided on those.
    An extension code leads to the name that ``copyreg`` keeps for it, and is closed by default.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from types import ModuleType

import attrs

from pickle_migrate import policy_presets, stamps
from pickle_migrate.errors import PickleMigrateError, RuleError
from pickle_migrate.policy_checks import CHECKS
from pickle_migrate.policy_names import mapped_name
from pickle_migrate.policy_refusals import kinds
from pickle_migrate.policy_rules import Match, Rules, walked, walks_out
from pickle_migrate.policy_verdicts import (
    BARE,
    GETATTR,
    MOVED,
    NOT_LISTED,
    OF_CLASSES,
    RENAMES,
    Refusal,
    Verdict,
)
from pickle_migrate.refs import GlobalRef
from pickle_migrate.registry import DEFAULT, Registry, registered_in_mro
from pickle_migrate.scanner import Global, Scan
from pickle_migrate.stamps import StampText

#: Calls that make an instance of their first argument, which the pickle names by itself.
_MAKERS = frozenset(GlobalRef("copyreg", n) for n in ("_reconstructor", "__newobj__"))
COMMAND_PRESETS = ("standard", "numpy", "pandas", "registered")

#: Whether a class is declared somewhere that was not imported yet.
Declared = Callable[[GlobalRef], bool]


def _registry(value: Registry | None) -> Registry:
    return DEFAULT if value is None else value


def _texts(value: str | Iterable[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


@attrs.frozen(eq=False)
class Policy:
    """Rules on which globals may be resolved; see ``policy_rules`` for how they are written.

    ``allow`` and ``deny`` are rules, ``presets`` names of ``policy_presets``: "standard", "numpy",
    "pandas", "zones", "registered". ``trust``: allow all that pickle allows, except what is denied.
    ``extensions``: open extension codes, each for the name that ``copyreg`` keeps for it, if that
    is allowed. ``registry``: whose renames and classes count. ``for_command``: remedies speak of
    the options of commands rather than of arguments. ``declared``: tells the preset "registered" of
    classes whose modules are not imported. Raises RuleError. Imports nothing.
    """

    allow: tuple[str, ...] = attrs.field(default=(), converter=_texts)
    deny: tuple[str, ...] = attrs.field(default=(), converter=_texts)
    presets: tuple[str, ...] = attrs.field(default=(), converter=_texts)
    trust: bool = attrs.field(default=False, kw_only=True)
    extensions: bool = attrs.field(default=False, kw_only=True)
    registry: Registry = attrs.field(
        default=None,
        kw_only=True,
        repr=False,
        converter=_registry,
    )
    declared: Declared | None = attrs.field(default=None, kw_only=True, repr=False)
    for_command: bool = attrs.field(default=False, kw_only=True, repr=False)
    _allowing: Rules = attrs.field(init=False, repr=False)
    _denying: Rules = attrs.field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "_allowing", Rules.of(self.allow))
        object.__setattr__(self, "_denying", Rules.of(self.deny))
        for name in self.presets:
            if name not in policy_presets.NAMES:
                known = ", ".join(policy_presets.NAMES)
                raise RuleError(name, f"there is no such preset; there are {known}")

    # --- one name -------------------------------------------------------------------------------

    def verdict(self, ref: GlobalRef, use: str = "named") -> Verdict:
        """Whether a name may be resolved and used so: "named", "called" or "instantiated".

        ``ref`` is as an unpickler looks for it (``scanner.mapped``). A ref that is a stamp is
        decided on the classes that it leads to.
        """
        if ref.module == stamps.MODULE and stamps.looks_like_stamp(ref.qualname):
            return self._stamp_verdict(ref.qualname)
        return self.verdict_of_uses(ref, (use,))

    def decide(self, named: Global, *, fix_imports: bool = True) -> Verdict:
        """The verdict on a global of a scan, with all its uses. ``fix_imports`` as for loading."""
        if named.stamp is not None:
            return self._stamp_verdict(named.stamp)
        ref = named.ref
        denied = self._denied((ref,))
        if denied is not None:
            return denied
        if self.registry.current_ref(ref) == ref and fix_imports:
            ref = mapped_name(named)
        verdict = self.verdict_of_uses(ref, named.uses)
        if named.via == "getattr" and not verdict.allowed and verdict.rule == NOT_LISTED:
            return self._member_verdict(ref) or verdict
        return verdict

    def verdict_of_uses(self, ref: GlobalRef, uses: Iterable[str]) -> Verdict:
        """``verdict`` for several uses at once, on a name that is no stamp."""
        try:
            today = self.registry.current_ref(ref)
        except PickleMigrateError as error:
            return Verdict(self.trust, RENAMES, error.advice())
        denied = self._denied((ref, today))
        if denied is not None:
            return denied
        if self.trust:
            return Verdict(True, "trust")
        if today == GETATTR:
            return OF_CLASSES if tuple(uses) == ("called",) else BARE
        found = self._allowed(today, uses)
        return Verdict(False, NOT_LISTED, self._remedy(today)) if found is None else found

    def denied(self, ref: GlobalRef) -> Verdict | None:
        """The verdict of the rules that deny a name; None if none does."""
        return self._denied((ref,))

    def _denied(self, refs: Iterable[GlobalRef]) -> Verdict | None:
        for ref in refs if self.deny else ():
            match = next(filter(None, map(self._denying.match, walked(ref))), None)
            if match is not None:
                remedy = f"It is denied by the rule {match.rule!r}, which wins over all others."
                return Verdict(False, f"deny {match.rule}", remedy)
        return None

    def _allowed(self, ref: GlobalRef, uses: Iterable[str]) -> Verdict | None:
        if "instantiated" in uses and _has_length(ref):
            return Verdict(False, "arguments", "Picklers call it, so that arguments are checked.")
        match = self._allowing.match(ref)
        if match is not None and match.whole:
            return Verdict(True, f"allow {match.rule}")
        for name in self.presets:
            roles = policy_presets.table(name).get((ref.module, ref.qualname))
            if roles is not None and roles.issuperset(uses):
                return Verdict(True, f"preset {name}")
        pack = self.registry.pack_of(ref) if "registered" in self.presets else None
        if pack is not None and pack[1].issuperset(uses):
            return Verdict(True, f"pack {pack[0]}")
        if "registered" in self.presets and self._is_registered(ref):
            return Verdict(True, "preset registered")
        if match is None and "registered" in self.presets:
            package = self.registry.moved_to(ref.module)
            match = None if package is None else Match(f"{package}.*", whole=False)
            return None if match is None else self._of_group(ref, match, MOVED)
        return None if match is None else self._of_group(ref, match)

    def _is_registered(self, ref: GlobalRef) -> bool:
        if self.registry.knows(ref) or (self.declared is not None and self.declared(ref)):
            return True
        # A subclass that nobody registered is stamped too. Only a class that is in memory tells.
        found: object = sys.modules.get(ref.module)
        for name in ref.qualname.split("."):
            found = vars(found).get(name) if isinstance(found, type | ModuleType) else None
        return isinstance(found, type) and bool(registered_in_mro(found))

    def _of_group(self, ref: GlobalRef, match: Match, kind: str = "allow") -> Verdict:
        reason = walks_out(ref)
        if (
            reason is None
            and all(ref.module.split("."))
            and ":" not in str(ref).replace(":", "", 1)
        ):
            return Verdict(True, f"{kind} {match.rule}", group=True, classes=kind == MOVED)
        remedy = self._remedy(ref)
        return Verdict(False, f"{kind} {match.rule}, but {reason or 'it is no name'}", remedy)

    def _member_verdict(self, ref: GlobalRef) -> Verdict | None:
        """``getattr`` on an allowed class may be for a member of an enum; loading shows it."""
        outer, _, name = ref.qualname.rpartition(".")
        if name.startswith("__"):
            return None
        verdict = self.verdict_of_uses(GlobalRef(ref.module, outer), ("named",))
        if not verdict.allowed:
            return None
        return attrs.evolve(verdict, rule=f"{verdict.rule}, if it is an enum", member=True)

    def _stamp_verdict(self, text: str) -> Verdict:
        try:
            classes = StampText.decode(text).classes
        except PickleMigrateError as error:
            return Verdict(False, "malformed stamp", error.advice())
        for stamped in classes:
            try:
                today = self.registry.current_ref(
                    stamped.ref, stamped.version or None, stamped.fingerprint
                )
            except PickleMigrateError as error:
                return Verdict(self.trust, RENAMES, error.advice())
            found = self._denied((stamped.ref,)) or self.verdict_today(today)
            if not found.allowed:
                return found
        return found

    def verdict_today(self, today: GlobalRef, uses: Iterable[str] = ()) -> Verdict:
        """The verdict on a name to which all renames were applied."""
        denied = self._denied((today,))
        if denied is not None:
            return denied
        if self.trust:
            return Verdict(True, "trust")
        if today == GETATTR:
            return OF_CLASSES
        found = self._allowed(today, uses)
        return Verdict(False, NOT_LISTED, self._remedy(today)) if found is None else found

    def may_fill(self, ref: GlobalRef) -> bool:
        """Whether items may be put into what a ref gave: into what rules allow, and into the
        containers among the presets.
        """
        if self.trust or ref in _MAKERS or stamps.looks_like_stamp(ref.qualname):
            return True
        key = (ref.module, ref.qualname)
        roles = [policy_presets.table(n).get(key) for n in policy_presets.NAMES]
        known = [r for r in roles if r is not None]
        return not known or any(policy_presets.FILLED in r for r in known)

    def _remedy(self, ref: GlobalRef) -> str:
        by = [
            n for n in policy_presets.NAMES if (ref.module, ref.qualname) in policy_presets.table(n)
        ]
        missing = [name for name in by if name not in self.presets]
        top = ref.module.partition(".")[0]
        if not self.for_command:
            if missing:
                return f"If you trust it, allow it: Policy(presets=[{missing[0]!r}])."
            return f"If you trust it, allow it: Policy(allow=[{str(ref)!r}])."
        if missing:
            return f'If you trust it, add "{missing[0]}" to the presets in the settings.'
        if walks_out(ref):
            return f"If you trust it: --allow {ref}, or --trust for all that pickles name."
        return (
            f"If it is a versioned class of yours, name its module: --import {ref.module} (with "
            f"--path, if it is in another folder). If you trust it otherwise: --allow {ref}, or "
            f"--allow '{top}.*' for all of its package, or --trust for all that pickles name."
        )

    # --- a whole scan ---------------------------------------------------------------------------

    def refusals(
        self, scan: Scan, *, fix_imports: bool = True, persistent: bool = False
    ) -> tuple[Refusal, ...]:
        """Everything in a scan that this policy refuses, in order of the offsets.

        ``fix_imports`` as for loading. ``persistent``: the one who loads has a ``persistent_load``.
        Imports nothing.
        """
        by_kind = kinds(self, scan, fix_imports, persistent)
        found = [refusal for kind in by_kind for refusal in kind]
        return tuple(sorted(found, key=lambda refusal: refusal.offset))

    def first_refusal(
        self, scan: Scan, *, fix_imports: bool = True, persistent: bool = False
    ) -> Refusal | None:
        """The first of ``refusals``, without making the others; None if there are none."""
        by_kind = kinds(self, scan, fix_imports, persistent)
        firsts = [first for kind in by_kind if (first := next(kind, None)) is not None]
        return min(firsts, key=lambda refusal: refusal.offset, default=None)


def _has_length(ref: GlobalRef) -> bool:
    """Whether NEWOBJ could give it a length, where no check looks."""
    key = ref.module, ref.qualname
    roles = policy_presets.table("standard").get(key, frozenset([policy_presets.INSTANTIATED]))
    return key in CHECKS and policy_presets.INSTANTIATED not in roles


def for_command(
    allow: Iterable[str] = (),
    deny: Iterable[str] = (),
    presets: Iterable[str] | None = None,
    *,
    trust: bool = False,
    declared: Declared | None = None,
) -> Policy:
    """The policy of the commands: registered classes and the presets, and what is given besides."""
    named = COMMAND_PRESETS if presets is None else tuple(presets)
    return Policy(
        tuple(allow), tuple(deny), named, trust=trust, for_command=True, declared=declared
    )
