"""``pickle-migrate merge``, in repositories where two branches made the same version."""

import pytest
from lock_world import NAME, Shop

ORDER = "shop.models:Order"
MODELS = """\
@versioned({version})
@dataclass
class Order:
    name: str

    # what
    {qty}: int

    # where
    {address}: str
"""
BASE = {"version": 1, "qty": "qty", "address": "address"}
MINE = BASE | {"version": 2, "qty": "quantity"}
THEIRS = BASE | {"version": 2, "address": "street"}
BOTH = BASE | {"version": 2, "qty": "quantity", "address": "street"}
QTY = 'Lineage("shop.models:Order").upgrade(1, RenameField("qty", "quantity"))\n'
STREET = 'Lineage("shop.models:Order").upgrade(1, RenameField("address", "street"))\n'


def _change(shop, fields, steps, name="steps", extra=""):
    shop.models(MODELS.format(**fields) + extra)
    shop.models(steps, name)
    done = shop.run("lock")
    assert done.code == 0, done.out + done.err
    shop.commit()


@pytest.fixture
def shop(tmp_path):
    """Two branches that made version 2 in modules of their own; mine is checked out."""
    return _shop(tmp_path, "mine_steps", "their_steps")


def _shop(tmp_path, mine, theirs, steps=(QTY, STREET), fields=(MINE, THEIRS), *, union=True):
    shop = Shop(tmp_path / "shop")
    if not union:
        shop.write(".gitattributes", "")
    _change(shop, BASE, "")
    shop.git("checkout", "-q", "-b", "mine")
    _change(shop, fields[0], steps[0], mine)
    shop.git("checkout", "-q", "main")
    _change(shop, fields[1], steps[1], theirs)
    shop.git("checkout", "-q", "mine")
    return shop


def _text(shop, name):
    return (shop.folder / "shop" / f"{name}.py").read_text()


def _is_in_order(shop):
    """Whether version 1 of the past becomes today's, step by step."""
    assert shop.run("lock").code == 0
    history = shop.run("history", "Order", "--json").document
    assert [one["version"] for one in history["versions"]] == [1, 2, 3]
    steps = [step for one in history["versions"] for step in one["steps"]]
    assert [(one["source"], one["target"], one["missing"]) for one in steps] == [
        (1, 2, False),
        (2, 3, False),
    ]
    assert [list(one["fields"]) for one in history["versions"]] == [
        ["address", "name", "qty"],
        ["name", "qty", "street"],
        ["name", "quantity", "street"],
    ]
    assert shop.run("heads", "--against", "main").code == 0
    return True


def test_after_a_merge(shop):
    """Theirs keeps the number, mine follows; the lock is written anew."""
    assert shop.merge()
    assert shop.run("lock").code == 2
    done = shop.run("merge")
    assert (done.code, done.err) == (0, "")
    assert f"{ORDER}: both branches made version 2. Yours: 2 -> 3" in done.out
    assert "@versioned(3)" in _text(shop, "models")
    assert "upgrade(2, " in _text(shop, "mine_steps")
    assert "upgrade(1, " in _text(shop, "their_steps")
    assert _is_in_order(shop)


def test_dry_run(shop):
    """It says the same, and writes nothing."""
    shop.merge()
    before = shop.git("status", "--short").stdout
    done = shop.run("merge", "--dry-run")
    assert done.code == 0
    assert f"{NAME} would be written" in done.out
    assert shop.git("status", "--short").stdout == before == ""
    real = shop.run("merge")
    assert real.out == done.out.replace("would be written", "was written")


def test_twice(shop):
    """The second run has nothing to do, before and after the lock was filled."""
    shop.merge()
    shop.run("merge")
    before = shop.git("diff").stdout
    done = shop.run("merge")
    assert (done.code, done.out) == (0, "Nothing to do: no class has two heads.\n")
    shop.run("lock")
    locked = shop.path.read_text()
    assert shop.run("merge").out == done.out
    assert shop.path.read_text() == locked
    assert before.count("+@versioned(3)") == 1


def test_before_the_merge(shop):
    """On a branch that has not met the other one yet."""
    done = shop.run("merge", "--against", "main")
    assert done.code == 0
    assert "@versioned(3)" in _text(shop, "models")
    assert "upgrade(2, " in _text(shop, "mine_steps")
    assert '.2.fields.street = "str"' in shop.path.read_text()
    shop.run("lock")
    assert "both made version" not in shop.run("check", "--against", "main").out


