"""``pickle-migrate history`` and ``heads``, run as users run them."""

import pytest
from lock_world import Shop

ORDER = "shop.sales:Order"
V1 = "@versioned(1)\n@dataclass\nclass Order:\n    qty: int\n"
V3 = """\
@versioned(3, unstamped=1)
@dataclass
class Order:
    quantity: int
    tax: float

order = Lineage("shop.sales:Order").renamed_from("shop.models:Order")
order.upgrade(1, RenameField("qty", "quantity"))
"""
GIFT = "@versioned(1)\nclass Gift:\n    __slots__ = ('text',)\n"
WRITE = """
import pathlib, pickle, shop.models as m
pathlib.Path("old").mkdir(exist_ok=True)
pathlib.Path("old/{name}").write_bytes(pickle.dumps(m.Order(1)))
"""


@pytest.fixture
def shop(tmp_path):
    """A class at version 3 that moved, with a gap, pickles of version 1, and a lock from then."""
    made = Shop(tmp_path / "shop")
    made.models(V1)
    made.run("lock")
    for name in "abcdef":
        made.python(WRITE.format(name=f"{name}.pkl"))
    made.commit()
    made.models("")
    made.models(V3, "sales")
    made.models(GIFT, "gifts")
    return made


def test_the_history_of_a_class(shop):
    """Its names, versions, fields, pickles and steps, and what is missing."""
    done = shop.run("history", ORDER)
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines() == [
        f"{ORDER}, at version 3",
        "was shop.models:Order",
        "pickles without a version are of version 1",
        "",
        "version 1  (dict, fingerprint 20117721)",
        "    qty: int",
        "  archived: a.pkl, b.pkl, c.pkl, d.pkl, and 2 more",
        "  1 -> 2  shop.sales, line 11",
        "    rename 'qty' to 'quantity'",
        "",
        "version 2  (unknown, not locked yet)",
        "    its fields are not known",
        "  archived: none",
        "  2 -> 3  is missing: `pickle-migrate make` writes it",
        "",
        "version 3  (dict, fingerprint ea0e59f6, not locked yet)",
        "    quantity: int",
        "    tax: float",
        "  archived: none",
    ]


@pytest.mark.parametrize("name", [ORDER, "shop.models:Order", "Order"])
def test_how_a_class_is_named(shop, name):
    """As today, as before, or by the end of its name."""
    assert shop.run("history", name).out.startswith(f"{ORDER}, at version 3\n")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Nobody", "there is no class 'Nobody' in the lock or the code. Known are shop."),
        ("rder", "there is no class 'rder'"),
        ("", "there is no class ''"),
        ("Two", "'Two' may be any of shop.gifts:Two, shop.sales:Two. Write it as module:qualname."),
    ],
)
def test_a_name_that_is_no_class(shop, name, text):
    """The classes that there are, or that it may be, are listed."""
    two = "@versioned(1)\nclass Two: ...\n"
    shop.models(V3 + two, "sales")
    shop.models(GIFT + two, "gifts")
    done = shop.run("history", name)
    assert (done.code, done.out) == (2, "")
    assert text in done.err


def test_a_class_that_is_gone(shop):
    """It is in the lock, and its pickles are in the archive."""
    shop.models(GIFT, "sales")
    done = shop.run("history", "shop.models:Order")
    assert done.out.startswith("shop.models:Order, gone from the code\n")
    assert "archived: a.pkl" in done.out


def test_history_as_data(shop):
    """All pickles, and the steps with their places."""
    found = shop.run("history", "Order", "--json").document
    assert (found["class"], found["current"], found["locked"]) == (ORDER, 3, 1)
    first, second, third = found["versions"]
    assert first["pickles"] == [f"{name}.pkl" for name in "abcdef"]
    assert first["steps"][0] == {
        "source": 1,
        "target": 2,
        "operations": ["rename 'qty' to 'quantity'"],
        "origin": "shop.sales, line 11",
        "missing": False,
    }
    assert (second["known"], second["fields"], second["steps"][0]["missing"]) == (
        "unknown",
        None,
        True,
    )
    assert (third["fields"], third["steps"]) == ({"quantity": "int", "tax": "float"}, [])


