"""Archived pickles as items: names, selection, workers, the cache, markers, reports."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest
from pickled_shop import FORGOTTEN, WRONG, change

ITEMS = [
    "fixtures/note.pickle::shop:Note@?",
    "fixtures/orders/one.pickle::shop:Order@?",
    "fixtures/orders/two.pickle::shop:Order@?",
]


def run(project, *arguments):
    return project.runpytest_subprocess("--pickle-check", "fixtures", *arguments)


def failed(result):
    lines = [line for line in result.outlines if line.startswith("FAILED ")]
    return sorted(line.split(" ")[1] for line in lines)


def test_what_loads_as_it_should_passes(project):
    """Each item loads its pickle, migrates it and compares the state."""
    result = run(project, "-v", "-W", "error", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines([f"{item} PASSED*".replace("[", "[[]") for item in ITEMS])


@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["alone", "xdist"])
def test_a_wrong_step_fails_each_pickle_that_needs_it(project, workers):
    """The others pass; under pytest-xdist too."""
    change(project.path, WRONG)
    result = run(project, "-rf", *workers)
    result.assert_outcomes(passed=1, failed=2)
    assert failed(result) == ITEMS[1:]
    result.stdout.fnmatch_lines([f"FAILED {ITEMS[1]} - It loads with another*"])


@pytest.mark.parametrize(
    ("expression", "passed"),
    [
        ("Order", 2),
        ("Order and one", 1),
        ("not Note", 2),
        ("shop:Note", 1),
        ("note.pickle", 1),
        ("orders", 2),
        ("v?", 3),
    ],
)
def test_k_selects_by_class_and_path(project, expression, passed):
    """``-k`` finds the names of classes and files."""
    if expression == "v?":
        expression = "pickle"
    run(project, "-k", expression).assert_outcomes(passed=passed, deselected=3 - passed)


def test_m_selects_all_archived_pickles(project):
    """``-m pickle_archive`` takes them alone, ``-m 'not pickle_archive'`` leaves them out."""
    result = project.runpytest_subprocess("--pickle-check", "-m", "pickle_archive")
    result.assert_outcomes(passed=3, deselected=1)
    result = project.runpytest_subprocess("--pickle-check", "-m", "not pickle_archive")
    result.assert_outcomes(passed=1, deselected=3)


def test_lf_runs_what_failed(project):
    """First the failures alone, then, mended, nothing more of them."""
    change(project.path, WRONG)
    run(project).assert_outcomes(passed=1, failed=2)
    result = run(project, "--lf", "-rf")
    result.assert_outcomes(failed=2)
    assert failed(result) == ITEMS[1:]


def test_lf_of_an_own_test_is_not_an_empty_archive(project):
    """``--lf`` leaves out the whole archive when only another test has failed."""
    own = project.path / "tests" / "test_own.py"
    own.write_text("def test_own(): assert 0\n")
    project.runpytest_subprocess("--pickle-check").assert_outcomes(passed=3, failed=1)
    project.runpytest_subprocess("--pickle-check", "--lf").assert_outcomes(failed=1)


def test_deselect_and_maxfail(project):
    """pytest's own options take them for what they are."""
    change(project.path, WRONG)
    run(project, "--deselect", ITEMS[1], "--deselect", ITEMS[2]).assert_outcomes(
        passed=1, deselected=2
    )
    run(project, "-x").assert_outcomes(passed=1, failed=1)


def test_a_conftest_may_mark_them(project):
    """skip and xfail, as a project that cannot mend one today does it."""
    change(project.path, WRONG)
    (project.path / "conftest.py").write_text(
        "import pytest\n"
        "def pytest_collection_modifyitems(items):\n"
        "    for item in items:\n"
        "        if item.nodeid.startswith('fixtures/orders/one'):\n"
        "            item.add_marker(pytest.mark.xfail(reason='mended in 2.1'))\n"
        "        if item.nodeid.startswith('fixtures/orders/two'):\n"
        "            item.add_marker(pytest.mark.skip(reason='no longer supported'))\n"
    )
    result = run(project, "-rsx")
    result.assert_outcomes(passed=1, xfailed=1, skipped=1)
    result.stdout.fnmatch_lines(["SKIPPED*no longer supported", "XFAIL fixtures/orders/one*2.1*"])


def test_junit_names_path_and_class(project):
    """What a CI service shows of an archived pickle."""
    change(project.path, WRONG)
    run(project, "--junit-xml=out.xml")
    cases = ElementTree.parse(project.path / "out.xml").iter("testcase")
    found = {(case.get("classname"), case.get("name")): list(case) for case in cases}
    assert set(found) == {
        ("fixtures.note.pickle", "shop:Note@?"),
        ("fixtures.orders.one.pickle", "shop:Order@?"),
        ("fixtures.orders.two.pickle", "shop:Order@?"),
    }
    (failure,) = found["fixtures.orders.one.pickle", "shop:Order@?"]
    assert "USD" in failure.text


