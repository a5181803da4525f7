"""Reads and runs the examples of the documentation.

A page is a story: its blocks run from top to bottom in one new folder.

- ``python`` or ``toml`` whose first line is a comment with a file name: that file is written.
- ``python`` with ``>>>``: a session in a new interpreter, its output compared as doctest does.
- other ``python``: a script in a new interpreter; a ``text`` block right after it is its output.
- ``console``: each ``$`` line is run by the shell, its output compared. ``$?`` is the exit code of
  the command before.
- A line ``% shown only: reason`` or ``<!-- shown only: reason -->`` above a block leaves it out.

In expected output ``...`` stands for any text, and any run of spaces equals any other.
"""

from __future__ import annotations

import doctest
import os
import re
import subprocess
import sys
from pathlib import Path

import attrs

OTHERS = ("PICKLE_MIGRATE", "PYTEST", "PYTHON")  # variables that would change what a page shows
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
_FILE_NAME = re.compile(r"# (?P<path>[\w./-]+\.\w+)\n")
_LEFT_OUT = re.compile(r"^(?:% |<!-- )shown only: (?!-->)\S")
_SESSION = """\
import doctest, sys
text = sys.stdin.read()
test = doctest.DocTestParser().get_doctest(text, {"__name__": "__main__"}, "example", "example", 0)
runner = doctest.DocTestRunner(optionflags=%d, verbose=False)
runner.run(test)
sys.exit(runner.failures and 1)
"""


@attrs.frozen
class Block:
    """A fenced block: where it stands, its language, its text, and whether it is left out."""

    page: str
    line: int
    language: str
    text: str
    left_out: bool = False

    @property
    def place(self) -> str:
        return f"{self.page}, line {self.line}"


def blocks_of(path: Path, root: Path) -> list[Block]:
    """All fenced blocks of a page, in order. Directives (``{name}``) are not examples."""
    found: list[Block] = []
    lines = path.read_text(encoding="utf-8").split("\n")
    above, number = "", 0
    while number < len(lines):
        line = lines[number]
        if not line.lstrip().startswith("```"):
            above = line if line.strip() else above
            number += 1
            continue
        place = f"{path.relative_to(root)}, line {number + 1}"
        assert line.startswith("```"), f"{place}: an indented block would not be run"
        fence = line[: len(line) - len(line.lstrip("`"))]
        end = lines.index(fence, number + 1)
        language = line.strip("`").strip()
        assert language, f"{place}: a block without a language"
        if not language.startswith("{"):
            text = "".join(f"{inner}\n" for inner in lines[number + 1 : end])
            page = str(path.relative_to(root))
            left_out = bool(_LEFT_OUT.match(above))
            found.append(Block(page, number + 1, language, text, left_out))
        above, number = "", end + 1
    return found


def run_page(blocks: list[Block], folder: Path) -> int:
    """Run the blocks of a page in a folder. Gives how many ran. AssertionError: what differs."""
    count = 0
    output: str | None = None  # of a script, until the text block after it
    for block in blocks:
        if block.left_out:
            continue
        before, output = output, None
        named = _FILE_NAME.match(block.text)
        if block.language == "text":
            assert before is not None, f"{block.place}: no script stands right above this output"
            _compare(block.place, block.text, before)
        elif named is not None:
            path = folder / named["path"]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")
            if path.suffix == ".py":
                compile(block.text, block.place, "exec")
        elif block.language == "python" and block.text.startswith(">>> "):
            _run_session(block, folder)
        elif block.language == "python":
            output = _run_script(block, folder)
        elif block.language == "console":
            _run_console(block, folder)
        else:
            raise AssertionError(f"{block.place}: nothing runs a block of {block.language}")
        if before is not None and block.language != "text":
            assert not before, f"{block.place}: the script above prints {before!r}, unshown"
        count += 1
    assert not output, f"the last script prints {output!r}, unshown"
    return count


def _environment() -> dict[str, str]:
    kept = {n: v for n, v in os.environ.items() if not n.startswith(OTHERS)}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    # No bytecode: a page writes a module twice within one second.
    ours = {"PATH": path, "COLUMNS": "100", "NO_COLOR": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    return {**kept, **ours, "LC_ALL": "C.UTF-8"}


def _run(command: list[str], folder: Path, given: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=folder,
        env=_environment(),
        input=given,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )


def _run_session(block: Block, folder: Path) -> None:
    done = _run([sys.executable, "-c", _SESSION % FLAGS], folder, block.text)
    assert done.returncode == 0, f"{block.place}:\n{done.stdout}"


def _run_script(block: Block, folder: Path) -> str:
    done = _run([sys.executable, "-"], folder, block.text)
    assert done.returncode == 0, f"{block.place}:\n{done.stdout}"
    return done.stdout


def _run_console(block: Block, folder: Path) -> None:
    assert block.text.startswith("$ "), f"{block.place}: a console block starts with $"
    code = 0
    for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
        command, _, expected = part.partition("\n")
        done = _run(["sh", "-c", f"(exit {code})\n{command}"], folder)
        code = done.returncode
        _compare(f"{block.place}: {command}", expected, done.stdout)


def _compare(place: str, expected: str, got: str) -> None:
    checker = doctest.OutputChecker()
    if not checker.check_output(expected.rstrip() + "\n", got.rstrip() + "\n", FLAGS):
        raise AssertionError(f"{place}\nexpected:\n{expected}\ngot:\n{got}")
