"""Printing on a terminal or into a pipe: lines, and a progress bar for people who watch.

The bar is drawn on a terminal only, by rich, which is imported when there is one. In a pipe or a
file there are plain lines.
"""

from __future__ import annotations

import contextlib
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TextIO

import click

from pickle_migrate.report import Mark, escaped

if TYPE_CHECKING:
    from rich.console import Console

Step = Callable[[str], None]
_PATH_SHOWN = 40


class Shown(Protocol):
    """A line as ``report`` and ``inspect_report`` make it: its text, escaped; its colours; and what
    stands in front of what doesn't fit.
    """

    @property
    def plain(self) -> str: ...  # noqa: D102
    @property
    def marks(self) -> Sequence[Mark]: ...  # noqa: D102
    @property
    def indent(self) -> str: ...  # noqa: D102


class Screen:
    """Where the command prints. ``out`` is standard output; ``quiet`` leaves it to the document
    that comes at the end, so that the bar goes to standard error.
    """

    def __init__(self, out: TextIO, *, quiet: bool = False) -> None:
        self._out = out
        self._quiet = quiet
        self._console: Console | None = None

    def show(self, lines: Iterable[Shown]) -> None:
        """Print lines, above the bar if there is one; nothing when quiet."""
        if self._quiet:
            return
        for line in lines:
            if self._out.isatty():
                self._show_wrapped(line)
            else:
                click.echo(line.plain, file=self._out)

    def write(self, text: str) -> None:
        """Print a text as it is, the document for programs."""
        click.echo(text, file=self._out)

    def _show_wrapped(self, line: Shown) -> None:
        from rich.text import Text

        console = self._terminal()
        wrapped = textwrap.wrap(
            line.plain,
            console.width,
            subsequent_indent=line.indent,
            break_long_words=False,
            break_on_hyphens=False,
            replace_whitespace=False,
            drop_whitespace=False,
        )
        text = Text("\n".join(part.rstrip() for part in wrapped))
        for mark in line.marks:
            text.stylize(mark.style, mark.start, mark.end)
        console.print(text, soft_wrap=True)

    def _terminal(self) -> Console:
        if self._console is None:
            from rich.console import Console

            # Errors of the terminal's encoding are the stream's matter, colours are rich's.
            self._console = Console(file=self._out, highlight=False, markup=False, emoji=False)
        return self._console

    @contextlib.contextmanager
    def progress(self, title: str, total: int) -> Iterator[Step]:
        """A bar over ``total`` files while the block runs; the function that it gives is called
        after each with its path.
        """
        console = self._console_of_bar()
        if console is None:
            yield lambda path: None
            return
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[path]}", markup=False, style="dim"),
        )
        with Progress(*columns, console=console, transient=True) as bar:
            task = bar.add_task(title, total=total, path="")

            def step(path: str) -> None:
                bar.update(task, advance=1, path=_tail(path))

            yield step

    def _console_of_bar(self) -> Any:
        if self._out.isatty() and not self._quiet:
            return self._terminal()
        if not sys.stderr.isatty():
            return None
        from rich.console import Console

        return Console(stderr=True, highlight=False)


def _tail(path: str) -> str:
    shown = escaped(path)
    return shown if len(shown) <= _PATH_SHOWN else "..." + shown[-_PATH_SHOWN:]