def test_a_conflict_in_the_source(tmp_path):
    """It has to be resolved first, with the steps of both; then they are told apart."""
    shop = _shop(tmp_path, "steps", "steps")
    assert not shop.merge()
    done = shop.run("merge")
    assert done.code == 1
    assert "steps.py: git left a conflict there. Resolve it first" in done.out
    assert done.out.endswith("Nothing was written.\n")
    shop.models(STREET + QTY, "steps")
    done = shop.run("merge")
    assert done.code == 0, done.out
    assert "upgrade(2, RenameField('qty'".replace("'", '"') in _text(shop, "steps")
    assert "upgrade(1, RenameField('address'".replace("'", '"') in _text(shop, "steps")
    assert _is_in_order(shop)


def test_a_lock_with_marks_of_a_conflict(tmp_path):
    """Without the line in .gitattributes."""
    shop = _shop(tmp_path, "mine_steps", "their_steps", union=False)
    assert not shop.merge()
    assert "<<<<<<<" in shop.path.read_text()
    assert shop.run("merge").code == 0
    assert _is_in_order(shop)


def test_in_a_rebase(tmp_path):
    """There what git calls HEAD is theirs, and mine is brought onto it."""
    shop = _shop(tmp_path, "mine_steps", "their_steps", union=False)
    assert shop.git("rebase", "main", check=False).returncode != 0
    done = shop.run("merge")
    assert done.code == 0, done.out + done.err
    assert "upgrade(2, " in _text(shop, "mine_steps")
    shop.git("add", "-A")
    shop.git("-c", "core.editor=true", "rebase", "--continue")
    assert _is_in_order(shop)


def test_after_a_rebase_that_went_through(shop):
    """Git merged the lines of both, and nothing but the lock tells that both made version 2."""
    shop.git("rebase", "main")
    done = shop.run("merge", "--against", "main")
    assert done.code == 0, done.out + done.err
    assert "upgrade(2, " in _text(shop, "mine_steps")
    assert "upgrade(1, " in _text(shop, "their_steps")
    assert _is_in_order(shop)


@pytest.mark.parametrize("way", ["merge", "rebase"])
def test_a_class_that_fills(tmp_path, way):
    """Both branches added a field under one version: that needs no other number, only the lock."""
    shop = Shop(tmp_path / "shop")
    fields = [f"    {name}: int = 0\n" for name in "abcd"]
    filled = "@versioned(1, fill=True)\n@dataclass\nclass Order:\n    x: int\n{}    y: int = 1\n{}"
    shop.models(filled.format("", ""))
    shop.run("lock")
    shop.commit()
    shop.git("checkout", "-q", "-b", "mine")
    shop.models(filled.format(fields[0], ""))
    assert shop.run("lock").code == 0
    shop.commit()
    shop.git("checkout", "-q", "main")
    shop.models(filled.format("", fields[1]))
    assert shop.run("lock").code == 0
    shop.commit()
    shop.git("checkout", "-q", "mine")
    assert shop.run("heads", "--against", "main").code == 0
    assert shop.git(way, "main", check=False).returncode in (0, 1)
    shop.models(filled.format(fields[0], fields[1]))
    done = shop.run("merge", "--against", "main")
    assert done.code == 0, done.out + done.err
    assert shop.run("lock", "--check").code == 0


@pytest.mark.parametrize("way", ["merge", "rebase"])
def test_both_saw_more_of_a_version(tmp_path, way):
    """Two branches archived pickles with other fields; the lock gets those of both."""
    shop = Shop(tmp_path / "shop")
    shop.models("@versioned(1)\nclass Order: ...\n")
    lines = shop.run("lock").out
    assert "new, at version 1" in lines

    def see(name):
        code = "import pathlib, pickle, shop.models as m; order = m.Order(); "
        code += f"order.{name} = order.a = 1; pathlib.Path('old').mkdir(exist_ok=True); "
        shop.python(f"{code}pathlib.Path('old/{name}.pkl').write_bytes(pickle.dumps(order))")
        assert shop.run("lock", "--accept", "all").code == 0
        shop.commit()

    see("a")
    shop.git("checkout", "-q", "-b", "mine")
    see("b")
    shop.git("checkout", "-q", "main")
    see("c")
    shop.git("checkout", "-q", "mine")
    shop.git(way, "main")
    assert shop.run("lock").code == 2
    done = shop.run("merge", "--against", "main")
    assert done.code == 0, done.out + done.err
    assert shop.run("lock", "--check").code == 0
    history = shop.run("history", "Order", "--json").document
    assert list(history["versions"][0]["fields"]) == ["a", "b", "c"]


