"""The answer of a check as one JSON document, in ASCII, for programs."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from pickle_migrate.checks.values import (
    BROKEN,
    COULD_NOT_RUN,
    KEPT,
    CheckedItem,
    CheckFinding,
    CheckReport,
)

#: Raised when a key goes or means something else; new keys do not raise it.
FORMAT = 1


def document(report: CheckReport) -> str:
    """The document. Its keys are in docs/reference/checks.md."""
    return json.dumps(content(report), indent=1, default=_kind)


def content(report: CheckReport) -> dict[str, Any]:
    """The document before it is text."""
    counts, rules = report.counts(), Counter(found.rule for found in report.findings)
    return {
        "format": FORMAT,
        "outcome": report.outcome,
        "mode": report.mode,
        "summary": {
            "kept": counts[KEPT],
            "broken": counts[BROKEN],
            "could_not_run": counts[COULD_NOT_RUN],
            "rules": dict(rules),
        },
        "items": [_item(item) for item in report.items],
    }


def _item(item: CheckedItem) -> dict[str, Any]:
    return {
        "group": item.group,
        "subject": item.subject,
        "outcome": item.outcome,
        "findings": [_finding(found) for found in item.findings],
    }


def _finding(found: CheckFinding) -> dict[str, Any]:
    return {
        "rule": found.rule,
        "outcome": found.outcome,
        "subject": found.subject,
        "message": found.what,
        "advice": found.advice,
        "path": found.path or None,
        "line": found.line,
        "details": list(found.details),
        "facts": found.facts,
    }


def _kind(value: object) -> str:
    # Never repr: that would run the code of what a pickle held.
    return type(value).__name__
