"""Plain lines in a pipe, a bar and colours on a terminal."""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys

from pickle_migrate.report import Line
from pickle_migrate.screen import Screen

PROGRAM = """
import sys
from pickle_migrate.report import Line
from pickle_migrate.screen import Screen
screen = Screen(sys.stdout, quiet={quiet})
with screen.progress("Upgrading", 2) as step:
    screen.show([Line("[red]one[/red] :smile: " + "word " * 30, "upgraded")])
    step("some/path")
    screen.show([Line("two")])
    step("other/path")
screen.show([Line("")])
screen.write("the end")
"""


def on_a_terminal(quiet: bool = False, **environment: str) -> str:
    """What the program writes to a terminal of 80 columns."""
    master, slave = pty.openpty()
    subprocess.run(
        [sys.executable, "-c", PROGRAM.format(quiet=quiet)],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "80", **environment},
        check=True,
    )
    os.close(slave)
    parts = []
    with os.fdopen(master, "rb") as terminal:
        while True:
            try:
                part = terminal.read1(65536)
            except OSError:  # the other end is closed
                break
            if not part:
                break
            parts.append(part)
    return b"".join(parts).decode()


def test_plain_lines_in_a_pipe():
    """Line by line, as they come, without colours and bars."""
    out = io.StringIO()
    screen = Screen(out)
    with screen.progress("Upgrading", 2) as step:
        screen.show([Line("a  text", "upgraded")])
        step("a")
    screen.show([Line("end")])
    assert out.getvalue() == "upgraded       a  text\nend\n"


def test_quiet_leaves_the_output_to_the_document():
    """With --json."""
    out = io.StringIO()
    screen = Screen(out, quiet=True)
    screen.show([Line("text", "upgraded")])
    screen.write("{}")
    assert out.getvalue() == "{}\n"


def test_rich_is_not_imported_for_a_pipe():
    """It takes longer than all else."""
    code = PROGRAM.format(quiet=False) + "\nassert 'rich' not in sys.modules"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_bar_and_colours_on_a_terminal():
    """The bar says how far it is and is gone at the end; the word is green."""
    shown = on_a_terminal()
    assert "Upgrading" in shown
    assert "2/2" in shown
    assert "other/path" in shown
    assert "\x1b[32mupgraded" in shown
    assert shown.rstrip().endswith("the end")


def test_texts_are_not_taken_for_markup():
    """Square brackets and colons in a path are what they are."""
    assert "[red]one[/red] :smile:" in on_a_terminal()


def test_long_lines_are_wrapped_with_an_indent():
    """A terminal would break them in the middle of a word."""
    lines = on_a_terminal(NO_COLOR="1").splitlines()
    follow = [line for line in lines if line.startswith(" " * 15 + "word")]
    assert follow
    assert all(len(line) <= 80 for line in follow)


def test_the_bar_goes_to_standard_error_when_the_output_is_a_document():
    """Both are the terminal here; the lines are left out and the document is there."""
    shown = on_a_terminal(quiet=True)
    assert "Upgrading" in shown
    assert "upgraded" not in shown
    assert "the end" in shown