def test_the_order_is_that_of_the_paths(project):
    """The same in each process, whatever the file system gives."""
    for name in ("zz", "a", "M"):
        for suffix in (".pickle", ".pickle.yaml"):
            source = project.path / "fixtures" / f"note{suffix}"
            text = source.read_bytes().replace(b"note.pickle", f"{name}.pickle".encode())
            data = source.read_bytes() if suffix == ".pickle" else text
            (project.path / "fixtures" / f"{name}{suffix}").write_bytes(data)
    result = run(project, "--collect-only", "-q")
    names = [
        line.split("::")[0].removeprefix("fixtures/") for line in result.outlines if "::" in line
    ]
    assert names == sorted(names)
    assert len(names) == 6
    run(project, "-n", "2").assert_outcomes(passed=6)


# --- what it says ---------------------------------------------------------------------------------


def test_a_failure_says_what_differs_what_ran_and_what_to_do(project):
    """No traceback of ours; the short summary has the reason."""
    change(project.path, WRONG)
    result = run(project, "-rf", ITEMS[1])
    result.stdout.fnmatch_lines(
        [
            "It loads with another state than its record says.",
            "*currency*EUR*USD*",
            "*shop:Order 1 to 2: rename 'qty' to 'quantity'*",
            "*pickle-migrate archive --accept fixtures/orders/one.pickle*",
            f"FAILED {ITEMS[1]} - It loads with*",
        ]
    )
    result.stdout.no_fnmatch_line("*Traceback*")
    result.stdout.no_fnmatch_line("*.py:*")
    result.stdout.no_fnmatch_line("Written by*")


def test_verbose_says_what_wrote_it(project):
    """``-v`` adds the provenance."""
    change(project.path, WRONG)
    run(project, "-v").stdout.fnmatch_lines(["Written by shop 1.0, Python 3.11.9, protocol 4."])


def test_a_missing_step_says_what_to_write(project):
    """A pickle that does not load at all has the error's own sentence and advice."""
    change(project.path, FORGOTTEN)
    result = run(project)
    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(["*qty*"])
    result.stdout.no_fnmatch_line("*Traceback*")


def test_a_gap_names_the_command_that_writes_the_step(project):
    """Declare it, or have it written."""
    change(project.path, FORGOTTEN.replace("order.upgrade(1", "order.upgrade(7"))
    result = run(project)
    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(["*no migration leads from 1 to 2*", "*: pickle-migrate make"])


def test_changed_bytes_fail(project):
    """The file is not the one that was archived."""
    path = project.path / "fixtures" / "note.pickle"
    path.write_bytes(path.read_bytes() + b"N.")
    result = run(project)
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(["*sha256*", "*git checkout*"])


def test_a_pickle_without_a_record_fails(project):
    """Nobody reads it, so nobody checks it."""
    (project.path / "fixtures" / "note.pickle.yaml").unlink()
    result = run(project, "-rf")
    result.assert_outcomes(passed=2, failed=1)
    assert failed(result) == ["fixtures/note.pickle::no-record"]


def test_a_record_without_its_pickle_fails(project):
    """The record is the item then."""
    (project.path / "fixtures" / "note.pickle").unlink()
    result = run(project, "-rf")
    result.assert_outcomes(passed=2, failed=1)
    assert failed(result) == ["fixtures/note.pickle.yaml::no-pickle"]


def test_a_record_that_cannot_be_read_fails(project):
    """It says which file, and the others go on."""
    (project.path / "fixtures" / "note.pickle.yaml").write_text("pickle: [\n")
    result = run(project)
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(["*note.pickle.yaml*"])


def test_a_module_that_cannot_be_imported_fails_with_its_reason(project):
    """Each item says that the check could not run, and why."""
    change(project.path, "import no_such_module\n")
    result = run(project)
    result.assert_outcomes(failed=3)
    result.stdout.fnmatch_lines(["*no_such_module*"])
    result.stdout.no_fnmatch_line("*Traceback*")


def test_text_of_a_pickle_cannot_steer_the_terminal(project):
    """What a hostile pickle holds is written out in names and messages."""
    record = project.path / "fixtures" / "note.pickle.yaml"
    record.write_text(record.read_text().replace("shop:Note@?", '"shop:\\e[31mNote@?"'))
    result = run(project, "--collect-only", "-q")
    assert "\x1b" not in result.stdout.str()


def test_several_classes_are_counted(project):
    """The first one names the item, the others are found by ``-k``."""
    record = project.path / "fixtures" / "note.pickle.yaml"
    text = record.read_text().replace("  - shop:Note@?", "  - shop:Book@?\n  - shop:Note@?")
    record.write_text(text)
    result = run(project, "--collect-only", "-q", "-k", "Note")
    assert "fixtures/note.pickle::shop:Book@?+1" in result.outlines


def test_the_worked_example_is_kept(pytester, monkeypatch):
    """The archived pickles of this repository's own example, by its own settings."""
    monkeypatch.delenv("PICKLE_MIGRATE_SETTINGS", raising=False)
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    root = Path(__file__).resolve().parent.parent
    pytester.makeini(f"[pytest]\npickle_settings = {root / 'migrations' / 'pickle_migrate.toml'}\n")
    result = pytester.runpytest_subprocess("--pickle-check", "-k", "skywatch_r4_1", "-q")
    outcomes = result.parseoutcomes()
    assert outcomes.pop("passed") > 20
    assert outcomes.keys() == {"deselected"}
