"""What ``make`` cannot know, as questions; and who answers them: a person, or nobody.

Deciding is apart from asking: whoever decides gets an ``Asker``. Without input nothing is guessed:
``Unanswered`` keeps each question, with the option that would answer it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import attrs


@attrs.frozen
class Question:
    """One question. ``hint`` says how to answer it without input; ``default`` is taken for an empty
    answer; ``note`` is shown above it.
    """

    text: str
    hint: str
    default: str = ""
    note: str = ""


class Asker(Protocol):
    """Answers questions."""

    def confirm(self, question: Question) -> bool:
        """Yes or no."""

    def answer(self, question: Question, check: Callable[[str], str | None]) -> str | None:
        """A text that passes ``check``, which gives what is wrong with it, or None. None: there is
        no answer.
        """


@attrs.define
class Unanswered:
    """Says no to everything, and keeps the questions."""

    questions: list[Question] = attrs.field(factory=list)

    def confirm(self, question: Question) -> bool:
        """No."""
        self.questions.append(question)
        return False

    def answer(self, question: Question, check: Callable[[str], str | None]) -> str | None:
        """None."""
        self.questions.append(question)
        return None
