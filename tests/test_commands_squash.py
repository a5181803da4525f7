"""``pickle-migrate squash`` on real projects."""

import pytest
from make_world import Project

VERSIONS = ("qty: int", "amount: int", "quantity: int", 'quantity: int\n    currency: str = "EUR"')
SOURCE = """
    from dataclasses import dataclass

    from pickle_migrate import versioned


    @versioned({version})
    @dataclass
    class Order:
        customer: str
        {fields}
"""
STEPS = '''
    """All steps."""

    from pickle_migrate import AddField, ConvertField, Lineage, RenameField


    def double(number):
        return number * 2


    order = Lineage("shop.models:Order")
    order.upgrade(1, RenameField("qty", "amount"), ConvertField("amount", lambda n: n + 1))
    order.upgrade(2, RenameField("amount", "quantity"), ConvertField("quantity", double))
    order.upgrade(3, AddField("currency", default="EUR"))
'''


@pytest.fixture
def shop(tmp_path):
    """A class at version 4, with pickles of versions 1 and 2, written by the code of their time."""
    project = Project(tmp_path)
    for number, fields in enumerate(VERSIONS, 1):
        fields = fields.replace("\n", "\n    ")
        project.models(SOURCE.format(version=number, fields=fields))
        if number < 3:
            project.pickle(f"order{number}.pickle", "Order('Ada', 3)", f"Order@{number}")
    project.file("shop/migrations/steps.py", STEPS)
    init = 'from shop.migrations import steps\n\n__all__ = ["steps"]\n'
    project.file("shop/migrations/__init__.py", init)
    project.lock()
    assert project.run("archive", "--accept", "--path", ".").code == 0
    return project


def test_one_step_in_the_place_of_three(shop):
    """It is written, imported, and gives archived pickles the same state; so does the next run."""
    done = shop.run("squash", "Order")
    assert done.code == 0, done.out + done.err
    text = shop.written()["m0001_order_1_to_4"]
    assert text == (
        '"""Order 1 to 4: 3 steps at once."""\n'
        "\n"
        "from pickle_migrate import AbsentField, AddField, ConvertField, Lineage, RenameField\n"
        "\n"
        "from shop.migrations.steps import double\n"
        "\n"
        'Lineage("shop.models:Order").upgrade(\n'
        "    1,\n"
        '    AbsentField("amount"),\n'
        '    ConvertField("qty", lambda n: n + 1),\n'
        '    RenameField("qty", "quantity"),\n'
        '    ConvertField("quantity", double),\n'
        '    AddField("currency", default="EUR"),\n'
        "    to=4,\n"
        ")\n"
    )
    assert shop.load("order1.pickle") == "Order(customer='Ada', quantity=8, currency='EUR')"
    assert shop.load("order2.pickle") == "Order(customer='Ada', quantity=6, currency='EUR')"
    assert "2 archived pickles load through it." in done.out
    again = shop.run("squash", "Order")
    assert again.out.startswith("Nothing to do: one step leads there already.\n")
    shop.check_style()


def test_it_says_what_is_needed_no_more(shop):
    """With how many archived pickles need each of the others."""
    done = shop.run("squash", "Order")
    assert "Note: No pickle needs the step from 1 to 2 any more" in done.out
    assert "stays for pickles of version 2: 1 in the archive." in done.out
    assert "stays for pickles of versions 2 to 3: 1 in the archive." in done.out


def test_without_the_first_step_all_load(shop):
    """What nobody needs can be deleted, and the check is kept."""
    shop.run("squash", "Order")
    text = shop.text("shop/migrations/steps.py")
    lines = [line for line in text.splitlines() if "upgrade(1" not in line]
    shop.file("shop/migrations/steps.py", "\n".join(lines) + "\n")
    assert shop.load("order1.pickle") == "Order(customer='Ada', quantity=8, currency='EUR')"
    assert shop.load("order2.pickle") == "Order(customer='Ada', quantity=6, currency='EUR')"


