"""What a policy refuses of a whole scan: one function for each kind of refusal.

The verdicts on single names are the policy's own (``policy``). Here they are asked for, and what
needs no name is decided: what is done with values, extension codes, names that cannot be known.
Each kind comes in order of the offsets, and as far as it is asked for. Nothing is imported.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pickle_migrate.errors import PickleMigrateError
from pickle_migrate.policy_names import extension_ref, find_name, mapped_name
from pickle_migrate.policy_presets import HASH_THEIR_STATE
from pickle_migrate.policy_verdicts import (
    BARE,
    EXTENSIONS,
    GETATTR,
    OF_CLASSES,
    RENAMES,
    STANDS_ALONE,
    Refusal,
    Verdict,
)
from pickle_migrate.refs import GlobalRef
from pickle_migrate.scanner import Effect, Extension, Global, Scan

if TYPE_CHECKING:
    from pickle_migrate.policy import Policy

_ITEMS = frozenset(["append", "set_item", "add"])
_PROBLEMS = {
    "call": "a call of something that is no named global",
    "build_global": "gets a state, though it was named and not made here",
    "build_unknown": "a state for something that no named global made",
    "build_again": "changes to something that got its state before",
    "dunder_state": "a state that sets a name with double underscores",
}
# As in Limits.hashed_expansion, and as much more for each byte.
_FEW_VALUES, _VALUES_A_BYTE = 1_000_000, 64


def kinds(
    policy: Policy, scan: Scan, fix_imports: bool, persistent: bool
) -> list[Iterator[Refusal]]:
    """The refusals by their kind, each kind in order of the offsets."""
    found = [_globals(policy, scan, fix_imports), _codes(policy, scan), _effects(policy, scan)]
    return found if policy.trust else [*found, _unresolvable(scan), _persistent(scan, persistent)]


def _globals(policy: Policy, scan: Scan, fix_imports: bool) -> Iterator[Refusal]:
    reached = any(g.via == "getattr" for g in scan.globals)
    for named in scan.globals:
        try:
            verdict = policy.decide(named, fix_imports=fix_imports)
        except PickleMigrateError as error:
            verdict = Verdict(False, RENAMES, error.advice())
        if verdict is OF_CLASSES and not reached:
            verdict = BARE
        if not verdict.allowed:
            today = _today(policy, named, fix_imports)
            problem = "is not allowed"
            if today != named.ref and named.stamp is None:
                problem = f"(today {today}) is not allowed"
            yield Refusal(named.ref, named.offset, verdict.rule, problem, verdict.remedy)


def _today(policy: Policy, named: Global, fix_imports: bool) -> GlobalRef:
    try:
        return find_name(named, policy.registry, fix_imports=fix_imports)
    except PickleMigrateError:
        return named.ref


def _codes(policy: Policy, scan: Scan) -> Iterator[Refusal]:
    for extension in scan.extensions:
        refusal = _code(policy, extension)
        if refusal is not None:
            yield refusal


def _code(policy: Policy, extension: Extension) -> Refusal | None:
    if policy.trust and not policy.deny:
        return None
    ref = extension_ref(extension.code)
    what = f"the extension code {extension.code}"
    if not policy.extensions and not policy.trust:
        problem, remedy = f"{what} is closed", "To open them: Policy(extensions=True)."
        return Refusal(ref, extension.offset, EXTENSIONS, problem, remedy)
    if ref is None:
        problem = f"{what} is not registered in copyreg"
        return Refusal(None, extension.offset, EXTENSIONS, problem)
    verdict = policy.verdict_of_uses(ref, extension.uses)
    if verdict.allowed and ref != GETATTR:
        return None
    problem = f"({what}) is not allowed"
    return Refusal(ref, extension.offset, verdict.rule, problem, verdict.remedy)


def _effects(policy: Policy, scan: Scan) -> Iterator[Refusal]:
    if policy.trust:
        return
    protocols = {g.ref: mapped_name(g) for g in scan.globals}
    for effect in scan.effects:
        ref = effect.ref and protocols.get(effect.ref, effect.ref)
        problem = _problem_of(effect, ref is not None and policy.may_fill(ref))
        if effect.kind == "build" and ref is not None and _may_hash_for_ever(ref, scan):
            problem = "hashes its state, and this pickle shares values beyond measure"
        if problem is not None:
            remedy = "No rule allows this. If you trust the pickle, load it without a policy."
            yield Refusal(effect.ref, effect.offset, f"effect {effect.kind}", problem, remedy)


def _problem_of(effect: Effect, may_fill: bool) -> str | None:
    if effect.kind in _ITEMS:
        return None if may_fill else "items for something that is no container"
    return _PROBLEMS.get(effect.kind)


def _may_hash_for_ever(ref: GlobalRef, scan: Scan) -> bool:
    """Whether an object's state may be one that takes for ever to hash. A scan weighs keys only as
    far as tuples go: what ``__hash__`` of a class does, only the class could say.
    """
    if (ref.module, ref.qualname) not in HASH_THEIR_STATE:
        return False
    return scan.expansion > _FEW_VALUES + _VALUES_A_BYTE * (scan.end - scan.start)


def _unresolvable(scan: Scan) -> Iterator[Refusal]:
    for one in scan.unresolvable:
        problem = f"a global whose name cannot be known: {one.reason}"
        yield Refusal(None, one.offset, STANDS_ALONE, problem)


def _persistent(scan: Scan, persistent: bool) -> Iterator[Refusal]:
    if scan.persistent_ids and not persistent:
        offset = scan.persistent_id_offsets[0] if scan.persistent_id_offsets else scan.start
        remedy = "Load it with an Unpickler of its program, which has a persistent_load."
        yield Refusal(None, offset, "persistent ids", "a persistent id", remedy)