def test_functions_and_squashed_steps(shop):
    """A step of a function, of the finishing stage, and one over several versions."""
    shop.models(
        """
        @versioned(4)
        @dataclass
        class Order:
            quantity: int

        Lineage("shop.sales:Order").renamed_from("shop.models:Order").upgrade(
            1, RenameField("qty", "quantity"), to=3
        )

        @migrates(Order, 1)
        def rename(state):
            state["quantity"] = state.pop("qty")

        @migrates(Order, 2)
        def nothing(state): ...

        def whole(obj): ...
        Lineage(Order).finish(3, whole)
        """,
        "sales",
    )
    found = shop.run("history", "Order", "--json").document
    steps = [step for one in found["versions"] for step in one["steps"]]
    assert [(one["source"], one["target"], one["operations"]) for one in steps] == [
        (1, 2, ["run rename"]),
        (1, 3, ["rename 'qty' to 'quantity'"]),
        (2, 3, ["run nothing"]),
        (3, 4, ["finish with whole"]),
    ]


def test_heads(shop):
    """The newest versions side by side, and what differs."""
    done = shop.run("heads")
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines() == [
        "class             lock  code",
        "shop.gifts:Gift      -     1  not locked yet",
        "shop.sales:Order     1     3  not locked yet",
        "    - qty: int",
        "    + quantity: int",
        "    + tax: float",
    ]
    shop.run("lock")
    assert shop.run("heads").out.splitlines()[1:] == [
        "shop.gifts:Gift      1     1",
        "shop.sales:Order     3     3",
    ]


def test_heads_that_differ(shop):
    """Drift, a version taken back, and a class that is gone."""
    shop.run("lock")
    shop.models(V3.replace("@versioned(3", "@versioned(2"), "sales")
    shop.models("@versioned(1)\nclass Gift:\n    __slots__ = ('words',)\n", "gifts")
    assert shop.run("heads").out.splitlines()[1:] == [
        "shop.gifts:Gift      1     1  changed without a new version",
        "    - text",
        "    + words",
        "shop.sales:Order     3     2  the code is behind the lock",
    ]
    shop.models("", "sales")
    assert "shop.sales:Order     3     -  gone from the code" in shop.run("heads").out


def test_heads_of_another_branch(shop):
    """Where both parted and there; a class that only the other branch has is listed too."""
    shop.git("checkout", "-q", "-b", "mine")
    shop.run("lock")
    shop.commit()
    shop.git("checkout", "-q", "main")
    shop.models("@versioned(1)\nclass Card: ...\n", "cards")
    shop.models(V1.replace("(1)", "(2)"))
    shop.models("", "gifts")
    shop.models("", "sales")
    assert shop.run("lock").code == 0
    shop.commit()
    shop.git("checkout", "-q", "mine")
    done = shop.run("heads", "--against", "main")
    assert done.code == 1
    assert done.out.splitlines()[:4] == [
        "class             base  theirs  lock  code",
        "shop.cards:Card      -       1     -     -  not here",
        "shop.gifts:Gift      -       -     1     1",
        "shop.sales:Order     1       2     3     3  both branches made version 2",
    ]
    found = shop.run("heads", "--against", "main", "--json").document["heads"]
    assert [one["theirs"] for one in found] == [1, None, 2]
    assert found[2]["both_made"][0]["version"] == 2


def test_heads_outside_of_a_repository(shop, tmp_path):
    """Without ``--against`` no git is needed."""
    (shop.folder / ".git").rename(tmp_path / "elsewhere")
    assert shop.run("heads").code == 0
    done = shop.run("heads", "--against", "main")
    assert done.code == 2
    assert "git knows no repository for it" in done.err
