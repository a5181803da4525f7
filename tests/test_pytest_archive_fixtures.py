"""The archive in tests of one's own: with pytest-regressions, and without."""

from __future__ import annotations

import pytest
from pickled_shop import WRONG, change

EACH = """
    def test_each(archived_pickle):
        assert archived_pickle.path.is_file()
        assert archived_pickle.record.provenance.release == "shop 1.0"
        assert archived_pickle.differences() == []
"""
ONE = """
    import pytest

    def test_one(pickle_archive):
        import shop
        order = pickle_archive.load("orders/one.pickle")
        assert order == shop.Order("Ada", 3, "EUR")
        state = {"class": "shop:Order",
                 "fields": {"currency": "EUR", "customer": "Ada", "quantity": 3}}
        assert pickle_archive["orders/one.pickle"].state() == state
        assert pickle_archive.state_of(order) == state

    def test_all(pickle_archive):
        names = [one.name for one in pickle_archive]
        assert names == ["note.pickle", "orders/one.pickle", "orders/two.pickle"]
        assert len(pickle_archive) == 3
        assert (pickle_archive.folder / names[0]).is_file()

    def test_none(pickle_archive):
        with pytest.raises(KeyError, match="'three' is not in the archive"):
            pickle_archive["three"]
"""
REGRESSION = """
    def test_state(archived_pickle, data_regression):
        data_regression.check(archived_pickle.state())
"""


def write(project, source):
    (project.path / "tests" / "test_own.py").unlink(missing_ok=True)
    project.makepyfile(**{"tests/test_fixtures": source})


def test_a_test_runs_for_each_archived_pickle(project):
    """``archived_pickle`` is each in turn, named by its path; no option is needed."""
    write(project, EACH)
    result = project.runpytest_subprocess("-v", "tests")
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(
        [
            "tests/test_fixtures.py::test_each[[]note.pickle[]] PASSED*",
            "tests/test_fixtures.py::test_each[[]orders/one.pickle[]] PASSED*",
        ]
    )


def test_one_of_them_is_selected(project):
    """By node id and by ``-k``, and under pytest-xdist."""
    write(project, EACH)
    node = "tests/test_fixtures.py::test_each[orders/one.pickle]"
    project.runpytest_subprocess(node).assert_outcomes(passed=1)
    project.runpytest_subprocess("tests", "-k", "orders").assert_outcomes(passed=2, deselected=1)
    project.runpytest_subprocess("tests", "-n", "2").assert_outcomes(passed=3)


def test_a_difference_is_seen(project):
    """``differences`` compares with the recorded state."""
    write(project, EACH)
    change(project.path, WRONG)
    result = project.runpytest_subprocess("tests")
    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(["*$.currency*EUR*USD*"])


def test_the_archive_by_name(project):
    """``pickle_archive`` loads one by name, and describes any object."""
    write(project, ONE)
    project.runpytest_subprocess("tests").assert_outcomes(passed=3)


def test_no_pickle_is_no_success(project):
    """A test for each of no pickles would be skipped; it is an error."""
    write(project, EACH)
    (project.path / "fixtures").rename(project.path / "elsewhere")
    result = project.runpytest_subprocess("tests")
    assert result.ret not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)
    assert "There is no archive: the folder fixtures does not exist." in (
        result.stdout.str() + result.stderr.str()
    )


def test_with_pytest_regressions(project):
    """The first run writes what was loaded and fails; the second one compares."""
    write(project, REGRESSION)
    project.runpytest_subprocess("tests").assert_outcomes(failed=3)
    project.runpytest_subprocess("tests").assert_outcomes(passed=3)
    written = project.path / "tests" / "test_fixtures" / "test_state_orders_one_pickle_.yml"
    assert written.read_text() == (
        "class: shop:Order\nfields:\n  currency: EUR\n  customer: Ada\n  quantity: 3\n"
    )
    change(project.path, WRONG)
    project.runpytest_subprocess("tests").assert_outcomes(passed=1, failed=2)
    result = project.runpytest_subprocess("tests", "--pickle-check")
    result.assert_outcomes(passed=2, failed=4)


def test_without_pytest_regressions(project):
    """Nothing of ours needs it."""
    write(project, EACH)
    off = ["-p", "no:regressions", "-p", "no:pytest_regressions", "-p", "no:datadir"]
    project.runpytest_subprocess("--pickle-check", *off).assert_outcomes(passed=6)
