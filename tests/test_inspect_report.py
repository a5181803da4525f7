"""What inspect says of a file: bounded lines, escaped, and a document in ASCII."""

from __future__ import annotations

import json
import os
import pickle

from pickle_migrate import inspect_report as report
from pickle_migrate import policy
from pickle_migrate.discovery import Found
from pickle_migrate.findings import DANGER, WARNING, Finding
from pickle_migrate.inspect_file import inspect_data
from pickle_migrate.inspect_pickle import Options
from pickle_migrate.inspected import FileFound
from pickle_migrate.tree_view import Cut

OPTIONS = Options(policy.for_command())


def inspected(data: bytes, name: str = "f.bin"):
    return inspect_data(data, Found(name, name, explicit=True), OPTIONS)


def lines(data: bytes, cut: Cut | None = None, name: str = "f.bin"):
    return [line.plain for line in report.file_lines(inspected(data, name), cut or Cut())]


def test_a_pickle_is_told_whole():
    """Summary, head, graph, globals, findings, in this order."""
    assert lines(b"cshop\nOrder\n)\x81.") == [
        "f.bin: suspicious: 1 pickle, 15 bytes",
        "  Pickle at byte 0: suspicious, protocol 2, 15 bytes, 4 opcodes, depth 1",
        "    Graph:",
        "      shop:Order, 14 bytes",
        "    Globals:",
        "      refused  shop:Order  instantiated, byte 0 (not listed)",
        "    Findings:",
        "      warning  refused-global at byte 0: shop:Order is instantiated, and nothing allows "
        "it (not listed)",
    ]


def test_what_matters_stands_first():
    """Dangers before warnings, refused names before allowed ones."""
    data = b"(ccollections\nOrderedDict\ncshop\nA\ncos\nsystem\nl."
    found = [line.strip().split()[0] for line in lines(data)]
    rows = [word for word in found if word in ("refused", "allowed", "danger", "warning")]
    assert rows == ["refused", "refused", "allowed", "danger", "warning"]


def test_nested_pickles_are_indented():
    """With their own globals and findings, below the outer one's."""
    text = lines(pickle.dumps([pickle.dumps(os.system)]))
    inner = next(line for line in text if "Pickle in value at byte" in line)
    assert inner.startswith("    Pickle")
    assert any(line.startswith("        refused") for line in text)


def test_lists_are_cut_and_counted():
    """A thousand names, findings or pickles have a short answer; the worst are not hidden."""
    names = b"(" + b"".join(b"cshop\nC%d\n" % n for n in range(1000)) + b"l."
    text = lines(names)
    assert len(text) < 200
    assert "      ... 960 more" in text
    many = lines(pickle.dumps([1]) * 300 + pickle.dumps(os.system))
    assert len(many) < 400
    assert any("dangerous" in line for line in many[1:])
    assert any("... 261 more pickles: 261 clean" in line for line in many)


def test_short_form_tells_findings_only():
    """As for many files; nothing of clean pickles."""
    assert [one.plain for one in report.file_lines(inspected(pickle.dumps([1]) * 3), None)] == [
        "f.bin: clean: 3 pickles, 51 bytes"
    ]
    evil = report.file_lines(inspected(pickle.dumps([1]) + pickle.dumps(os.system)), None)
    assert len(evil) == 4


def test_paths_and_names_are_escaped():
    """Nothing steers a terminal: paths, members, names, messages."""
    data = b"cm\x1b[1m\n\xe2\x80\xae\n."
    for line in lines(data, name="a\x1b[2J\n.pkl"):
        assert line.isprintable()
    found = FileFound("f", findings=(Finding("r", WARNING, 0, "\x1b" + "x" * 10_000),))
    assert all(one.plain.isprintable() for one in report.file_lines(found, None))
    assert max(len(one.plain) for one in report.file_lines(found, None)) < 500


def test_files_that_are_none_or_cannot_be_read():
    """One line that says so."""
    assert lines(b"Dear Ada,") == ["f.bin: none: no pickle; it is a text file, 9 bytes"]
    (line,) = report.file_lines(FileFound("f", error="is not there"), None)
    assert line.plain == "f: error: is not there"


def test_the_closing_line_counts_and_says_how_to_allow():
    """Dangers are not offered to be allowed."""
    files = [
        inspected(pickle.dumps(1)),
        inspected(b"cshop.a\nOrder\n."),
        inspected(pickle.dumps(os.system)),
    ]
    closing = [line.plain for line in report.closing_lines(files, 2)]
    assert closing[0] == (
        "3 files: 1 clean, 1 suspicious, 1 dangerous, 2 other files in folders are no pickles."
    )
    assert closing[1:] == ["To allow it, if you trust it: --allow shop.a:Order"]
    more = report.closing_lines([inspected(b"(cshop.a\nA\ncshop.b\nB\nl.")])
    assert "--allow 'shop.*', or --trust for all." in more[1].plain


def test_the_document_is_ascii_whatever_the_pickle_holds():
    """Surrogates and controls are escaped by JSON itself."""
    data = b"\x80\x04\x8c\x03\xed\xa0\x80\x8c\x01\x1b\x93."
    text = report.document([report.file_document(inspected(data))])
    assert text.isascii()
    (named,) = json.loads(text)["files"][0]["pickles"][0]["globals"]
    assert named["ref"] == "\ud800:\x1b"


def test_words_are_coloured_where_they_stand():
    """The mark covers the word; other lines have none."""
    line = report.Line("a.pkl: dangerous: 1 pickle", "dangerous")
    (mark,) = line.marks
    assert (line.plain[mark.start : mark.end], mark.style) == ("dangerous", "bold red")
    assert report.Line("plain").marks == ()
    assert report.Line("    text").indent == " " * 6
    assert Finding("r", DANGER, None, "m").severity == "danger"
