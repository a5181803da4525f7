"""``--pickle-archive``: a run of tests leaves samples of what it pickles."""

from __future__ import annotations

import os
import pickle
import platform
import sys
from importlib.metadata import version as metadata_version

import pytest
import yaml
from pickled_shop import WRONG, change

TESTS = """
    import copy, pickle, threading
    import pytest
    import shop
    from pickle_migrate import versioned

    @versioned(1)
    class InTheTest:
        pass

    def test_orders():
        order = shop.Order("Ada", 3)
        assert pickle.loads(pickle.dumps(order)) == order

    def test_again():
        pickle.dumps([shop.Order("Bob", 1), shop.Note("x")])

    def test_lock():
        with pytest.raises(TypeError):
            pickle.dumps(shop.Note(threading.Lock()))

    def test_other_shape():
        order = shop.Order("Eve", 2)
        order.gift = True
        pickle.dumps(order)

    def test_own_class():
        pickle.dumps(InTheTest())

    def test_copies():
        copy.deepcopy(shop.Note("copied"))
"""


@pytest.fixture
def shop_project(project):
    """The project with tests that pickle."""
    (project.path / "tests" / "test_own.py").unlink()
    project.makepyfile(**{"tests/test_shop": TESTS})
    project.makeini("[pytest]\npythonpath = .\n")
    return project


def run(project, *arguments):
    return project.runpytest_subprocess("--pickle-archive", *arguments)


def samples(project):
    return sorted((project.path / "fixtures" / "samples").glob("*.pickle"))


@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["alone", "xdist"])
def test_one_sample_a_shape(shop_project, workers):
    """Each shape once, under pytest-xdist too; the summary says which, and what was skipped."""
    result = run(shop_project, *workers)
    result.assert_outcomes(passed=6)
    names = [path.name.rsplit("-", 1)[0] for path in samples(shop_project)]
    assert names == ["shop.Note-1", "shop.Order-2", "shop.Order-2"]
    result.stdout.fnmatch_lines(
        [
            "*= pickle archive =*",
            "3 samples archived in fixtures, 0 there already.",
            "  new: samples/shop.Note-1-*.pickle  (tests/test_shop.py::test_*)",
            "1 shape skipped:",
            "  test_shop:InTheTest@1: *a module of tests*",
        ]
    )


def test_a_sample_has_a_record(shop_project):
    """With what wrote it and the state that it must give, for a reviewer to read."""
    run(shop_project, "-k", "test_again")
    (note, order) = samples(shop_project)
    record = yaml.safe_load(order.with_name(f"{order.name}.yaml").read_text())
    assert record["classes"] == ["shop:Order@2"]
    assert record["written by"]["writer"] == "tests/test_shop.py::test_again"
    assert record["expected"] == [
        {"class": "shop:Order", "fields": {"currency": "EUR", "customer": "Bob", "quantity": 1}}
    ]
    assert note.stat().st_size < 500


def test_the_archive_is_checked_with_its_samples(shop_project):
    """What was left there is an archived pickle like others."""
    run(shop_project)
    result = shop_project.runpytest_subprocess("--pickle-check", "fixtures")
    result.assert_outcomes(passed=6)


@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["alone", "xdist"])
def test_a_second_run_adds_nothing(shop_project, workers):
    """And changes nothing, whatever the tests pickle now."""
    run(shop_project)
    before = {path: path.read_bytes() for path in (shop_project.path / "fixtures").rglob("*.*")}
    file = shop_project.path / "tests" / "test_shop.py"
    file.write_text(file.read_text().replace("Ada", "Zoe"))
    result = run(shop_project, *workers)
    result.stdout.fnmatch_lines(["0 samples archived in fixtures, 3 there already."])
    after = {path: path.read_bytes() for path in (shop_project.path / "fixtures").rglob("*.*")}
    assert after == before


def test_a_test_that_fails_leaves_nothing(shop_project):
    """Who knows what it pickled."""
    (shop_project.path / "tests" / "test_shop.py").write_text(
        "import pickle, shop\ndef test(): pickle.dumps(shop.Note('x')); assert 0\n"
    )
    result = run(shop_project)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["No versioned class was pickled by a test that passed*"])
    assert not (shop_project.path / "fixtures" / "samples").exists()


def test_the_first_archive(shop_project):
    """The folder is made; a first run begins the archive."""
    (shop_project.path / "fixtures").rename(shop_project.path / "elsewhere")
    run(shop_project).assert_outcomes(passed=6)
    assert len(samples(shop_project)) == 3


