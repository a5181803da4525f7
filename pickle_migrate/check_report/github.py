"""The findings of a check as annotations of GitHub Actions: lines that its runner reads.

Source of the format: docs.github.com, "Workflow commands for GitHub Actions", and the runner's
ActionCommand.cs, which says what is escaped: ``%``, CR and LF in the message; ``:`` and ``,`` in
properties too. GitHub shows the first ten errors of a step, so the findings of most files come
first: one of each rule, then the others.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from pickle_migrate.checks.values import CheckFinding, CheckReport
from pickle_migrate.report import escaped

#: Annotations of one run; GitHub shows ten of a step, and fifty of a job.
LIMIT = 50


def annotation_lines(report: CheckReport, folder: str = "") -> Iterator[str]:
    """A line for each finding, up to ``LIMIT``; the first of each rule before the others.

    ``folder``: where in the repository the check ran, with slashes; empty: at its root.
    """
    first: dict[str, CheckFinding] = {}
    for found in report.findings:
        first.setdefault(found.rule, found)
    chosen = list(first.values())
    chosen += [one for one in report.findings if not any(one is known for known in chosen)]
    for found in chosen[:LIMIT]:
        yield _annotation(found, folder)


def _annotation(found: CheckFinding, folder: str) -> str:
    path = posixpath.join(folder, found.path) if found.path else ""
    places = {"file": path, "line": str(found.line or "") if found.path else ""}
    properties = {**places, "title": f"pickle-migrate: {found.rule}"}
    told = ",".join(f"{name}={_property(text)}" for name, text in properties.items() if text)
    parts = (f"{found.subject}: {found.what}", *found.details[:20], found.advice)
    message = "%0A".join(_message(escaped(line)) for p in parts for line in p.splitlines())
    return f"::error {told}::{message}"


def _message(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _message(escaped(text)).replace(":", "%3A").replace(",", "%2C")
