"""The hostile corpus, shown to everything that reads pickles.

Each file is refused or shown inert: nothing that it names beyond the allow-list is imported or
asked for, nothing is opened, started or written, and memory stays within four times the file's size
and a constant. A process of its own reads the files under an audit hook; see ``worker``.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from assemble import ALLOWED, CONTAINED, INERT, LIMITED, MALFORMED, REFUSED, Sample
from watched import Watched
from write_corpus import GROUPS, samples, write

import pickle_migrate
from pickle_migrate import cli
from pickle_migrate.policy import for_command
from pickle_migrate.refs import GlobalRef

FILES = {sample.name: sample for sample in samples()}
GROUP_NAMES = [group.group for group in GROUPS]
#: What a reader may use beside four times the size: tables, modules, the interpreter's own.
CONSTANT = 32 * 1024**2
#: The same for compressed files, whose contents are unpacked up to a limit.
UNPACKED = 128 * 1024**2
#: Modules of the standard library that reading itself imports when it first needs them.
OWN_IMPORTS = frozenset({
    "_compat_pickle", "typing", "_typing", "zipfile", "compression", "backports", "bz2", "_bz2",
    "lzma", "_lzma", "gzip", "_compression", "decimal", "_decimal", "_pydecimal", "pickletools",
    "heapq", "_heapq", "importlib.util", "importlib._abc", "shutil", "encodings.cp437", "_uuid",
    "encodings.raw_unicode_escape", "encodings.latin_1", "encodings.unicode_escape",
    "zipfile._path", "zipfile._path.glob",  # part of zipfile from 3.12 on
})  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The corpus as files."""
    made = tmp_path_factory.mktemp("hostile")
    write(made)
    return made


@pytest.fixture(scope="module")
def watched(folder: Path) -> Iterator[Watched]:
    """The process under test, which has read something ordinary before anything hostile."""
    process = Watched(folder)
    for face in FACES:
        for name in ("benign/rows-p4", "benign/dates-p0", "calls/inst", "benign/numpy-floats-p4"):
            process.ask(face, folder / FILES[name].file)
    yield process
    process.stop()


# --- which faces there are ---


def _has_option(command: str, option: str) -> bool:
    found = cli.main.commands.get(command)
    return found is not None and any(option in p.opts for p in found.params)


def _faces() -> list[str]:
    faces = ["scan", "refusals"]
    if "policy" in inspect.signature(pickle_migrate.load).parameters:
        faces.append("load")
    if "inspect" in cli.main.commands:
        faces += ["inspect", "inspect-tree", "dis"]
    if _has_option("upgrade", "--policy") or _has_option("upgrade", "--trust"):
        faces.append("upgrade")
    if _has_option("upgrade", "--static"):
        faces.append("static")
    return faces


FACES = _faces()


# --- the corpus itself ---


def test_the_corpus_is_large_and_each_technique_is_named():
    """At least 200 files; each has a name of its own and a line that says what it does."""
    assert len(FILES) == len(samples()) > 1000
    assert all(sample.about for sample in samples())
    assert sum(s.expect in (REFUSED, LIMITED, MALFORMED) for s in samples()) > 500
    assert {s.expect for s in samples()} == {
        REFUSED, MALFORMED, LIMITED, INERT, CONTAINED, ALLOWED,
    }  # fmt: skip


def test_no_two_files_are_the_same():
    """A technique counts once: the same bytes under the same suffix stand once."""
    seen: dict[tuple[bytes, bool], str] = {}
    for sample in samples():
        disguised = sample.name.endswith("-disguised")
        assert seen.setdefault((sample.data, disguised), sample.name) == sample.name


def test_the_corpus_is_the_same_each_time(folder: Path):
    """It is made by a script, and by nothing else."""
    manifest = json.loads((folder / "manifest.json").read_text())
    assert [entry["file"] for entry in manifest] == [s.file for s in samples()]
    assert all((folder / s.file).read_bytes() == s.data for s in samples())


# --- what every face owes ---


def allowed_modules() -> frozenset[str]:
    """Modules that the commands' policy may import for a benign file, with all above them."""
    from pickle_migrate import policy_presets

    named = {module for n in policy_presets.NAMES for module, _ in policy_presets.table(n)}
    return frozenset(module.split(".")[0] for module in named)


def reached(sample: Sample, answer: dict[str, Any]) -> list[str]:
    """What a file reached that it must not, as phrases."""
    found = [f"{what}: {answer[what]}" for what in ("touched", "events", "written") if answer[what]]
    may = allowed_modules() if sample.expect in (ALLOWED, INERT) or sample.by_arguments else ()
    for module in answer["imported"]:
        top = module.split(".")[0]
        if module not in OWN_IMPORTS and top not in may and top != "pickle_migrate":
            found.append(f"imported {module[:60]}")
    policy = for_command()
    for ref in answer["asked"]:
        if not policy.verdict(GlobalRef(*ref.split(":", 1)), "called").allowed:
            found.append(f"asked for {ref[:60]}")
    opened = [path for path in answer["opened"] if not _may_open(path, sample)]
    return found + [f"opened {path[:60]}" for path in opened]


def _may_open(path: str, sample: Sample) -> bool:
    # A number is a file that was opened already.
    is_setting = path.endswith((".toml", ".py", ".pyc"))
    return path.endswith(sample.file) or is_setting or path.isdigit()