def test_the_self_test_of_a_check_sees_the_squashed_step(shop):
    """Dropped together with the single step beside it, which would stand in for it."""
    shop.run("squash", "Order")
    found = shop.run("check", "--self-test", "--json").out
    assert '"not-noticed"' not in found.partition('"findings"')[2] or "step" not in found
    assert "the step of shop.models:Order from 1 to 4" in found


def test_some_versions_alone(shop):
    """The others stay as they are."""
    done = shop.run("squash", "shop.models:Order", "1", "3", "--name", "to_three")
    assert done.code == 0, done.out + done.err
    assert "to=3," in shop.written()["to_three"]
    assert shop.load("order1.pickle") == "Order(customer='Ada', quantity=8, currency='EUR')"


def test_dry_run_changes_nothing(shop):
    """It shows what would be written."""
    before = shop.snapshot()
    done = shop.run("squash", "Order", "--dry-run")
    assert done.code == 0
    assert "to=4," in done.out
    assert shop.snapshot() == before


def test_json_is_one_document(shop):
    """As that of make."""
    found = shop.run("squash", "Order", "--json").document
    assert found["status"] == "written"
    assert found["classes"][0]["to"] == 4
    assert len(found["notes"]) == 3


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["Order", "1", "2"], "there is one step only"),
        (["Order", "3", "9"], "versions 3 to 9 are none of its history"),
        (["Order", "1"], "Name both versions"),
        (["Other"], "no such class is registered"),
        (["Order", "x", "y"], "is not a valid integer"),
    ],
)
def test_wrong_arguments(shop, arguments, part):
    """Exit code 2, and what to do."""
    before = shop.snapshot()
    done = shop.run("squash", *arguments)
    assert done.code == 2
    assert part in done.err
    assert "Traceback" not in done.err
    assert shop.snapshot() == before


def test_what_has_no_source_is_refused(shop):
    """A function that closes over a variable cannot be written down; nothing is written."""
    text = shop.text("shop/migrations/steps.py").replace("lambda n: n + 1", "adding(1)")
    text = text.replace("def double", "def adding(x):\n    return lambda n: n + x\n\n\ndef double")
    shop.file("shop/migrations/steps.py", text)
    before = shop.snapshot()
    done = shop.run("squash", "Order")
    assert done.code == 2
    assert "can be imported under no name" in done.err
    assert shop.snapshot() == before


def test_functions_of_one_name_are_told_apart(shop):
    """Each goes by its module; what a squashed step calls is not to be deleted."""
    bodies = "state['amount'] = state.pop('qty') + 1", "state['quantity'] = state.pop('amount') * 2"
    for number, text in enumerate(bodies, 1):
        shop.file(
            f"shop/migrations/step{number}.py",
            "from pickle_migrate import migrates\n\n\n"
            f'@migrates("shop.models:Order", {number})\ndef order(state):\n    {text}\n',
        )
    steps = "from pickle_migrate import AddField, Lineage\n\n"
    steps += 'Lineage("shop.models:Order").upgrade(3, AddField("currency", default="EUR"))\n'
    shop.file("shop/migrations/steps.py", steps)
    init = "from shop.migrations import step1, step2, steps\n\n"
    init += '__all__ = ["step1", "step2", "steps"]\n'
    shop.file("shop/migrations/__init__.py", init)
    done = shop.run("squash", "Order")
    assert done.code == 0, done.out + done.err
    text = shop.written()["m0001_order_1_to_4"]
    assert "from shop.migrations import step1, step2\n" in text
    assert "1, step1.order, step2.order, AddField(" in text
    assert "take off its @migrates, for the squashed step calls it." in done.out
    assert shop.load("order1.pickle", "found.quantity") == "8"


def test_a_gap_is_told(shop):
    """A step that is missing cannot be squashed."""
    text = shop.text("shop/migrations/steps.py").replace("order.upgrade(2", "order.upgrade(7")
    shop.file("shop/migrations/steps.py", text)
    done = shop.run("squash", "Order", "1", "4")
    assert done.code == 2
    assert "no migration leads from 2 to 3" in done.err
