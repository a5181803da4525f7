"""``archive.pythons`` and ``releases``: old interpreters, and what old releases write."""

from __future__ import annotations

import sys
from pathlib import Path

import attrs
import pytest

from pickle_migrate.archive import pythons, releases
from pickle_migrate.errors import ArchiveError

THIS = ".".join(map(str, sys.version_info[:3]))


def old_python(version: str) -> pythons.Python:
    try:
        return pythons.find_python(version)
    except ArchiveError:
        pytest.skip(f"no Python {version} here")


@pytest.mark.parametrize("wanted", [THIS, THIS.rpartition(".")[0], sys.executable])
def test_this_interpreter_is_found(wanted) -> None:
    """By its version, in full or not, and by its path."""
    found = pythons.find_python(wanted)
    assert (found.version, found.short) == (THIS, THIS.rpartition(".")[0])
    assert pythons.this_python().version == THIS


@pytest.mark.parametrize("wanted", ["9.9", "9", "/no/such/python", "echo", "3.x"])
def test_no_such_interpreter_is_an_error_that_says_what_to_do(wanted) -> None:
    """Also a program that is no Python."""
    with pytest.raises(ArchiveError) as caught:
        pythons.find_python(wanted)
    assert "pyenv install" in caught.value.remedy


@pytest.mark.parametrize("version", ["2.7", "3.8", "3.13"])
def test_old_interpreters_are_found_under_pyenv(version) -> None:
    """The newest of a minor version."""
    assert old_python(version).version.startswith(f"{version}.")


def package(folder: Path) -> Path:
    """A release of a package that needs no network to be installed."""
    (folder / "shop").mkdir(parents=True)
    (folder / "shop/__init__.py").write_text("class Order(object):\n    pass\n")
    (folder / "setup.py").write_text(
        "from setuptools import setup\nsetup(name='Shop', version='1.2', packages=['shop'])\n"
    )
    return folder


def test_nothing_to_install_makes_no_environment(tmp_path) -> None:
    """The interpreter itself runs the writer, without the user's own packages."""
    made = pythons.environment(pythons.this_python(), tmp_path)
    assert made.executable == sys.executable
    assert made.variables["PYTHONHASHSEED"] == "0"
    assert "PYTHONPATH" not in made.variables
    assert list(tmp_path.iterdir()) == []


def test_what_pip_cannot_install_is_told(tmp_path) -> None:
    """With pip's own last lines."""
    with pytest.raises(ArchiveError, match="pip could not install") as caught:
        pythons.environment(pythons.this_python(), tmp_path, str(tmp_path / "none"))
    assert "none" in str(caught.value)


@pytest.mark.parametrize("version", ["2.7", "3.9"])
def test_a_release_writes_its_pickles_under_an_old_python(version, tmp_path) -> None:
    """An environment with the release, and a writer that knows nothing of pickle_migrate."""
    python = old_python(version)
    shop = package(tmp_path / "checkout")
    try:
        made = pythons.environment(python, tmp_path / "made", str(shop))
    except ArchiveError as error:
        if "setuptools" in str(error) or "Could not find a version" in str(error):
            pytest.skip("pip finds no setuptools: no network here")
        raise
    assert made.release == "Shop 1.2"
    assert made.installed["Shop"] == "1.2"
    writer = tmp_path / "write.py"
    writer.write_text(
        "import pickle, shop, sys, os\n"
        "assert os.path.samefile(sys.argv[1], os.getcwd())\n"
        "order = shop.Order(); order.customer = 'Ada'\n"
        "os.mkdir('deep')\n"
        "with open('deep/order.pickle', 'wb') as file: pickle.dump(order, file, 2)\n"
    )
    [path] = releases.written_files(made, writer, tmp_path / "out")
    assert path.name == "order.pickle"
    assert b"shop" in path.read_bytes()
    said = releases.provenance_of(made, "write.py")
    assert (said.release, said.python, said.writer) == ("Shop 1.2", python.version, "write.py")
    assert "Shop" not in said.libraries
    assert releases.names_below([path], tmp_path / "out", "shop-1.2") == [
        "shop-1.2/deep/order.pickle"
    ]


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("raise ValueError('broken by hand')", "broken by hand"),
        ("print('hello')", "wrote no file"),
        ("import sys; sys.exit(3)", "it said nothing"),
    ],
)
def test_a_writer_that_fails_or_writes_nothing_is_told(code, said, tmp_path) -> None:
    """With the end of what it said."""
    writer = tmp_path / "write.py"
    writer.write_text(code)
    made = pythons.environment(pythons.this_python(), tmp_path)
    with pytest.raises(ArchiveError, match=said):
        releases.written_files(made, writer, tmp_path / "out")
    with pytest.raises(ArchiveError, match="no such writer"):
        releases.written_files(made, tmp_path / "none.py", tmp_path / "out2")


@pytest.mark.parametrize(
    ("release", "python", "place"),
    [
        ("shop 1.2", "3.9.18", "shop-1.2/py3.9"),
        ("", "2.7.18", "py2.7"),
        ("shop 1.2", "", "shop-1.2"),
        ("", "", ""),
        ("git+https://example.org/a/shop@v1", "3.9.1", "git+https-example.org-a-shop-v1/py3.9"),
        ("../../etc", "", "etc"),
    ],
)
def test_each_release_has_its_folder(release, python, place) -> None:
    """A name that stays within the archive."""
    assert releases.place_for(release, python) == place


@pytest.mark.parametrize(
    ("release", "said"),
    [
        ("shop==1.2", "Shop 1.2"),
        ("Shop[extra]>=1", "Shop 1.2"),
        ("git+https://example.org/shop.git@v1.2", "Shop 1.2"),
        ("./shop", "Shop 1.2"),
        ("other==3", "other==3"),
    ],
)
def test_a_release_is_told_by_name_and_version(release, said) -> None:
    """As it was installed, however it was asked for."""
    shop = pythons.Installed("Shop", "1.2", "file:///x/shop", frozenset(["attrs"]))
    others = [pythons.Installed("attrs", "21.4"), pythons.Installed("numpy", "1.19")]
    assert pythons._release(release, [*others, shop], ["numpy==1.19"]) == said
    unnoted = attrs.evolve(shop, url="")  # by an old release of pip
    assert pythons._release(release, [*others, unnoted], ["numpy==1.19"]) == said
