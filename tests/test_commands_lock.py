"""``pickle-migrate lock``, run as users run it."""

import pytest
from lock_world import NAME, Shop

ORDER = "shop.models:Order"
GIFT = "@versioned(1)\n@dataclass\nclass Gift:\n    wrapped: bool\n"
CHANGED = "@versioned(1)\n@dataclass\nclass Order:\n    quantity: int\n"


@pytest.fixture
def shop(tmp_path):
    return Shop(tmp_path / "shop")


def test_the_first_run_and_the_second(shop):
    """It is written, and then it is up to date; nothing is written again."""
    done = shop.run("lock")
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines() == [
        ORDER,
        "  new, at version 1",
        f"{NAME} was written: 1 class, 1 version.",
    ]
    before = shop.path.stat().st_mtime_ns
    again = shop.run("lock")
    assert (again.code, again.out) == (0, f"{NAME} is up to date: 1 class, 1 version.\n")
    assert shop.path.stat().st_mtime_ns == before


def test_how_git_merges_it(shop):
    """A word on that when the lock is new, unless it is said already."""
    shop.write(".gitattributes", "*.png binary\n")
    done = shop.run("lock")
    line = f"So that git merges it by lines, write this into .gitattributes: {NAME} merge=union"
    assert done.out.splitlines()[-1] == line


def test_check(shop):
    """It writes nothing and says whether something would be written."""
    done = shop.run("lock", "--check")
    assert done.code == 1
    assert done.out.endswith(
        f"{NAME} is not up to date. Run `pickle-migrate lock` and commit the file.\n"
    )
    assert not shop.path.exists()
    shop.run("lock")
    assert shop.run("lock", "--check").code == 0
    shop.path.write_text(shop.path.read_text().replace("\n", "\r\n"))
    assert shop.run("lock", "--check").code == 0
    lines = shop.path.read_text().split("\n")
    shop.path.write_text("\n".join([*reversed(lines)]))
    assert shop.run("lock", "--check").code == 1


def test_drift(shop):
    """Refused, whatever else is new, and written with consent."""
    shop.run("lock")
    before = shop.path.read_bytes()
    shop.models(CHANGED + GIFT)
    done = shop.run("lock")
    assert done.code == 1
    assert done.out.splitlines() == [
        f"{ORDER}, version 1: changed without a new version",
        "  - qty: int",
        "  + quantity: int",
        f"{NAME} was not written.",
        "Raise the version of each class that changed: `pickle-migrate make` writes the step.",
        f"If no pickle of that version was ever kept: pickle-migrate lock --accept {ORDER}",
    ]
    assert shop.path.read_bytes() == before
    assert shop.run("lock", "--check").code == 1
    done = shop.run("lock", "--accept", ORDER)
    assert done.code == 0
    assert "  - qty: int" in done.out
    assert '"shop.models:Order".1.fields.quantity = "int"' in shop.path.read_text()
    assert shop.run("lock", "--accept", "all", "--check").code == 0


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ("Order", "--accept Order: "),
        ("shop.models:Nobody", "--accept shop.models:Nobody: no such class is registered."),
    ],
)
def test_consent_to_what_is_no_class(shop, given, text):
    """A misspelled name consents to nothing."""
    done = shop.run("lock", "--accept", given)
    assert (done.code, done.out) == (2, "")
    assert text in done.err
    assert "A class is named module:qualname" in done.err


def test_a_version_that_was_taken_back(shop):
    """The lock keeps it; it is no matter of consent."""
    shop.models("@versioned(2)\n@dataclass\nclass Order:\n    qty: int\n")
    shop.run("lock")
    shop.models("@versioned(1)\n@dataclass\nclass Order:\n    qty: int\n")
    done = shop.run("lock", "--accept", "all")
    assert done.code == 1
    assert f"{ORDER}: the lock knows version 2, the code is at 1. Raise it again" in done.out


