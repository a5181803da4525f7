"""One pickle, inspected: its globals with verdicts, its findings, its tree, what is nested in it.

Decides and shows nothing; loads and imports nothing that the pickle names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import attrs

from pickle_migrate import dangers, nested_pickles, tree_builder
from pickle_migrate.errors import PickleFormatError, PickleMigrateError
from pickle_migrate.findings import DANGER, WARNING, Finding
from pickle_migrate.inspect_damage import damage, read_all, read_damaged
from pickle_migrate.inspected import COMPLETE, DAMAGED, GlobalFound, PickleFound
from pickle_migrate.limits import Limits
from pickle_migrate.policy import Policy
from pickle_migrate.policy_verdicts import Refusal, Verdict
from pickle_migrate.refs import GlobalRef
from pickle_migrate.row import rest_of_row
from pickle_migrate.scan_reader import Data
from pickle_migrate.scan_row import moved
from pickle_migrate.scanner import Global, Scan, mapped

#: How deep pickles in values of pickles are followed.
NESTING = 20
#: Findings of one rule that are told one by one; the rest is counted.
OF_A_RULE = 100
#: Shared values, counted wherever they stand, by opcode. Ordinary graphs stay below a thousand.
EXPANDS = 1_000_000

StepsOf = Callable[[Scan], tuple[str, ...]]


def no_steps(found: Scan) -> tuple[str, ...]:
    """For who has no declarations: no steps."""
    return ()


@attrs.frozen
class Options:
    """How to inspect. The tree of a pickle of at most ``opcodes`` is built whole, of a larger one
    that of the first ``partial``. ``steps`` gives the migrations that a scanned pickle would need.
    """

    policy: Policy
    limits: Limits = attrs.field(factory=Limits)
    opcodes: int = 20_000
    partial: int = 5_000
    steps: StepsOf = no_steps


@attrs.frozen
class Source:
    """Where a pickle stands: the bytes, what to call their place, and how an offset in them is
    turned into one in the bytes as they were found (joblib's arrays are taken out before a scan).
    """

    data: Data
    place: str = ""
    original: Data | None = None
    shift: Callable[[int], int] = int


def inspect_pickle(
    found: Scan,
    source: Source,
    options: Options,
    budget: nested_pickles.Budget,
    *,
    extra: Iterable[Finding] = (),
    status: str = COMPLETE,
    nesting: int = 0,
) -> PickleFound:
    """What there is to say of a pickle that was scanned. ``extra`` are findings made before."""
    shift = source.shift
    data = source.data if source.original is None else source.original
    # What was read of a damaged one ends in a value and a STOP that it does not have.
    start, end = shift(found.start), min(shift(found.end), len(data))
    limit = options.opcodes if found.opcodes <= options.opcodes else options.partial
    limit = min(limit, budget.opcodes)
    tree = tree_builder.build(data, start, limit, arrays=source.original is not None)
    budget.opcodes -= tree.opcodes
    globals_ = tuple(_global(named, options.policy, shift) for named in found.globals)
    nested, unread = _nested(data, end, tree, options, budget, nesting)
    found_ = [
        *extra,
        *_of_globals(globals_),
        *_of_refusals(found, options.policy, shift),
        *(attrs.evolve(f, offset=_shifted(f.offset, shift)) for f in found.differences),
        *_of_expansion(found, start),
        *_of_nested(nested),
        *unread,
    ]
    return PickleFound(
        source.place,
        start,
        end - start,
        found.protocol,
        status,
        globals_,
        capped(found_),
        tuple(nested),
        options.steps(found) if found.globals else (),
        found.opcodes,
        found.depth,
        found.memo,
        found.persistent_ids,
        found.buffers,
        tuple(one.code for one in found.extensions),
        tree,
        data,
    )


def merged(found: Sequence[Scan], source: Source, options: Options) -> PickleFound:
    """Many pickles of a row as one: all of their globals and findings, no graph. What is nested in
    them is not looked for.
    """
    globals_: dict[tuple[GlobalRef, tuple[str, ...]], GlobalFound] = {}
    told: dict[tuple[str, str], Finding] = {}
    for one in found:
        here = tuple(_global(named, options.policy, source.shift) for named in one.globals)
        for named in here:
            globals_.setdefault((named.ref, named.uses), named)
        for finding in (
            *_of_globals(here),
            *_of_refusals(one, options.policy, source.shift),
            *one.differences,
        ):
            told.setdefault((finding.rule, finding.message), finding)
    start, end = source.shift(found[0].start), source.shift(found[-1].end)
    return PickleFound(
        f"{source.place}, {len(found):,} more pickles".removeprefix(", "),
        start,
        end - start,
        max(one.protocol for one in found),
        COMPLETE,
        tuple(globals_.values()),
        capped(told.values()),
        opcodes=sum(one.opcodes for one in found),
        depth=max(one.depth for one in found),
        persistent_ids=sum(one.persistent_ids for one in found),
    )


def _shifted(offset: int | None, shift: Callable[[int], int]) -> int | None:
    return None if offset is None else shift(offset)


# --- globals --------------------------------------------------------------------------------------


def _global(named: Global, policy: Policy, shift: Callable[[int], int]) -> GlobalFound:
    try:
        verdict = policy.decide(named)
    except PickleMigrateError as error:
        verdict = Verdict(False, "renames", error.advice())
    today = mapped(named.ref, named.protocol)
    danger = None if verdict.allowed else dangers.danger_of(today)
    return GlobalFound(
        named.ref,
        today,
        shift(named.offset),
        named.uses,
        named.count,
        verdict.allowed,
        verdict.rule,
        verdict.remedy,
        danger,
        named.stamp,
        named.via,
    )


def _of_globals(found: tuple[GlobalFound, ...]) -> Iterator[Finding]:
    for one in found:
        if one.allowed:
            continue
        shown = str(one.ref) if one.today == one.ref else f"{one.ref} (today {one.today})"
        if one.danger is not None:
            message = f"{shown} is {one.use}: it {one.danger}"
            yield Finding("dangerous-global", DANGER, one.offset, message)
        else:
            message = f"{shown} is {one.use}, and nothing allows it ({one.rule})"
            yield Finding("refused-global", WARNING, one.offset, message)


# --- what else a policy refuses -------------------------------------------------------------------

# By the rule of the refusal: our rule and severity.
_RULES = {
    "effect call": ("computed-call", DANGER),
    "effect build_global": ("state-of-global", DANGER),
    "effect build_unknown": ("state-of-unknown", WARNING),
    "effect build_again": ("state-again", DANGER),
    "effect dunder_state": ("dunder-state", DANGER),
    "extension codes": ("extension-code", WARNING),
    "no name": ("unresolvable-name", DANGER),
}
_ITEMS = ("items-of-unknown", WARNING)


def _of_refusals(found: Scan, policy: Policy, shift: Callable[[int], int]) -> Iterator[Finding]:
    named = {one.offset for one in found.globals}
    for refusal in policy.refusals(found, persistent=True):
        rule = _RULES.get(refusal.rule)
        if rule is None and refusal.rule.startswith("effect "):
            rule = _ITEMS
        if rule is None and refusal.offset in named:
            continue  # a global, which has its own finding
        rule = rule or ("refused-global", WARNING)
        yield Finding(*rule, shift(refusal.offset), _message(refusal))


def _message(refusal: Refusal) -> str:
    problem = refusal.problem
    return f"{refusal.ref}: {problem}" if refusal.ref is not None else problem


def _of_expansion(found: Scan, start: int) -> Iterator[Finding]:
    """A billion laughs: cheap to load, endless to print, compare or copy."""
    if found.expansion > EXPANDS * found.opcodes:
        message = (
            f"its {found.opcodes:,} opcodes make a graph that is walked as {found.expansion:,}"
        )
        yield Finding("shared-expansion", WARNING, start, f"{message} values or more")


# --- nested pickles -------------------------------------------------------------------------------


def _nested(
    data: Data,
    end: int,
    tree: tree_builder.Tree,
    options: Options,
    budget: nested_pickles.Budget,
    nesting: int,
) -> tuple[list[PickleFound], list[Finding]]:
    """The pickles in the values of one, and a finding if not all of its values were tried."""
    if nesting >= NESTING:
        return [], _too_deep(data, tree.start, end, options)
    found = _with_header(data, tree.start, end, options, budget, nesting)
    groups = [nested_pickles.of_values(data, tree.values, budget)]
    if not tree.complete and not tree.problem:
        groups.append(nested_pickles.of_rest(data, tree.end, end, budget))
    for one in (one for group in groups for one in group):
        if one.start not in found:
            found[one.start] = _of_candidate(one, options, budget, nesting + 1)
    unread = []
    if budget.is_used_up:
        message = "there are more values that may be pickles than are tried"
        unread.append(Finding("not-read", WARNING, None, message))
    return [pickle for at in sorted(found) for pickle in found[at]], unread


def _with_header(
    data: Data,
    start: int,
    end: int,
    options: Options,
    budget: nested_pickles.Budget,
    nesting: int,
) -> dict[int, list[PickleFound]]:
    """Pickles of protocols 2 to 5 anywhere inside of one, by their offset."""
    found: dict[int, list[PickleFound]] = {}
    for one, extra in rest_of_row(data, start + 2, options.limits, end):
        at, size = one.start, one.end - one.start
        # One that names nothing and fills no argument is one by chance.
        if not one.globals and nested_pickles.length_before(data, at, end) != size:
            continue
        if not budget.take(size):
            break
        source = Source(bytes(memoryview(data)[at : one.end]), f"value at byte {at}")
        told = [attrs.evolve(f, offset=(f.offset or 0) - at) for f in extra]
        found[at] = [
            inspect_pickle(
                moved(one, -at), source, options, budget, extra=told, nesting=nesting + 1
            )
        ]
    return found


def _too_deep(data: Data, start: int, end: int, options: Options) -> list[Finding]:
    rest = (one for one, _ in rest_of_row(data, start + 2, options.limits, end))
    if not any(
        one.globals or nested_pickles.length_before(data, one.start, end) == one.end - one.start
        for one in rest
    ):
        return []
    message = f"pickles are nested deeper than {NESTING}, and those are not read"
    return [Finding("not-read", WARNING, start, message)]


def _of_candidate(
    one: nested_pickles.Nested, options: Options, budget: nested_pickles.Budget, nesting: int
) -> list[PickleFound]:
    form = f", {one.form}" if one.form else ""
    source = Source(one.payload, f"value at byte {one.start}{form}")
    has_header = one.payload[:1] == b"\x80"
    try:
        scans, extra = read_all(one.payload, options.limits)
    except PickleFormatError as error:
        seen = read_damaged(one.payload, 0, error)
        if seen is None or not _runs(seen) or not (has_header or seen.opcodes > 3):
            return []
        return [
            inspect_pickle(
                seen,
                source,
                options,
                budget,
                extra=[damage(error)],
                status=DAMAGED,
                nesting=nesting,
            )
        ]
    names = any(s.globals or s.extensions or s.unresolvable for s in scans.pickles)
    if not names and (scans.trailing or not has_header):
        return []
    return [
        inspect_pickle(s, source, options, budget, extra=extra if not n else (), nesting=nesting)
        for n, s in enumerate(scans.pickles[:OF_A_RULE])
    ]


def _runs(found: Scan) -> bool:
    """Whether an unpickler would have called something before it found the damage."""
    return any(one.use != "named" for one in found.globals)


def _of_nested(nested: list[PickleFound]) -> Iterator[Finding]:
    for one in nested:
        if not one.findings:
            continue
        severity = DANGER if any(f.severity == DANGER for f in one.findings) else WARNING
        count = len(one.findings)
        more = f" and {count - 1} more" if count > 1 else ""
        at = int(one.place.removeprefix("value at byte ").partition(",")[0])
        message = f"a value is a pickle itself: {one.findings[0].message}{more}"
        yield Finding("nested-pickle", severity, at, message)


def capped(found: Iterable[Finding]) -> tuple[Finding, ...]:
    """Findings, each once, the first ones of each rule; of the rest one that counts them."""
    kept: dict[str, list[Finding]] = {}
    left: dict[str, Finding] = {}
    counts: dict[str, int] = {}
    for finding in dict.fromkeys(found):
        here = kept.setdefault(finding.rule, [])
        if len(here) < OF_A_RULE:
            here.append(finding)
        else:
            counts[finding.rule] = counts.get(finding.rule, 0) + 1
            if finding.severity == DANGER or finding.rule not in left:
                left[finding.rule] = finding
    more = [
        attrs.evolve(f, message=f"{counts[rule]} more findings of this rule")
        for rule, f in left.items()
    ]
    flat = [f for group in kept.values() for f in group]
    return tuple(sorted([*flat, *more], key=lambda f: (f.severity != DANGER, f.offset or 0)))
