"""The runner of the documentation's examples: what it finds, and that a false example fails."""

from __future__ import annotations

from pathlib import Path

import pytest
from doc_blocks import Block, blocks_of, run_page


def page(tmp_path: Path, *lines: str) -> list[Block]:
    path = tmp_path / "page.md"
    path.write_text("\n".join(lines), encoding="utf-8")
    return blocks_of(path, tmp_path)


def test_it_finds_blocks_and_leaves_directives_out(tmp_path):
    """Examples are found with language and line; ``{toctree}`` and the like are none."""
    found = page(tmp_path, "# A", "```python", "x = 1", "```", "```{toctree}", "a", "```", "")
    assert found == [Block("page.md", 2, "python", "x = 1\n")]


def test_a_comment_leaves_a_block_out_and_the_next_one_in(tmp_path):
    """``shown only`` needs a reason, and holds for one block."""
    fence = ["```python", "1 / 0", "```"]
    both = ["% shown only: it fails", "", *fence, *fence]
    assert [b.left_out for b in page(tmp_path, *both)] == [True, False]
    assert not page(tmp_path, "<!-- shown only: -->", *fence)[0].left_out


@pytest.mark.parametrize("lines", [["  ```python", "  x", "  ```"], ["```", "x", "```"]])
def test_a_block_that_would_not_run_is_refused(tmp_path, lines):
    """Indented blocks and blocks without a language raise instead of being passed over."""
    with pytest.raises(AssertionError):
        page(tmp_path, *lines)


def test_blocks_run_in_order_in_one_folder(tmp_path):
    """A file is written, a session and a script and a command use it, in new interpreters."""
    blocks = [
        Block("p", 1, "python", "# pack/one.py\nvalue = 1\n"),
        Block("p", 2, "python", ">>> from pack.one import value\n>>> value\n1\n"),
        Block("p", 3, "python", "from pack.one import value\nprint(value + 1)\n"),
        Block("p", 4, "text", "2\n"),
        Block("p", 5, "console", "$ python pack/one.py\n$ cat pack/one.py\n# pack...\nvalue = 1\n"),
        Block("p", 6, "console", "$ exit 3\n$ echo $?\n3\n"),
    ]
    assert run_page(blocks, tmp_path) == len(blocks)


@pytest.mark.parametrize(
    "blocks",
    [
        [("python", ">>> 1 + 1\n3\n")],
        [("python", "raise SystemExit(1)\n")],
        [("python", "print(1)\n"), ("text", "2\n")],
        [("python", "print(1)\n")],
        [("python", "print(1)\n"), ("console", "$ true\n")],
        [("console", "$ echo 1\n2\n")],
        [("console", "$ echo 1\n")],
        [("text", "1\n")],
        [("yaml", "a: 1\n")],
    ],
)
def test_a_false_example_fails(tmp_path, blocks):
    """Wrong output, missing output, an error, output without a script, an unknown language."""
    with pytest.raises(AssertionError):
        run_page([Block("p", n, *block) for n, block in enumerate(blocks)], tmp_path)
