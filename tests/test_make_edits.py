"""Changes of source files: that one number, those few lines, and nothing else."""

import ast
import textwrap

import pytest

from pickle_migrate.errors import FileError, RequestError
from pickle_migrate.make.edits import Source, append, import_module_in, raise_version
from pickle_migrate.make.layout import Import, Written


def source(tmp_path, text, name="m.py", encoding="utf-8"):
    path = tmp_path / name
    path.write_bytes(textwrap.dedent(text).lstrip("\n").encode(encoding))
    return Source.read(path)


# --- the version ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("decorator", "after"),
    [
        ("@versioned(2)", "@versioned(3)"),
        ("@versioned(version=2)", "@versioned(version=3)"),
        ("@versioned(2, unstamped=2)", "@versioned(3, unstamped=2)"),
        ("@pm.versioned(2)", "@pm.versioned(3)"),
        ("@v(2)", "@v(3)"),
        ('@versioned("é" and 2)', None),
        ("@versioned(TWO)", None),
        ("@versioned(*[2])", None),
        ("@versioned(1)", None),
        ("@other(2)", None),
    ],
)
def test_the_number_alone_is_edited(tmp_path, decorator, after):
    """Whatever it is written as; what is no such number is refused, with what to do."""
    text = f"""
        import pickle_migrate as pm
        from pickle_migrate import versioned, versioned as v

        class Outer:
            {decorator}
            class Inner:
                x = 2  # ü 2
        """
    made = source(tmp_path, text)
    before = made.text
    if after is None:
        with pytest.raises(RequestError, match="cannot be raised by itself"):
            raise_version(made, "Outer.Inner", 2, 3)
        return
    raise_version(made, "Outer.Inner", 2, 3)
    assert made.text == before.replace(decorator, after)


@pytest.mark.parametrize(
    "text",
    [
        "A = versioned(1)(namedtuple('A', 'x y'))\n",
        "class A:\n    pass\n\n\nversioned(1)(A)\n",
        "class A:\n    pass\n\n\nA = versioned(1, unstamped=1)(A)\n",
    ],
)
def test_a_class_may_be_declared_by_a_call(tmp_path, text):
    """As a namedtuple that is made by a function, or a class of another module."""
    made = source(tmp_path, "from pickle_migrate import versioned\n" + text)
    raise_version(made, "A", 1, 2)
    assert "versioned(2" in made.text


def test_two_declarations_are_refused(tmp_path):
    """A class that is defined twice."""
    text = "from pickle_migrate import versioned\n" + "@versioned(1)\nclass A:\n    pass\n" * 2
    with pytest.raises(RequestError, match="several of its own"):
        raise_version(source(tmp_path, text), "A", 1, 2)


def test_encodings_and_line_ends_stay(tmp_path):
    """As they were, byte for byte."""
    path = tmp_path / "m.py"
    text = "# -*- coding: latin-1 -*-\r\nfrom pickle_migrate import versioned\r\n\r\n\r\n"
    text += "@versioned(1)\r\nclass Größe:\r\n    x = 'é'\r\n"
    path.write_bytes(text.encode("latin-1"))
    made = Source.read(path)
    raise_version(made, "Größe", 1, 2)
    assert made.edit().after == text.replace("(1)", "(2)").encode("latin-1")
    assert made.edit().before == text.encode("latin-1")


def test_a_byte_order_mark_stays(tmp_path):
    """Some editors write one."""
    path = tmp_path / "m.py"
    data = b"\xef\xbb\xbffrom pickle_migrate import versioned\n@versioned(1)\nclass A: pass\n"
    path.write_bytes(data)
    made = Source.read(path)
    raise_version(made, "A", 1, 2)
    assert made.edit().after == data.replace(b"(1)", b"(2)")


def test_what_is_no_python_is_told(tmp_path):
    """With the file."""
    (tmp_path / "m.py").write_text("def")
    with pytest.raises(FileError, match="is no Python source"):
        Source.read(tmp_path / "m.py")
    with pytest.raises(FileError, match="cannot be read"):
        Source.read(tmp_path / "none.py")


# --- appending ------------------------------------------------------------------------------------

WRITTEN = Written(
    ("x = Decimal(1)",), frozenset({Import("decimal", "Decimal"), Import("pickle_migrate", "B")})
)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "from decimal import Decimal\n\nfrom pickle_migrate import B\n\nx = Decimal(1)\n"),
        (
            '"""Doc."""\n',
            '"""Doc."""\n\nfrom decimal import Decimal\n\nfrom pickle_migrate import B\n\n'
            "x = Decimal(1)\n",
        ),
        (
            "import os\n\nfrom pickle_migrate import A, C\n\ny = os\n",
            "import os\nfrom decimal import Decimal\n\nfrom pickle_migrate import A, B, C\n\n"
            "y = os\n\nx = Decimal(1)\n",
        ),
        (
            "from decimal import Decimal\n\nfrom pickle_migrate import B\n\n\ndef f():\n    pass\n",
            "from decimal import Decimal\n\nfrom pickle_migrate import B\n\n\ndef f():\n    pass\n"
            "\n\nx = Decimal(1)\n",
        ),
        (
            "from pickle_migrate import (  # why\n    A,\n)\n",
            "from decimal import Decimal\n\nfrom pickle_migrate import (  # why\n    A,\n)\n"
            "from pickle_migrate import B\n\nx = Decimal(1)\n",
        ),
    ],
)
def test_append(tmp_path, before, after):
    """Imports where they belong, each once; blocks at the end."""
    made = source(tmp_path, before)
    append(made, WRITTEN, "shop")
    assert made.text == after
    ast.parse(made.text)


# --- packages -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", 'from shop.steps import m2\n\n__all__ = ["m2"]\n'),
        ("from shop.steps import m1\n", "from shop.steps import m1, m2\n"),
        ("from . import z, a\n", "from . import z, a, m2\n"),
        (
            'from shop.steps import m1\n\n__all__ = ["m1"]\n',
            'from shop.steps import m1, m2\n\n__all__ = ["m1", "m2"]\n',
        ),
        (
            'import shop.steps.m1\n\n__all__ = ("m1",)\n',
            'import shop.steps.m1\nfrom shop.steps import m2\n\n__all__ = ("m1", "m2")\n',
        ),
        ("import pkgutil\n", "import pkgutil\n"),
        ("from shop.steps import m1 as first\n", None),
    ],
)
def test_how_a_package_imports_a_new_module(tmp_path, before, after):
    """As it imports the others."""
    made = source(tmp_path, before)
    import_module_in(made, "shop.steps", "m2")
    if after is None:
        assert "import m2\n" in made.text
        assert before in made.text
    else:
        assert made.text == after


def test_a_diff_names_the_file(tmp_path):
    """As people know it."""
    made = source(tmp_path, "x = 1\n")
    made.change("x = 2\n")
    assert made.edit().diff("m.py")[:2] == ["--- m.py", "+++ m.py"]
