"""Where a migration is written."""

import sys

import pytest

from pickle_migrate.errors import RequestError
from pickle_migrate.make.places import find_place, next_name, slug_of, width_of
from pickle_migrate.project import Settings
from pickle_migrate.refs import GlobalRef

ORDER = GlobalRef("placed_shop.models", "Order")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A package with a package and a module of migrations in it."""
    (tmp_path / "placed_shop/steps").mkdir(parents=True)
    for name in ("__init__", "one", "steps/__init__"):
        (tmp_path / f"placed_shop/{name}.py").touch()
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.chdir(tmp_path)
    return tmp_path


def place(to=None, named=(), migrations=(), name="m0001_x"):
    return find_place(to, named, Settings(migrations=migrations, source="x.toml"), ORDER, name)


@pytest.mark.parametrize(
    ("arguments", "path", "module", "exists", "is_new_of_package"),
    [
        ({"migrations": ("placed_shop.one",)}, "one.py", "one", True, False),
        ({"migrations": ("placed_shop.steps",)}, "steps/m0001_x.py", "steps.m0001_x", False, True),
        ({"migrations": ("placed_shop.none",)}, "none.py", "none", False, False),
        (
            {"named": ("placed_shop.one",), "migrations": ("other",)},
            "one.py",
            "one",
            True,
            False,
        ),
        ({"to": "placed_shop/two.py"}, "two.py", "two", False, True),
        ({"to": "placed_shop/one.py"}, "one.py", "one", True, False),
        ({"to": "placed_shop/steps"}, "steps/m0001_x.py", "steps.m0001_x", False, True),
        ({"to": "placed_shop.steps"}, "steps/m0001_x.py", "steps.m0001_x", False, True),
    ],
)
def test_places(folder, arguments, path, module, exists, is_new_of_package):
    """A module gets more, a package gets a new module, what is not there is made."""
    found = place(**arguments)
    assert found.path == folder / "placed_shop" / path
    assert found.module == f"placed_shop.{module}"
    assert found.exists is exists
    assert (found.package is not None) is is_new_of_package


def test_of_several_modules_the_nearest_counts(folder):
    """That of the class's own package."""
    (folder / "other.py").touch()
    found = place(migrations=("other", "placed_shop.one"))
    assert found.module == "placed_shop.one"


def test_nothing_says_it(folder):
    """The line to add is in the message."""
    with pytest.raises(RequestError, match=r'migrations = \["placed_shop.migrations"\]'):
        place()


@pytest.mark.parametrize("to", ["/nowhere/at_all.py", "no.such.package"])
def test_where_nobody_would_find_it(folder, to):
    """A place that cannot be imported is refused."""
    with pytest.raises(RequestError):
        place(to=to)


def test_names_of_new_modules():
    """Numbers go on; the words fit a file name."""
    assert next_name([], "x") == "m0001_x"
    assert next_name(["m0009_a.py", "m0010_b.py", "names.py"], "x") == "m0011_x"
    assert slug_of(["Order", "qty?"]) == "order_qty"
    assert slug_of([]) == "changes"
    assert len(slug_of(["word"] * 50)) < 60
    assert slug_of(["2nd"]).isidentifier() or f"m_{slug_of(['2nd'])}".isidentifier()


@pytest.mark.parametrize(
    ("name", "text", "width"),
    [
        ("pyproject.toml", "[tool.ruff]\nline-length = 88\n", 88),
        ("pyproject.toml", "[tool.black]\nline-length = 79\n", 79),
        ("ruff.toml", "line-length = 120\n", 120),
        ("pyproject.toml", "[tool.ruff]\nline-length = 'x'\n", 100),
        ("pyproject.toml", "not toml", 100),
    ],
)
def test_line_length_is_the_project_s(tmp_path, name, text, width):
    """As ruff or black is set there."""
    (tmp_path / name).write_text(text)
    assert width_of(tmp_path / "a" / "b.py") == width