def test_a_class_that_moved(shop):
    """A likely move is told, with the line to write; then it is one."""
    shop.run("lock")
    shop.models("")
    shop.models("@versioned(1)\n@dataclass\nclass Order:\n    qty: int\n", "sales")
    done = shop.run("lock", "--check")
    line = f'Lineage("shop.sales:Order").renamed_from("{ORDER}")'
    assert f"{ORDER} is gone and shop.sales:Order is new." in done.out
    assert f"  {line}\n" in done.out
    shop.models(f"@versioned(1)\n@dataclass\nclass Order:\n    qty: int\n\n{line}\n", "sales")
    done = shop.run("lock")
    assert done.out.splitlines()[:2] == ["shop.sales:Order", f"  moved, was {ORDER}"]
    assert '"shop.models:Order".1' not in shop.path.read_text()


def test_a_class_that_is_gone(shop):
    """It stays in the lock, however often that is written."""
    shop.run("lock")
    shop.models(GIFT)
    assert shop.run("lock").code == 0
    assert f'"{ORDER}".1.fields.qty = "int"' in shop.path.read_text()
    assert shop.run("lock", "--json").document["gone"] == [ORDER]


def test_a_class_whose_pickles_are_gone_too(shop):
    """It is forgotten when somebody says so, and only if the code has it no more."""
    shop.run("lock")
    done = shop.run("lock", "--forget", ORDER)
    assert done.code == 2
    assert f"--forget {ORDER}: that class is registered. Only what is gone" in done.err
    shop.models(GIFT)
    assert "no such class is in the lock" in shop.run("lock", "--forget", "a:B").err
    done = shop.run("lock", "--forget", ORDER)
    assert done.code == 0
    assert f"{ORDER}\n  gone from the code; version 1 was the newest\n" in done.out
    assert ORDER not in shop.path.read_text()


def test_json(shop):
    """One document, whatever the modules print."""
    shop.models("print('hello')\n" + GIFT)
    done = shop.run("lock", "--json")
    assert done.code == 0
    assert done.err == "hello\n"
    assert done.document == {
        "lock": str(shop.path),
        "status": "written",
        "classes": 1,
        "versions": 1,
        "changes": [
            {
                "class": "shop.models:Gift",
                "version": None,
                "drift": [],
                "changes": [
                    {
                        "kind": "new",
                        "name": "",
                        "before": "",
                        "after": "1",
                        "harmless": False,
                        "text": "new, at version 1",
                    }
                ],
            }
        ],
        "behind": [],
        "gone": [],
        "forgotten": [],
    }
    shop.models("@versioned(1)\n@dataclass\nclass Gift:\n    wrapped: int\n")
    done = shop.run("lock", "--json")
    assert (done.code, done.document["status"]) == (1, "refused")
    assert [one["text"] for one in done.document["changes"][0]["drift"]] == [
        "~ wrapped: bool -> int"
    ]


def test_a_plain_class_and_the_archive(shop):
    """What its pickles show, also under old names; a new attribute is drift."""
    shop.models("@versioned(1, unstamped=1)\nclass Plain: ...\n")

    def archive(name, **fields):
        data = f"plain = m.Plain(); plain.__dict__.update({fields}); data = pickle.dumps([plain])"
        shop.write("old/README.md", "")
        code = "import pathlib, pickle, shop.models as m\n"
        shop.python(f"{code}{data}\npathlib.Path('old/{name}').write_bytes(data)")

    shop.run("lock")
    assert '"shop.models:Plain".1.known = "unknown"' in shop.path.read_text()
    archive("a.pkl", qty=1)
    done = shop.run("lock")
    assert done.out.splitlines()[1] == "  version 1: 1 field known now"
    archive("b.pkl", qty=1, tax=2)
    done = shop.run("lock")
    assert (done.code, done.out.splitlines()[1]) == (1, "  + tax")


def test_nothing_to_lock(shop):
    """Without a class there is nothing, and the settings are where to say it."""
    shop.models("")
    done = shop.run("lock")
    assert done.code == 2
    assert "no versioned class is registered. Name the modules of your classes in the" in done.err
    shop.models(GIFT)
    shop.write("pickle_migrate.toml", "")
    assert "There seem to be some in shop.models. Name the modules" in shop.run("lock").err