def problems(face: str, sample: Sample, answer: dict[str, Any]) -> list[str]:
    """All that is wrong with an answer."""
    outcome = answer["outcome"]
    if outcome in ("died", "hung"):
        return [f"the process {outcome}"]
    found = reached(sample, answer)
    if outcome != "returned" and not _is_typed(face, answer):
        found.append(f"{outcome} is no error of ours: {answer['message']}")
    if face in ("inspect", "inspect-tree", "dis") and outcome != "returned":
        found.append(f"inspect raised {outcome}: {answer['message']}")
    constant = UNPACKED if sample.bomb and sample.expect == CONTAINED else CONSTANT
    if answer["peak"] > 4 * len(sample.data) + constant:
        found.append(f"took {answer['peak']:,} bytes for {len(sample.data):,}")
    return found + EXPECTED[face](sample, answer)


def _is_typed(face: str, answer: dict[str, Any]) -> bool:
    """Whether an error is one of ours; a load may raise what pickle itself raises for the bytes,
    and what an allowed class says of its arguments.
    """
    known = {"PickleMigrateError"}
    if face == "load":
        known |= {"UnpicklingError", "EOFError", "ValueError"}
    return not known.isdisjoint(answer["bases"])


def _of_scan(sample: Sample, answer: dict[str, Any]) -> list[str]:
    outcome = answer["outcome"]
    if sample.expect in (MALFORMED, LIMITED):
        return [] if outcome in ("PickleFormatError", "LimitError") else [f"scan: {outcome}"]
    if sample.expect == CONTAINED:
        return []
    if outcome != "returned":
        return [f"scan: {outcome}: {answer['message']}"]
    missing = set(sample.names) - set(answer["names"])
    return [f"missed {ref[:60]}" for ref in missing if not answer["unresolvable"]]


def _of_refusals(sample: Sample, answer: dict[str, Any]) -> list[str]:
    if answer["outcome"] != "returned" or sample.by_arguments:
        return []
    if sample.expect == REFUSED and not answer["refused"]:
        return ["the policy refuses nothing"]
    if sample.expect in (ALLOWED, INERT) and answer["refused"]:
        return [f"the policy refuses a benign file: {answer['first']}"]
    return []


def _of_load(sample: Sample, answer: dict[str, Any]) -> list[str]:
    outcome = answer["outcome"]
    if sample.expect == ALLOWED and outcome != "returned":
        return [f"a benign file does not load: {outcome}: {answer['message']}"]
    if sample.expect in (REFUSED, MALFORMED, LIMITED, CONTAINED) and outcome == "returned":
        return [] if sample.later else [f"it loaded, to {answer['type']}"]
    return []


def _of_inspect(sample: Sample, answer: dict[str, Any]) -> list[str]:
    if answer["outcome"] != "returned":
        return []
    found = [] if sample.expect != ALLOWED or answer["code"] == 0 else ["a benign file is accused"]
    if sample.expect in (REFUSED, LIMITED) and not sample.by_arguments and answer["code"] == 0:
        found.append("nothing was found")
    missing = [ref for ref in sample.inside if json.dumps(ref)[1:-1] not in answer["out"]]
    return found + [f"did not show {ref} inside" for ref in missing]


def _of_words(sample: Sample, answer: dict[str, Any]) -> list[str]:
    shown = answer.get("out", "")
    known = {*"\n\r\t", "\xa0"}
    bad = {c for c in shown if not c.isprintable()} - known
    return [f"unescaped characters are shown: {bad}"] if bad else []


def _of_upgrade(sample: Sample, answer: dict[str, Any]) -> list[str]:
    return []


EXPECTED = {
    "scan": _of_scan,
    "refusals": _of_refusals,
    "load": _of_load,
    "inspect": _of_inspect,
    "inspect-tree": _of_words,
    "dis": _of_words,
    "upgrade": _of_upgrade,
    "static": _of_upgrade,
}


#: Graphs whose cost is in the scan, which these faces share with others.
SEEN_ELSEWHERE = {("dis", "graph-bombs"), ("upgrade", "graph-bombs"), ("refusals", "graph-bombs")}
PAIRS = [(f, g) for f in FACES for g in GROUP_NAMES if (f, g) not in SEEN_ELSEWHERE]


@pytest.mark.parametrize(("face", "group"), PAIRS)
def test_refused_or_inert(face: str, group: str, folder: Path, watched: Watched):
    """Every file of a group, shown to one face: nothing is reached, and it is told what it is."""
    found = {}
    for name, sample in FILES.items():
        if sample.group == group:
            wrong = problems(face, sample, watched.ask(face, folder / sample.file))
            if wrong:
                found[name] = wrong
    assert not found


@pytest.mark.skipif("load" not in FACES, reason="load takes no policy yet")
def test_benign_files_load_as_with_plain_pickle(folder: Path, watched: Watched):
    """What is allowed loads to what plain pickle gives."""
    answers = {
        name: watched.ask("equal", folder / sample.file)
        for name, sample in FILES.items()
        if sample.expect == ALLOWED
    }
    assert {name: a for name, a in answers.items() if not a.get("equal")} == {}


def test_the_watch_sees_what_a_plain_load_would_do(folder: Path, watched: Watched):
    """Falsified on purpose: the same files, read by plain pickle, are all seen by the watch."""
    for name in (
        "calls/reduce-global-p0",
        "calls/inst",
        "effects/build-setstate",
        "codes/ext1-cached",
    ):
        answer = watched.ask("plain", folder / FILES[name].file)
        assert reached(FILES[name], answer)
    watched.stop()
