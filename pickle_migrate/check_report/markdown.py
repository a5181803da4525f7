"""The answer of a check as Markdown, for the summary of a job or a comment on a pull request."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pickle_migrate.check_report.text import outcomes
from pickle_migrate.checks.values import BROKEN, COULD_NOT_RUN, KEPT, CheckFinding, CheckReport
from pickle_migrate.report import escaped

#: GitHub takes a megabyte for a job's summary; a comment takes 65,536 characters.
LIMIT = 60_000
_ROW_LIMIT = 300
_SIGNS = {KEPT: "✅", BROKEN: "❌", COULD_NOT_RUN: "⚠️"}
_STEERING = re.compile(r"([\\`*_{}\[\]()#+.!|<>~&@$:-])")


def markdown(report: CheckReport) -> str:
    """A heading with the outcome, a table of the findings, and their details folded away. What
    doesn't fit into ``LIMIT`` characters is counted.
    """
    word = report.outcome
    parts = [f"### {_SIGNS[word]} pickle-migrate check: {word} ({report.mode})\n\n"]
    parts += [f"{outcomes(report.items) or 'nothing was looked at'}.\n\n"]
    findings = report.findings
    if findings:
        parts += ["| rule | where | what |\n|---|---|---|\n"]
        parts += _bounded([_row(found) for found in findings], LIMIT // 2, "| | | {} more |\n")
        parts.append("\n")
        detailed = [_details(found) for found in findings if found.details or found.advice]
        parts += _bounded(detailed, LIMIT - len("".join(parts)) - 200, "And {} more.\n")
    return "".join(parts)


def _bounded(texts: list[str], room: int, more: str) -> Iterator[str]:
    for number, text in enumerate(texts):
        room -= len(text)
        if room < 0:
            yield more.format(len(texts) - number)
            return
        yield text


def _row(found: CheckFinding) -> str:
    rule = f"{_SIGNS[found.outcome]} {inline(found.rule)}"
    what = f"{inline(found.what, _ROW_LIMIT)}"
    return f"| {rule} | {inline(_where(found))} | {what} |\n"


def _where(found: CheckFinding) -> str:
    if not found.path or found.path == found.subject:
        return found.subject
    return f"{found.subject} ({found.path}{f':{found.line}' if found.line else ''})"


def _details(found: CheckFinding) -> str:
    lines = [escaped(line) for line in (*found.details, *found.advice.splitlines())]
    fence = _fence(lines)
    title = _html(f"{found.rule}: {found.subject}")
    body = "\n".join(lines)
    return f"<details><summary>{title}</summary>\n\n{fence}diff\n{body}\n{fence}\n\n</details>\n\n"


def _fence(lines: list[str]) -> str:
    # Longer than any row of backticks inside.
    longest = max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
    return "`" * max(3, longest + 1)


def inline(text: str, limit: int = 1_000) -> str:
    """Text that stands for itself in a cell of a table: one line, and nothing that is markup."""
    return _STEERING.sub(r"\\\1", escaped(" ".join(text.split()), limit))


def _html(text: str) -> str:
    cleaned = escaped(text)
    for character, name in (("&", "amp"), ("<", "lt"), (">", "gt")):
        cleaned = cleaned.replace(character, f"&{name};")
    return cleaned
