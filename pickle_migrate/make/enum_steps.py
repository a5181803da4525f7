"""The step of an enum: members that have other names or values. Its state is both of them."""

from __future__ import annotations

import enum
from collections.abc import Iterable

from pickle_migrate.errors import RequestError
from pickle_migrate.make.layout import call, quoted
from pickle_migrate.make.questions import Asker, Question
from pickle_migrate.make.step import FunctionText, Step, variable_of
from pickle_migrate.make.subject import Subject


def enum_step(subject: Subject, asker: Asker) -> Step:
    """A function that gives each member its name and value of today. A member that is gone is
    another one now: it is asked which.
    """
    before, after = subject.before, subject.after
    renamed = {old: new for new, old in subject.hints.renamed.items() if old in before}
    for old in (n for n in before if n not in after and n not in renamed):
        new = _successor(subject, asker, old)
        if new is not None:
            renamed[old] = new
    values = {
        new: after[new]
        for old in before
        if (new := renamed.get(old, old)) in after and before[old] != after[new]
    }
    words = [f"{old} is called {new} now" for old, new in renamed.items()]
    words += [f"{name} has the value {value} now" for name, value in values.items()]
    if issubclass(subject.cls, enum.Flag):
        body = _bits(subject, renamed)
    else:
        body = [*_names(renamed), *_values(values, subject)]
    decorator = call("migrates", quoted(str(subject.ref)), str(subject.version))
    docstring = _sentence(words)
    function = FunctionText(
        variable_of(subject.ref), ("state",), docstring, body=tuple(body), decorator=decorator
    )
    return Step(
        subject.ref,
        subject.version,
        subject.to,
        functions=(function,),
        words=tuple(words),
        old_name=subject.old_name,
        whole_function=True,
    )


def _sentence(words: list[str]) -> str:
    return "; ".join(words) + "." if words else "Nothing changed for the members that there were."


def _successor(subject: Subject, asker: Asker, old: str) -> str | None:
    name = subject.name
    new = [n for n in subject.after if n not in subject.before]
    same = [n for n in new if subject.after[n] == subject.before[old]]
    for one in same:
        question = Question(
            f"Was {name}.{old} renamed to {name}.{one} ({subject.after[one]})?",
            f"--renamed {name}.{old}={one}",
        )
        if asker.confirm(question):
            return one
        if hasattr(asker, "questions"):
            return None

    def check(text: str) -> str | None:
        known = ", ".join(subject.after)
        return None if text.strip() in subject.after else f"it is one of {known}"

    question = Question(
        f"{name}.{old} is gone. Which member is it now?",
        f"--renamed {name}.{old}=MEMBER",
        note=f"Members are {', '.join(subject.after)}.",
    )
    answer = asker.answer(question, check)
    return None if answer is None else answer.strip()


def _names(renamed: dict[str, str]) -> list[str]:
    if not renamed:
        return []
    return [
        f"renamed = {_table((quoted(old), quoted(new)) for old, new in renamed.items())}",
        'state["name"] = renamed.get(state["name"], state["name"])',
    ]


def _table(pairs: Iterable[tuple[str, str]]) -> str:
    return "{" + ", ".join(f"{key}: {value}" for key, value in pairs) + "}"


def _bits(subject: Subject, renamed: dict[str, str]) -> list[str]:
    """Of flags, each bit goes its own way; combinations have a name that is made of theirs."""
    after: dict[str, str] = subject.after
    pairs = []
    for old, text in subject.before.items():
        new = renamed.get(old, old)
        if new in after and text.isdigit() and int(text).bit_count() == 1:
            pairs.append((int(text), int(after[new])))
    if all(old == new for old, new in pairs):
        return ['state["name"] = None']
    return [
        f"bits = {_table((str(old), str(new)) for old, new in sorted(pairs))}",
        'value = state["value"]',
        "others = value & ~sum(bits)",
        'state["value"] = others | sum(new for old, new in bits.items() if value & old)',
        'state["name"] = None',
    ]


def _values(values: dict[str, str], subject: Subject) -> list[str]:
    if not values:
        return []
    from pickle_migrate.make.sources import value_source

    shown = []
    for name in values:
        source = value_source(subject.cls.__members__[name].value)  # type: ignore[attr-defined]
        if source is None or source.imports:
            raise RequestError(
                f"{subject.ref}: the new value of {name} has no source text",
                f"Write the step yourself; pickle-migrate make --empty {subject.ref} begins it.",
            )
        shown.append((quoted(name), source.text))
    return [
        f"values = {_table(shown)}",
        'state["value"] = values.get(state["name"], state["value"])',
    ]