def test_the_first_archive_where_the_check_is_on(shop_project):
    """The run that begins an archive does not fail because there is none."""
    (shop_project.path / "fixtures").rename(shop_project.path / "elsewhere")
    shop_project.makeini("[pytest]\npythonpath = .\npickle_check = true\n")
    run(shop_project).assert_outcomes(passed=6)
    shop_project.runpytest_subprocess().assert_outcomes(passed=9)


def test_the_check_in_the_same_run_leaves_no_samples(shop_project):
    """What the check of an archived pickle writes is not what the project writes."""
    result = run(shop_project, "--pickle-check", "fixtures")
    result.assert_outcomes(passed=3)
    assert samples(shop_project) == []


def test_a_wrong_class_is_seen_by_the_next_check(shop_project):
    """The sample of today is the old pickle of tomorrow."""
    run(shop_project)
    change(shop_project.path, WRONG)
    shop_project.runpytest_subprocess("--pickle-check", "fixtures").assert_outcomes(
        passed=4, failed=2
    )


def test_outcomes_and_output_are_the_same_with_and_without(shop_project):
    """The option changes nothing of what the tests do."""
    plain = shop_project.runpytest_subprocess("-q", "--no-header", "-rA")
    watched = run(shop_project, "-q", "--no-header", "-rA")
    assert plain.parseoutcomes() == watched.parseoutcomes()


def test_a_large_object_is_no_sample(shop_project):
    """It is kept for ever, so it is small."""
    (shop_project.path / "tests" / "test_shop.py").write_text(
        "import pickle, shop\ndef test(): pickle.dumps(shop.Note('x' * 300_000))\n"
    )
    result = run(shop_project)
    result.stdout.fnmatch_lines(["1 shape skipped:", "*shop:Note@1: *300,* bytes*262,144*"])
    assert samples(shop_project) == []


def test_every_sample_loads_by_plain_pickle(shop_project):
    """It is a pickle like those that the program writes."""
    run(shop_project)
    code = "import pickle, pathlib; print([type(pickle.loads(p.read_bytes())).__name__ for p in "
    code += "sorted(pathlib.Path('fixtures/samples').glob('*.pickle'))])"
    result = shop_project.run(sys.executable, "-c", code)
    assert result.outlines == ["['Note', 'Order', 'Order']"]
    assert all(path.read_bytes()[1] == pickle.DEFAULT_PROTOCOL for path in samples(shop_project))


def test_the_record_names_release_and_libraries(shop_project):
    """The release of the installed package that the class is in, and the versions of others whose
    names stand in the pickle.
    """
    site = shop_project.mkdir("site")
    metadata = site / "cake_shop-1.4.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: cake-shop\nVersion: 1.4\n")
    (metadata / "top_level.txt").write_text("cakes\n")
    (site / "cakes.py").write_text(
        "from pickle_migrate import versioned\n"
        "@versioned(1)\n"
        "class Cake:\n"
        "    def __init__(self, layers): self.layers = layers\n"
    )
    (shop_project.path / "tests" / "test_shop.py").write_text(
        "import pickle, cakes, numpy\ndef test(): pickle.dumps(cakes.Cake(numpy.array([1, 2])))\n"
    )
    run(shop_project, "-o", "pythonpath=. site").assert_outcomes(passed=1)
    (cake,) = samples(shop_project)
    written = yaml.safe_load(cake.with_name(f"{cake.name}.yaml").read_text())["written by"]
    assert written["release"] == "cake-shop 1.4"
    assert written["libraries"] == {"numpy": metadata_version("numpy")}
    assert written["python"] == platform.python_version()


def test_unittest_and_fixtures(shop_project):
    """A test case of unittest pickles as others do; what a fixture pickles counts for its test."""
    (shop_project.path / "tests" / "test_shop.py").write_text(
        "import pickle, unittest, pytest, shop\n"
        "class Case(unittest.TestCase):\n"
        "    def test(self): pickle.dumps(shop.Note('x'))\n"
        "@pytest.fixture\n"
        "def order(): return pickle.loads(pickle.dumps(shop.Order('Ada', 3)))\n"
        "def test_order(order): assert order.quantity == 3\n"
    )
    run(shop_project).assert_outcomes(passed=2)
    assert [path.name[:6] for path in samples(shop_project)] == ["shop.N", "shop.O"]


def test_a_read_only_archive_fails_no_test(shop_project):
    """The tests are what the run is for: the summary says what could not be written."""
    if os.geteuid() == 0:
        (shop_project.path / "fixtures" / "samples").write_text("no folder")
    else:
        (shop_project.path / "fixtures").chmod(0o500)
    result = run(shop_project)
    (shop_project.path / "fixtures").chmod(0o700)
    result.assert_outcomes(passed=6)
    result.stdout.fnmatch_lines(["0 samples archived in fixtures*", "*skipped:", "*Error: *"])