def test_a_lock_that_is_damaged_otherwise(shop):
    """Nobody can make two branches of that."""
    shop.write(NAME, "what?\n")
    done = shop.run("merge", "--against", "main")
    assert (done.code, done.out) == (2, "")
    assert "it is no TOML" in done.err


def test_the_same_step_on_both(tmp_path):
    """A commit that was copied: one step, one version."""
    shop = _shop(tmp_path, "steps", "steps", (QTY, QTY), (MINE, MINE))
    assert shop.merge()
    done = shop.run("merge")
    assert done.code == 0
    assert f"{ORDER}: both branches made the same step; it stays one version" in done.out
    assert shop.run("lock", "--check").code == 0
    assert "@versioned(2)" in _text(shop, "models")


def test_both_changed_one_field(tmp_path):
    """Numbers are edited, and what is left is for a person."""
    number = BASE | {"version": 2, "qty": "number"}
    step = QTY.replace("quantity", "number")
    shop = _shop(tmp_path, "mine_steps", "their_steps", (QTY, step), (MINE, number))
    assert not shop.merge()
    shop.models(MODELS.format(**MINE))
    done = shop.run("merge")
    assert done.code == 1
    assert "Left to do by hand:\n  Both branches changed qty of shop.models:Order" in done.out
    assert "upgrade(2, " in _text(shop, "mine_steps")


def test_a_version_that_is_no_number(tmp_path):
    """What cannot be edited is told."""
    named = [dict(fields, version="V") for fields in (MINE, THEIRS)]
    shop = _shop(tmp_path, "mine_steps", "their_steps")
    for branch, fields in zip(("main", "mine"), reversed(named), strict=True):
        shop.git("checkout", "-q", branch)
        shop.models("V = 2\n" + MODELS.format(**fields))
        shop.commit()
    shop.merge()
    done = shop.run("merge")
    assert done.code == 1
    assert f"Raise {ORDER} to version 3: no @versioned with a number was found" in done.out
    assert "upgrade(2, " in _text(shop, "mine_steps")


def test_no_step_of_mine(tmp_path):
    """A version that had no step yet."""
    shop = _shop(tmp_path, "mine_steps", "their_steps", ("", STREET))
    shop.merge()
    done = shop.run("merge", "--json")
    assert done.code == 1
    assert done.document["status"] == "written"
    assert done.document["by_hand"] == [
        f"Declare the step 2 -> 3 of {ORDER}: none was found that is yours."
    ]
    assert done.document["classes"][0]["numbers"] == {"2": 3}


def test_a_function_as_a_step(tmp_path):
    """Of two functions in one module, mine is told from theirs."""
    mine = '@migrates("shop.models:Order", 1)\ndef mine(state):\n    '
    mine += 'state["quantity"] = state.pop("qty")\n'
    theirs = mine.replace("mine", "theirs").replace("quantity", "street").replace("qty", "address")
    shop = _shop(tmp_path, "steps", "steps", (mine, theirs))
    shop.merge()
    shop.models(mine + "\n" + theirs, "steps")
    assert shop.run("merge").code == 0
    assert 'Order", 2)\ndef mine' in _text(shop, "steps")
    assert 'Order", 1)\ndef theirs' in _text(shop, "steps")
    assert _is_in_order(shop)


def test_nothing_is_imported(shop):
    """With two steps from one version, the code could not be."""
    shop.merge()
    shop.write("shop/__init__.py", "1 / 0\n")
    assert shop.run("merge").code == 0


def test_no_two_heads(tmp_path):
    """A branch that made nothing of its own."""
    shop = Shop(tmp_path / "shop")
    _change(shop, BASE, "")
    done = shop.run("merge", "--against", "main")
    assert (done.code, done.out) == (0, "Nothing to do: no class has two heads.\n")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ([], "no merge is under way here. Name the branch that yours is merged with: --against"),
        (["--against", "nobody"], "git knows no commit 'nobody' here. Fetch it first"),
    ],
)
def test_it_cannot_run(shop, arguments, text):
    """The error says what to do."""
    done = shop.run("merge", *arguments)
    assert (done.code, done.out) == (2, "")
    assert text in done.err


def test_outside_of_a_repository(tmp_path):
    """There are no branches."""
    shop = Shop(tmp_path / "shop")
    (shop.folder / ".git").rename(tmp_path / "elsewhere")
    done = shop.run("merge")
    assert done.code == 2
    assert "git knows no repository for it" in done.err