def test_modules_of_the_command_line(shop):
    """``--import`` does without the setting; ``--lock`` names another file."""
    shop.write("pickle_migrate.toml", "")
    done = shop.run("lock", "--import", "shop.models", "--lock", "sub/other.toml")
    assert done.code == 0
    assert "sub/other.toml was written" in done.out
    assert (shop.folder / "sub" / "other.toml").exists()
    assert not shop.path.exists()


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("import nothing_there", "the module 'shop.models' cannot be imported: No module named"),
        ("import sys; sys.exit(0)", "cannot be imported: SystemExit(0)"),
        ("1 / 0", "cannot be imported: ZeroDivisionError"),
        ("what?", "cannot be imported: SyntaxError"),
        ("@versioned(0)\nclass A: ...", "0 is not a version"),
    ],
)
def test_code_that_cannot_be_imported(shop, source, text):
    """The module is named, and no lock is written."""
    shop.models(source)
    done = shop.run("lock")
    assert (done.code, done.out) == (2, "")
    assert text in done.err
    assert not shop.path.exists()


def test_main_modules_are_not_run(shop):
    """``shop.*`` leaves out ``__main__``, and takes packages below."""
    shop.write("shop/__main__.py", "1 / 0\n")
    shop.write("shop/sub/__init__.py", "")
    shop.models(GIFT, "sub/gifts")
    assert "shop.sub.gifts:Gift" in shop.run("lock").out


def test_a_lock_with_marks_of_git(shop):
    """It is not read, and the error says what to run."""
    shop.run("lock")
    shop.path.write_text(shop.path.read_text() + "<<<<<<< HEAD\n")
    done = shop.run("lock")
    assert done.code == 2
    assert "is a mark of a conflict that git left. Run `pickle-migrate merge`" in done.err


def test_an_archive_that_is_no_folder(shop):
    """It is an error of the archive."""
    shop.write("old", "")
    done = shop.run("lock")
    assert done.code == 2
    assert "The archive, " in done.err


def test_the_worked_example_is_up_to_date(monkeypatch):
    """As CI asks it in this repository."""
    from pathlib import Path

    root = Path(__file__).parent.parent
    shop = object.__new__(Shop)
    shop.folder = root
    done = shop.run("lock", "--check", PICKLE_MIGRATE_SETTINGS="migrations/pickle_migrate.toml")
    assert (done.code, done.err) == (0, "")


def test_a_package_that_was_renamed(shop):
    """A rename of the package moves every class in it, with all its versions."""
    shop.run("lock")
    (shop.folder / "shop").rename(shop.folder / "store")
    settings = 'modules = ["store.*"]\n[renames]\nshop = "store"\n'
    shop.write("pickle_migrate.toml", settings)
    done = shop.run("lock")
    assert (done.code, done.out.splitlines()[:2]) == (
        0,
        ["store.models:Order", f"  moved, was {ORDER}"],
    )
    text = shop.path.read_text()
    assert f'"store.models:Order".was."{ORDER}" = true' in text
    assert f'"{ORDER}".1' not in text
    assert shop.run("lock", "--check").code == 0
    assert shop.run("history", "Order").out.splitlines()[1] == f"was {ORDER}"


def test_the_outer_class_was_renamed(shop):
    """What is nested in it goes along."""
    nested = "class {}:\n    @versioned(1)\n    @dataclass\n    class Line:\n        qty: int\n"
    shop.models(nested.format("Order"))
    shop.run("lock")
    renamed = 'Lineage("shop.models:Sale").renamed_from("shop.models:Order")\n'
    shop.models(nested.format("Sale") + renamed)
    assert shop.run("lock").out.splitlines()[:2] == [
        "shop.models:Sale.Line",
        "  moved, was shop.models:Order.Line",
    ]
