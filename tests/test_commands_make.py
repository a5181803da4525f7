"""``pickle-migrate make`` on real projects: what it writes, asks, refuses and leaves alone."""

import json
import subprocess
from pathlib import Path

import pytest
from make_world import RUFF, Project

ORDER = """
    from dataclasses import dataclass

    from pickle_migrate import versioned


    @versioned(1)
    @dataclass
    class Order:
        customer: str
        qty: int
"""
NEW_ORDER = """
    from dataclasses import dataclass

    from pickle_migrate import versioned


    @versioned(1)
    @dataclass
    class Order:
        customer: str
        quantity: int
        currency: str = "EUR"
"""


@pytest.fixture
def shop(tmp_path):
    """A shop with one class, an archived pickle of it, and a lock."""
    project = Project(tmp_path)
    project.models(ORDER)
    project.pickle("order.pickle", "Order('Ada', 3)", "Order@1")
    project.lock()
    return project


def change(project, old, new):
    """Put other text into models.py; the place must be there."""
    text = project.text(f"{project.package}/models.py")
    assert old in text
    project.models(text.replace(old, new))


# --- the usual way --------------------------------------------------------------------------------


def test_nothing_to_do(shop):
    """As long as the code is as the lock says, nothing is written."""
    before = shop.snapshot()
    done = shop.make()
    assert (done.code, done.out) == (0, "Nothing to do: the code is as the lock says.\n")
    assert shop.snapshot() == before


def test_renamed_and_added(shop):
    """The step is written, imported, tried; the version is raised, the lock knows it."""
    shop.models(NEW_ORDER)
    done = shop.make("--renamed", "Order.qty=quantity")
    assert done.code == 0, done.out + done.err
    assert shop.written() == {
        "m0001_order_quantity": (
            '"""Order 1 to 2: qty is called quantity now; currency is new."""\n'
            "\n"
            "from pickle_migrate import AddField, Lineage, RenameField\n"
            "\n"
            'Lineage("shop.models:Order").upgrade(\n'
            '    1, RenameField("qty", "quantity"), AddField("currency", default="EUR")\n'
            ")\n"
        )
    }
    assert "@versioned(2)\n" in shop.text("shop/models.py")
    assert '"shop.models:Order".2.fields.quantity = "int"' in shop.text("pickle_migrate.lock.toml")
    assert shop.load("order.pickle") == "Order(customer='Ada', quantity=3, currency='EUR')"
    assert "1 archived pickle loads through it." in done.out
    shop.check_style()


def test_a_second_run_says_nothing_to_do(shop):
    """And changes nothing, and the lock is up to date."""
    shop.models(NEW_ORDER)
    shop.make("--renamed", "Order.qty=quantity")
    before = shop.snapshot()
    assert shop.make().out == "Nothing to do: the code is as the lock says.\n"
    assert shop.run("lock", "--check").code == 0
    assert shop.snapshot() == before


def test_the_next_step_stands_in_the_next_module(shop):
    """Numbers go on, and the package imports both."""
    shop.models(NEW_ORDER)
    shop.make("--renamed", "Order.qty=quantity")
    change(shop, "quantity: int", "amount: int")
    assert shop.make("--renamed", "quantity=amount").code == 0
    assert sorted(shop.written()) == ["m0001_order_quantity", "m0002_order_amount"]
    assert "from shop.migrations import m0001_order_quantity, m0002_order_amount" in shop.text(
        "shop/migrations/__init__.py"
    )
    assert shop.load("order.pickle", "found.amount") == "3"
    shop.check_style()


def test_without_input_it_refuses_to_guess(shop):
    """It says what it would ask, and how to answer; nothing is written."""
    shop.models(NEW_ORDER)
    before = shop.snapshot()
    done = shop.make()
    assert done.code == 1
    assert "Was Order.qty renamed to Order.quantity (int)?" in done.out
    assert "--renamed Order.qty=quantity" in done.out
    assert shop.snapshot() == before


def test_the_hint_that_it_prints_is_the_answer(shop):
    """What stands under a question can be given as it is."""
    shop.models(NEW_ORDER)
    asked = json.loads(shop.make("--json").out)["questions"]
    hint = asked[0]["hint"].split("   ")[0].split()
    assert shop.make(*hint).code == 0


def test_questions_are_answered_at_a_terminal(shop):
    """As Django asks them."""
    shop.models(NEW_ORDER)
    done = shop.in_terminal("make", answers="y\n")
    assert done.code == 0, done.out
    assert "Was Order.qty renamed to Order.quantity (int)? [y/N]: " in done.out
    assert shop.load("order.pickle", "found.quantity") == "3"


def test_a_wrong_answer_is_asked_again(shop):
    """What is no Python, or names nothing that is known, is told."""
    change(shop, "qty: int", "qty: int\n    place: str")
    done = shop.in_terminal("make", answers="1 +\nnowhere\n'shelf'\n")
    assert done.code == 0, done.out
    assert "is no expression of Python" in done.out
    assert "the name 'nowhere' is not known" in done.out
    assert shop.load("order.pickle", "found.place") == "shelf"


def test_no_answer_writes_nothing(shop):
    """The end of the input is no answer."""
    shop.models(NEW_ORDER)
    before = shop.snapshot()
    done = shop.make(answers="")
    assert done.code == 1
    assert "Nothing was written." in done.err
    assert shop.snapshot() == before


def test_not_renamed(shop):
    """No: then the old one is gone and the new one has no value."""
    change(shop, "qty: int", "quantity: int")
    done = shop.make(answers="n\n1\ny\n0\n")
    assert done.code == 0, done.out + done.err
    (text,) = shop.written().values()
    assert 'AddField("quantity", default=1), RemoveField("qty", default=0)' in text
    assert shop.load("order.pickle", "found.quantity") == "1"


def test_dry_run_changes_nothing(shop):
    """It shows the source, the edits and what comes of the archived pickles."""
    shop.models(NEW_ORDER)
    before = shop.snapshot()
    done = shop.make("--dry-run", "--renamed", "Order.qty=quantity")
    assert done.code == 0
    for part in ('RenameField("qty", "quantity")', "+@versioned(2)", "+from shop.migrations"):
        assert part in done.out
    assert shop.snapshot() == before


def test_json_is_one_document(shop):
    """Everything that a program may want to know."""
    shop.models(NEW_ORDER)
    found = shop.make("--json", "--renamed", "Order.qty=quantity").document
    assert found["status"] == "written"
    assert found["classes"] == [
        {
            "ref": "shop.models:Order",
            "version": 1,
            "to": 2,
            "words": ["qty is called quantity now", "currency is new"],
        }
    ]
    assert [file["path"].rpartition("/")[2] for file in found["files"]] == [
        "m0001_order_quantity.py",
        "__init__.py",
        "models.py",
        "pickle_migrate.lock.toml",
    ]
    assert found["records"][0]["path"] == "order.pickle"
    assert found["accept"][:3] == ["pickle-migrate", "archive", "--accept"]


def test_states_that_differ_are_shown(shop):
    """With the command that accepts them."""
    shop.models(NEW_ORDER)
    done = shop.make("--renamed", "Order.qty=quantity")
    assert "order.pickle loads; its state is other than the expected one:" in done.out
    assert "pickle-migrate archive --accept archive/order.pickle" in done.out


def test_with_accept_and_samples_the_check_is_kept(shop):
    """The new states are the expected ones, and a pickle of the new version is archived."""
    shop.models(NEW_ORDER)
    done = shop.make("--renamed", "Order.qty=quantity", "--accept", "--samples")
    assert done.code == 0, done.out + done.err
    assert "Archived for the new versions: order-m0001_order_quantity.pickle." in done.out
    name = "order-m0001_order_quantity.pickle"
    assert shop.load(name) == "Order(customer='Ada', quantity=3, currency='EUR')"
    assert "shop.models:Order@2" in shop.text(f"archive/{name}.yaml")
    checked = shop.run("check")
    assert checked.code == 0, checked.out
    assert shop.make().out == "Nothing to do: the code is as the lock says.\n"


def test_a_plain_class_goes_on_and_on(tmp_path):
    """With a sample of each version, the next change is seen as well."""
    project = Project(tmp_path)
    project.models(
        """
        from pickle_migrate import versioned

        @versioned(1)
        class Order:
            def __init__(self, qty):
                self.qty = qty
        """
    )
    project.pickle("order.pickle", "Order(3)", "Order@1")
    project.lock()
    for old, new in (("qty", "amount"), ("amount", "quantity")):
        change(project, old, new)
        done = project.make("--renamed", f"Order.{old}={new}", "--accept", "--samples")
        assert done.code == 0, done.out + done.err
        assert project.run("check").code == 0
    assert project.load("order.pickle", "vars(found)") == "{'quantity': 3}"


# --- what goes wrong ------------------------------------------------------------------------------


def test_a_pickle_that_does_not_load_keeps_all_as_it_was(shop):
    """A conversion that fails on a real value: nothing is written, and the reason is shown."""
    change(shop, "customer: str", "customer: int")
    before = shop.snapshot()
    done = shop.make("--convert", "customer=int(customer)")
    assert done.code == 1
    assert "order.pickle does not load" in done.out
    assert "invalid literal for int()" in done.out
    assert "Nothing was written." in done.out
    assert shop.snapshot() == before


def test_keep_writes_it_all_the_same(shop):
    """To go on by hand; the exit code says that it is not good."""
    change(shop, "customer: str", "customer: int")
    done = shop.make("--convert", "customer=int(customer)", "--keep")
    assert done.code == 1
    assert list(shop.written()) == ["m0001_order_customer"]


def test_no_place_for_migrations(tmp_path):
    """The line to add is in the message."""
    project = Project(tmp_path, settings='[tool.pickle_migrate]\nmodules = ["{package}.*"]\n')
    project.models(ORDER)
    project.lock()
    project.models(NEW_ORDER)
    done = project.make("--renamed", "Order.qty=quantity")
    assert done.code == 2
    assert 'Add the line migrations = ["shop.migrations"]' in done.err


def test_no_lock(tmp_path):
    """Nothing says what the classes were."""
    project = Project(tmp_path)
    project.models(ORDER)
    done = project.make()
    assert done.code == 2
    assert "there is no lock" in done.err


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("@versioned(1)", "VERSION = 1\n\n\n@versioned(VERSION)"),
        ("@versioned(1)", "@versioned(0 + 1)"),
    ],
)
def test_a_version_that_is_no_number_is_not_edited(shop, old, new):
    """It says so; after it was raised by hand, the step is written."""
    shop.models(NEW_ORDER)
    change(shop, old, new)
    before = shop.snapshot()
    done = shop.make("--renamed", "Order.qty=quantity")
    assert done.code == 2
    assert "its version is no number that stands there as it is" in done.err
    assert shop.snapshot() == before
    change(shop, "1", "2")
    assert shop.make("--renamed", "Order.qty=quantity").code == 0
    assert shop.load("order.pickle", "found.quantity") == "3"


def test_no_edit_leaves_the_version_to_the_user(shop):
    """The module is written, the class and the lock are not touched; when the version is raised,
    nothing is left to do but to lock it.
    """
    shop.models(NEW_ORDER)
    done = shop.make("--no-edit", "--renamed", "Order.qty=quantity")
    assert done.code == 0
    assert "Raise the versions now: shop.models:Order to 2" in done.out
    assert "@versioned(1)" in shop.text("shop/models.py")
    change(shop, "@versioned(1)", "@versioned(2)")
    assert shop.make().out == "Nothing to do: the code is as the lock says.\n"
    assert shop.load("order.pickle", "found.quantity") == "3"


def test_a_step_that_is_there_only_raises_the_version(shop):
    """The user wrote the step and forgot the number."""
    shop.models(NEW_ORDER)
    shop.make("--no-edit", "--renamed", "Order.qty=quantity")
    done = shop.make()
    assert done.code == 0, done.out + done.err
    assert "Order 1 to 2: its step is there already" in done.out
    assert "@versioned(2)" in shop.text("shop/models.py")
    assert shop.load("order.pickle", "found.quantity") == "3"


def test_a_version_that_was_raised_already(shop):
    """Then only the step is missing."""
    shop.models(NEW_ORDER)
    change(shop, "@versioned(1)", "@versioned(2)")
    assert shop.make("--renamed", "Order.qty=quantity").code == 0
    assert "@versioned(2)" in shop.text("shop/models.py")
    assert shop.load("order.pickle", "found.quantity") == "3"


def test_wrong_hints_are_refused(shop):
    """Each says what is wrong and how it is written."""
    shop.models(NEW_ORDER)
    for arguments, part in (
        (["--renamed", "Order.qty"], "Write it as --renamed Order.qty=quantity"),
        (["--renamed", "Order.qty=wrong"], "'wrong', which is none of today's fields"),
        (["--renamed", "Order.wrong=quantity"], "'wrong', which is none of version 1's fields"),
        (["--default", "Order.currency=1 +"], "the default of currency cannot be taken"),
        (["--moved", "shop"], "it is not old=new"),
        (["--name", "a-b", "--renamed", "qty=quantity"], "that is no name of a module"),
        (["Wrong"], "no such class is registered"),
    ):
        done = shop.make(*arguments)
        assert done.code == 2, arguments
        assert part in done.err, arguments
        assert "Traceback" not in done.err


# --- every way to keep fields ---------------------------------------------------------------------

SHAPES = {
    "attrs": (
        """
        import attrs
        from pickle_migrate import versioned

        @versioned(1)
        @attrs.define
        class Order:
            customer: str
            qty: int
        """,
        """
        import attrs
        from pickle_migrate import versioned

        @versioned(1)
        @attrs.define
        class Order:
            customer: str
            quantity: int = attrs.field(metadata={"pickle_migrate": {"renamed": "qty"}})
            tags: list[str] = attrs.field(factory=list)
            colours: list[str] = attrs.Factory(lambda: ["red"])
        """,
        "[found.customer, found.quantity, found.tags, found.colours]",
        "['Ada', 3, [], ['red']]",
    ),
    "frozen dataclass with slots": (
        """
        from dataclasses import dataclass
        from pickle_migrate import versioned

        @versioned(1)
        @dataclass(frozen=True, slots=True)
        class Order:
            customer: str
            qty: int
        """,
        """
        from dataclasses import dataclass, field
        from pickle_migrate import versioned

        @versioned(1)
        @dataclass(frozen=True, slots=True)
        class Order:
            __pickle_migrate_hints__ = {"renamed": {"quantity": "qty"}}
            currency: str = field(default="EUR", kw_only=True)
            quantity: int
            customer: str
        """,
        "[found.customer, found.quantity, found.currency]",
        "['Ada', 3, 'EUR']",
    ),
    "slots": (
        """
        from pickle_migrate import versioned

        @versioned(1)
        class Order:
            __slots__ = ("customer", "qty")

            def __init__(self, customer, qty):
                self.customer, self.qty = customer, qty
        """,
        """
        from pickle_migrate import versioned

        @versioned(1)
        class Order:
            __slots__ = ("customer", "quantity", "note")
            __pickle_migrate_hints__ = {
                "renamed": {"quantity": "qty"},
                "defaults": {"note": ""},
            }

            def __init__(self, customer, quantity, note):
                self.customer, self.quantity, self.note = customer, quantity, note
        """,
        "[found.customer, found.quantity, found.note]",
        "['Ada', 3, '']",
    ),
    "annotations": (
        """
        from pickle_migrate import versioned

        @versioned(1)
        class Order:
            customer: str
            qty: int

            def __init__(self, customer, qty):
                self.customer, self.qty = customer, qty
        """,
        """
        from pickle_migrate import versioned

        @versioned(1)
        class Order:
            __pickle_migrate_hints__ = {"renamed": {"quantity": "qty"}}
            customer: str
            quantity: int
            note: str | None = None
        """,
        "[found.customer, found.quantity, vars(found)['note']]",
        "['Ada', 3, None]",
    ),
    "a plain class that declares nothing": (
        """
        from pickle_migrate import versioned

        @versioned(1)
        class Order:
            def __init__(self, customer, qty):
                self.customer, self.qty = customer, qty
        """,
        """
        from pickle_migrate import versioned

        @versioned(1)
        class Order:
            __pickle_migrate_hints__ = {"renamed": {"quantity": "qty"}}

            def __init__(self, customer, quantity, note="none"):
                self.customer, self.quantity = customer, quantity
                self.note = note
        """,
        "[found.customer, found.quantity, found.note]",
        "['Ada', 3, 'none']",
    ),
    "a plain class that becomes a dataclass": (
        """
        from pickle_migrate import versioned

        @versioned(1)
        class Order:
            def __init__(self, customer, qty):
                self.customer, self.qty = customer, qty
        """,
        """
        from dataclasses import dataclass
        from pickle_migrate import versioned

        @versioned(1)
        @dataclass
        class Order:
            __pickle_migrate_hints__ = {"renamed": {"quantity": "qty"}}
            customer: str
            quantity: int
        """,
        "found",
        "Order(customer='Ada', quantity=3)",
    ),
    "a namedtuple": (
        """
        from typing import NamedTuple
        from pickle_migrate import versioned

        @versioned(1)
        class Order(NamedTuple):
            customer: str
            qty: int
        """,
        """
        from typing import NamedTuple
        from pickle_migrate import versioned

        @versioned(1)
        class Order(NamedTuple):
            currency: str
            quantity: int
            customer: str = ""

        Order.__pickle_migrate_hints__ = {
            "renamed": {"quantity": "qty"}, "defaults": {"currency": "EUR"}
        }
        """,
        "found",
        "Order(currency='EUR', quantity=3, customer='Ada')",
    ),
    "private fields": (
        """
        from pickle_migrate import versioned

        @versioned(1)
        class Order:
            def __init__(self, customer, qty):
                self.__customer, self.__qty = customer, qty
        """,
        """
        from pickle_migrate import versioned

        @versioned(1)
        class Order:
            __pickle_migrate_hints__ = {"renamed": {"__quantity": "__qty"}}

            def __init__(self, customer, quantity):
                self.__customer, self.__quantity = customer, quantity
        """,
        "sorted(vars(found).items())",
        "[('_Order__customer', 'Ada'), ('_Order__quantity', 3)]",
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_every_way_to_keep_fields(tmp_path, shape):
    """A field is renamed by a hint in the class, others are added; old pickles load."""
    protocol = list(SHAPES).index(shape) % 6
    before, after, show, expected = SHAPES[shape]
    project = Project(tmp_path)
    project.models(before)
    project.pickle("order.pickle", "Order('Ada', 3)", "Order@1", protocol=protocol)
    project.lock()
    project.models(after)
    done = project.make()
    assert done.code == 0, done.out + done.err
    assert project.load("order.pickle", show) == expected
    assert project.make().out == "Nothing to do: the code is as the lock says.\n"
    project.check_style()


def test_a_dict_that_becomes_slots(shop):
    """The fields are the same: a step without operations, and a word on why."""
    change(shop, "@dataclass\n", "@dataclass(slots=True)\n")
    done = shop.make()
    assert done.code == 0, done.out + done.err
    (text,) = shop.written().values()
    assert "# The fields are the same; only the form of the state changed.\n" in text
    assert 'Lineage("shop.models:Order").upgrade(1)' in text
    assert shop.load("order.pickle") == "Order(customer='Ada', qty=3)"
    shop.check_style()


def test_a_wider_type_changes_no_value(shop):
    """A union that has the old type among its own."""
    change(shop, "qty: int", "qty: int | None")
    done = shop.make()
    assert done.code == 0, done.out + done.err
    (text,) = shop.written().values()
    assert "upgrade(1)" in text
    assert "qty may be None | int" in text


def test_hints_that_were_of_use_may_stay(shop):
    """The next step does not do it all again."""
    change(
        shop,
        "qty: int",
        "__pickle_migrate_hints__ = {\n"
        '        "renamed": {"quantity": "qty"},\n'
        '        "converted": {"quantity": "str(quantity)"},\n'
        '        "defaults": {"place": "shelf"},\n'
        "    }\n"
        "    quantity: str\n    place: str",
    )
    assert shop.make().code == 0
    assert shop.make().out == "Nothing to do: the code is as the lock says.\n"
    change(shop, "place: str\n", "place: str\n    paid: bool = False\n")
    done = shop.make()
    assert done.code == 0, done.out + done.err
    assert shop.written()["m0002_order_paid"].endswith(
        '\nLineage("shop.models:Order").upgrade(2, AddField("paid", default=False))\n'
    )
    shown = "Order(customer='Ada', quantity='3', place='shelf', paid=False)"
    assert shop.load("order.pickle") == shown


def test_a_class_with_its_own_getstate(tmp_path):
    """Its state may be the fields: a note says to look, and archived pickles prove it."""
    project = Project(tmp_path)
    project.models(
        ORDER
        + """
        def __getstate__(self):
            return self.__dict__.copy()

        def __setstate__(self, state):
            self.__dict__.update(state)
"""
    )
    project.pickle("order.pickle", "Order('Ada', 3)", "Order@1")
    project.lock()
    change(project, "qty: int", "quantity: int")
    done = project.make("--renamed", "qty=quantity")
    assert done.code == 0, done.out + done.err
    assert "says itself what its pickles hold" in done.out
    assert project.load("order.pickle") == "Order(customer='Ada', quantity=3)"


def test_a_rename_that_is_declared_already(shop):
    """The user said the old name; the step is written under the new one."""
    change(shop, "class Order:", "class Purchase:")
    change(shop, "qty: int", "quantity: int")
    shop.file(
        "shop/migrations/__init__.py",
        "from pickle_migrate import Lineage\n\n"
        'Lineage("shop.models:Purchase").renamed_from("shop.models:Order")\n',
    )
    done = shop.make("--renamed", "Purchase.qty=quantity")
    assert done.code == 0, done.out + done.err
    assert shop.load("order.pickle") == "Purchase(customer='Ada', quantity=3)"
    assert shop.make().out == "Nothing to do: the code is as the lock says.\n"


# --- enums ----------------------------------------------------------------------------------------

GRADE = """
    import enum
    from pickle_migrate import versioned

    @versioned(1)
    class Grade(enum.Enum):
        LOW = 1
        MIDDLE = 2
"""


@pytest.fixture
def graded(tmp_path):
    project = Project(tmp_path)
    project.models(GRADE)
    project.pickle("grades.pickle", "[Grade.LOW, Grade.MIDDLE]", "Grade@1")
    project.lock()
    return project


def test_a_member_was_renamed(graded):
    """Its state is its name and its value; the name is another one now."""
    change(graded, "MIDDLE = 2", "MEDIUM = 2")
    assert "Was Grade.MIDDLE renamed to Grade.MEDIUM (2)?" in graded.make().out
    done = graded.make(answers="y\n")
    assert done.code == 0, done.out + done.err
    assert graded.load("grades.pickle") == "[<Grade.LOW: 1>, <Grade.MEDIUM: 2>]"
    graded.check_style()


def test_members_have_other_values(graded):
    """The name says which member was meant."""
    change(graded, "MIDDLE = 2", "MIDDLE = 3\n    HIGH = 2")
    done = graded.make()
    assert done.code == 0, done.out + done.err
    assert graded.load("grades.pickle") == "[<Grade.LOW: 1>, <Grade.MIDDLE: 3>]"
    graded.check_style()


def test_a_member_is_gone(graded):
    """It is asked which member it is now."""
    change(graded, "MIDDLE = 2", "HIGH = 3")
    done = graded.make("--renamed", "Grade.MIDDLE=HIGH")
    assert done.code == 0, done.out + done.err
    assert graded.load("grades.pickle") == "[<Grade.LOW: 1>, <Grade.HIGH: 3>]"


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ("R = 1\n    W = 4\n    X = 2", "[1, 4, 5]"),
        ("R = 2\n    W = 1", "[2, 1, 3]"),
        ("READ = 1\n    W = 2", "[1, 2, 3]"),
    ],
)
def test_each_bit_of_flags_goes_its_own_way(tmp_path, members, expected):
    """Members and their combinations."""
    project = Project(tmp_path)
    project.models(GRADE.replace("Enum", "Flag").replace("LOW", "R").replace("MIDDLE", "W"))
    project.pickle("flags.pickle", "[Grade.R, Grade.W, Grade.R | Grade.W]", "Grade@1")
    project.lock()
    change(project, "R = 1\n    W = 2", members)
    done = project.make(*(["--renamed", "Grade.R=READ"] if "READ" in members else []))
    assert done.code == 0, done.out + done.err
    assert project.load("flags.pickle", "[one.value for one in found]") == expected
    project.check_style()


# --- merged, split, moved -------------------------------------------------------------------------


def test_fields_that_were_merged(tmp_path):
    """Asked by names and an expression; the function has a name of its own."""
    project = Project(tmp_path)
    project.models(
        """
        from dataclasses import dataclass
        from pickle_migrate import versioned

        @versioned(1)
        @dataclass
        class Keeper:
            first: str
            last: str
        """
    )
    project.pickle("keeper.pickle", "Keeper('Ada', 'King')", "Keeper@1")
    project.lock()
    change(project, "first: str\n    last: str", "name: str")
    done = project.make(answers="n\nn\nfirst, last\nf'{first} {last}'\n")
    assert done.code == 0, done.out + done.err
    (text,) = project.written().values()
    assert (
        "def keeper_name(first, last):\n"
        '    """Keeper.name is made of first and last."""\n'
        '    return f"{first} {last}"\n'
    ) in text
    assert project.load("keeper.pickle") == "Keeper(name='Ada King')"
    project.check_style()


def test_a_field_that_was_split(tmp_path):
    """The same by an option, the other way round."""
    project = Project(tmp_path)
    project.models(
        """
        from dataclasses import dataclass
        from pickle_migrate import versioned

        @versioned(1)
        @dataclass
        class Reading:
            wind: str
        """
    )
    project.pickle("reading.pickle", "Reading('NW 12')", "Reading@1")
    project.lock()
    change(project, "wind: str", "wind_from: str\n    wind_speed: int")
    done = project.make(
        "--split", "Reading.wind=wind_from,wind_speed:(wind.split()[0], int(wind.split()[1]))"
    )
    assert done.code == 0, done.out + done.err
    assert project.load("reading.pickle") == "Reading(wind_from='NW', wind_speed=12)"
    project.check_style()


STATION = """
    from dataclasses import dataclass
    from pickle_migrate import versioned

    @versioned(1)
    @dataclass
    class Station:
        name: str
        lat: float
        lon: float
"""
STATION_AND_SITE = """
    from dataclasses import dataclass
    from pickle_migrate import versioned

    @versioned(1)
    @dataclass
    class Site:
        lat: float
        lon: float

    @versioned(1)
    @dataclass
    class Station:
        name: str
        site: Site
"""


def test_a_class_that_was_split_in_two(tmp_path):
    """The part that became a class of its own is made by a function, as today's class."""
    project = Project(tmp_path)
    project.models(STATION)
    project.pickle("station.pickle", "Station('Oslo', 59.9, 10.7)", "Station@1")
    project.lock()
    project.models(STATION_AND_SITE)
    assert "Did lat, lon of Station move into the Site that is Station.site now?" in (
        project.make().out
    )
    done = project.make(answers="y\n")
    assert done.code == 0, done.out + done.err
    (text,) = project.written().values()
    assert "    from shop.models import Site\n" in text
    assert project.load("station.pickle") == "Station(name='Oslo', site=Site(lat=59.9, lon=10.7))"
    project.check_style()


def test_two_classes_that_became_one(tmp_path):
    """The other way round: what the object held are fields of the class."""
    project = Project(tmp_path)
    project.models(STATION_AND_SITE)
    project.pickle("station.pickle", "Station('Oslo', Site(59.9, 10.7))", "Station@1", "Site@1")
    project.lock()
    change(project, "site: Site", "lat: float\n    lon: float")
    done = project.make(answers="y\n")
    assert done.code == 0, done.out + done.err
    assert project.load("station.pickle") == "Station(name='Oslo', lat=59.9, lon=10.7)"
    project.check_style()


def test_a_class_that_was_renamed_and_changed(shop):
    """Asked by likeness of fields; one chain says the old name and the step."""
    change(shop, "class Order:", "class Purchase:")
    change(shop, "qty: int", 'qty: int\n    currency: str = "EUR"')
    assert "Is shop.models:Purchase what shop.models:Order was?" in shop.make().out
    done = shop.make("--moved", "shop.models:Order=shop.models:Purchase")
    assert done.code == 0, done.out + done.err
    (text,) = shop.written().values()
    assert 'purchase.renamed_from("shop.models:Order")' in text
    assert shop.load("order.pickle") == "Purchase(customer='Ada', qty=3, currency='EUR')"
    assert shop.make().out == "Nothing to do: the code is as the lock says.\n"
    shop.check_style()


def test_a_class_that_only_moved(shop):
    """No version is raised for a name."""
    (shop.folder / "shop/models.py").rename(shop.folder / "shop/orders.py")
    done = shop.make(answers="y\n")
    assert done.code == 0, done.out + done.err
    (text,) = shop.written().values()
    assert 'Lineage("shop.orders:Order").renamed_from("shop.models:Order")' in text
    assert "@versioned(1)" in shop.text("shop/orders.py")
    assert shop.load("order.pickle", "type(found).__module__") == "shop.orders"
    assert shop.make().out == "Nothing to do: the code is as the lock says.\n"


def test_a_package_that_was_renamed_as_a_whole(tmp_path):
    """One question, one line for all classes in it."""
    project = Project(tmp_path)
    project.models(
        ORDER + "\n\n    @versioned(3)\n    @dataclass\n    class Gift:\n        to: str\n"
    )
    project.pickle("order.pickle", "[Order('Ada', 3), Gift('Bob')]", "Order@1", "Gift@3")
    project.lock()
    (tmp_path / "shop").rename(tmp_path / "store")
    project.package = "store"
    project.file("pyproject.toml", project.text("pyproject.toml").replace("shop", "store"))
    change(project, "qty: int", 'qty: int\n    currency: str = "EUR"')
    asked = project.make("--json").document["questions"]
    assert [q["text"] for q in asked] == ["Was shop renamed to store, with 2 classes in it?"]
    done = project.make("--moved", "shop=store")
    assert done.code == 0, done.out + done.err
    (text,) = project.written().values()
    assert 'DEFAULT.rename("shop", "store")' in text
    shown = project.load("order.pickle")
    assert shown == "[Order(customer='Ada', qty=3, currency='EUR'), Gift(to='Bob')]"
    assert project.make().out == "Nothing to do: the code is as the lock says.\n"
    project.check_style()


def test_nested_classes_and_several_in_one_run(tmp_path):
    """One module for all of them, a line of its docstring for each."""
    project = Project(tmp_path)
    project.models(
        """
        from dataclasses import dataclass
        from pickle_migrate import versioned

        @versioned(1)
        @dataclass
        class Order:
            customer: str

            @versioned(1)
            @dataclass
            class Line:
                qty: int

        @versioned(4)
        @dataclass
        class Gift:
            to: str
        """
    )
    code = "[Order('Ada'), Order.Line(3), Gift('Bob')]"
    project.pickle("all.pickle", code, "Order@1", "Order.Line@1", "Gift@4")
    project.lock()
    change(project, "customer: str", "customer: str\n    paid: bool = False")
    change(project, "qty: int", "quantity: int")
    change(project, "to: str", "to: str\n    note: str = ''")
    done = project.make("--renamed", "Order.Line.qty=quantity")
    assert done.code == 0, done.out + done.err
    assert list(project.written()) == ["m0001_gift_order_line"]
    assert project.load("all.pickle") == (
        "[Order(customer='Ada', paid=False), Order.Line(quantity=3), Gift(to='Bob', note='')]"
    )
    assert "@versioned(5)" in project.text("shop/models.py")
    project.check_style()


def test_one_class_alone(shop):
    """Named classes are looked at, the others are not."""
    change(
        shop, "qty: int\n", "qty: int\n\n\n@versioned(1)\n@dataclass\nclass Gift:\n    to: str\n"
    )
    shop.lock()
    change(shop, "qty: int\n", "qty: int\n    paid: bool = False\n")
    change(shop, "to: str\n", "to: str\n    note: str = ''\n")
    assert shop.make("Gift").code == 0
    (text,) = shop.written().values()
    assert "Order" not in text
    assert shop.make().code == 0


# --- inheritance ----------------------------------------------------------------------------------

DERIVED = """
    from dataclasses import dataclass
    from pickle_migrate import versioned

    @versioned(1)
    @dataclass
    class Reading:
        value: float

    @versioned(1)
    @dataclass
    class Rain(Reading):
        depth: int
"""


@pytest.fixture
def readings(tmp_path):
    project = Project(tmp_path)
    project.models(DERIVED)
    project.pickle("rain.pickle", "[Rain(1.5, 2), Reading(3.5)]", "Rain@1", "Reading@1")
    project.lock()
    return project


def test_each_class_of_an_inheritance_has_its_own_step(readings):
    """A field of the base is renamed in the base's lineage alone."""
    change(readings, "value: float", "amount: float")
    done = readings.make("--renamed", "Reading.value=amount")
    assert done.code == 0, done.out + done.err
    assert readings.load("rain.pickle") == "[Rain(amount=1.5, depth=2), Reading(amount=3.5)]"
    (text,) = readings.written().values()
    assert "Rain" not in text


def test_a_base_that_was_added(readings):
    """Its fields are not in old pickles; the class that got it adds them."""
    source = DERIVED.replace(
        "    @versioned(1)\n    @dataclass\n    class Rain(Reading)",
        "    @versioned(1)\n    @dataclass(kw_only=True)\n    class Audited:\n"
        "        changed_by: str = 'nobody'\n\n"
        "    @versioned(1)\n    @dataclass\n    class Rain(Reading, Audited)",
    )
    readings.models(source)
    done = readings.make()
    assert done.code == 0, done.out + done.err
    (text,) = readings.written().values()
    assert 'AddField("changed_by", default="nobody")' in text
    assert "Audited is a base of it now" in text
    assert readings.load("rain.pickle", "found[0].changed_by, vars(found[0])['changed_by']") == (
        "nobody nobody"
    )
    assert readings.make().out == "Nothing to do: the code is as the lock says.\n"


def test_a_base_that_was_removed(readings):
    """Its fields are still in old pickles: those that the class has itself now stay, others go."""
    change(readings, "class Rain(Reading):\n    depth: int", "class Rain:\n    depth: int")
    assert "Rain.value is gone. Drop its values" in readings.make().out
    done = readings.make("--removed", "Rain.value")
    assert done.code == 0, done.out + done.err
    assert readings.load("rain.pickle") == "[Rain(depth=2), Reading(value=3.5)]"
    assert readings.make().out == "Nothing to do: the code is as the lock says.\n"


def test_a_field_that_went_into_the_base(readings):
    """Objects of the derived class have it already, those of the base get it."""
    change(readings, "value: float", "value: float\n    depth: int = 0")
    change(readings, "class Rain(Reading):\n    depth: int\n", "class Rain(Reading):\n    pass\n")
    done = readings.make()
    assert done.code == 0, done.out + done.err
    assert readings.load("rain.pickle") == "[Rain(value=1.5, depth=2), Reading(value=3.5, depth=0)]"
    assert readings.make().out == "Nothing to do: the code is as the lock says.\n"
    readings.check_style()


# --- types ----------------------------------------------------------------------------------------


def test_a_type_that_changed_is_asked_for(shop):
    """A function that fits is proposed; an empty answer takes it, with its way back."""
    change(shop, "qty: int", "qty: str")
    assert "Order.qty was int and is str now." in shop.make().out
    done = shop.make(answers="\n")
    assert done.code == 0, done.out + done.err
    (text,) = shop.written().values()
    assert 'ConvertField("qty", str, inverse=int)' in text
    assert shop.load("order.pickle") == "Order(customer='Ada', qty='3')"
    shop.check_style()


def test_the_values_may_stay_as_they_are(shop):
    """``same``: the type was wrong before."""
    change(shop, "qty: int", "qty: float")
    done = shop.make(answers="same\n")
    assert done.code == 0, done.out + done.err
    assert shop.load("order.pickle") == "Order(customer='Ada', qty=3)"


def test_the_values_may_stay_as_they_are_without_input_too(shop):
    """The option takes the answer that the question names."""
    change(shop, "qty: int", "qty: float")
    done = shop.make("--no-input", "--convert", "Order.qty=same")
    assert done.code == 0, done.out + done.err
    assert shop.load("order.pickle") == "Order(customer='Ada', qty=3)"


def test_a_default_of_the_project_is_imported_in_a_function(tmp_path):
    """A member of an enum of the project: its module may be gone one day."""
    project = Project(tmp_path)
    enum_ = (
        "import enum\n\n\nclass Kind(enum.Enum):\n"
        "    NEW = 1\n\n\ndef made():\n    return ['made']\n"
    )
    project.models(
        ORDER.replace("from dataclasses", "from shop.kinds import Kind, made\n    from dataclasses")
    )
    project.file("shop/kinds.py", enum_)
    project.pickle("order.pickle", "Order('Ada', 3)", "Order@1")
    project.lock()
    change(
        project,
        "qty: int",
        "qty: int\n    kind: Kind = Kind.NEW\n    parts: list = field(default_factory=made)",
    )
    change(project, "import dataclass\n", "import dataclass, field\n")
    done = project.make()
    assert done.code == 0, done.out + done.err
    (text,) = project.written().values()
    assert "    from shop.kinds import Kind\n\n    return Kind.NEW\n" in text
    assert project.load("order.pickle", "[found.kind.name, found.parts]") == "['NEW', ['made']]"
    project.check_style()


# --- pickles of old interpreters ------------------------------------------------------------------

OLD_PYTHONS = sorted(Path.home().glob(".pyenv/versions/3.[89]*/bin/python"))


@pytest.mark.skipif(not OLD_PYTHONS, reason="no old interpreter is here")
def test_pickles_that_an_old_python_wrote_without_versions(tmp_path):
    """Before the class had the decorator: they are of the version that ``unstamped`` says."""
    project = Project(tmp_path)
    project.models("class Order:\n    def __init__(self, qty):\n        self.qty = qty\n")
    old = str(OLD_PYTHONS[0])
    project.write("old.pickle", "[Order(1), Order(2)]", protocol=2, python=old)
    project.models(
        """
        from pickle_migrate import versioned

        @versioned(1, unstamped=1)
        class Order:
            def __init__(self, qty):
                self.qty = qty
        """
    )
    project.archive("old.pickle", "Order@?")
    project.lock()
    change(project, "qty", "quantity")
    done = project.make("--renamed", "Order.qty=quantity")
    assert done.code == 0, done.out + done.err
    assert "@versioned(2, unstamped=1)" in project.text("shop/models.py")
    assert project.load("old.pickle", "[one.quantity for one in found]") == "[1, 2]"


# --- where it is written --------------------------------------------------------------------------


def test_a_module_of_migrations_gets_more(tmp_path):
    """Imports are joined with those that are there, functions get names that are free."""
    settings = '[tool.pickle_migrate]\nmodules = ["{package}.models"]\nmigrations = ["steps"]\n'
    project = Project(tmp_path, settings=settings)
    project.models(ORDER)
    project.file(
        "steps.py",
        '''
        """All steps."""

        import decimal

        from pickle_migrate import (
            Lineage,
            RemoveField,
        )


        def order_qty(value):
            return decimal.Decimal(value)


        Lineage("shop.models:Other").upgrade(1, RemoveField("x"))
        ''',
    )
    project.lock()
    change(project, "qty: int", "qty: str\n    paid: bool = False")
    done = project.make("--convert", "qty=str(qty + 1)")
    assert done.code == 0, done.out + done.err
    text = project.text("steps.py")
    assert "from pickle_migrate import AddField, ConvertField, Lineage, RemoveField\n" in text
    assert "def order_qty_1(qty):" in text
    assert 'ConvertField("qty", order_qty_1), AddField("paid", default=False)' in text
    assert text.count("def order_qty(") == 1
    done = subprocess.run(
        [*RUFF, "format", "--check", "--diff", "--isolated", "--line-length", "100", "steps.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout


def test_the_module_of_migrations_may_not_be_there_yet(tmp_path):
    """It is made."""
    project = Project(tmp_path)
    project.models(ORDER)
    project.file("pyproject.toml", '[tool.pickle_migrate]\nmodules = ["shop.models"]\n')
    project.lock()
    project.file(
        "pyproject.toml",
        '[tool.pickle_migrate]\nmodules = ["shop.models"]\nmigrations = ["shop.steps"]\n',
    )
    project.models(NEW_ORDER)
    done = project.make("--renamed", "qty=quantity")
    assert done.code == 0, done.out + done.err
    assert "RenameField" in project.text("shop/steps.py")


@pytest.mark.parametrize(
    ("init", "line"),
    [
        ("", "from shop.migrations import m0001_order_quantity\n"),
        ("from . import names\n", "from . import m0001_order_quantity, names\n"),
        (
            'from shop.migrations import names\n\n__all__ = ["names"]\n',
            '__all__ = ["m0001_order_quantity", "names"]\n',
        ),
        (
            "import importlib\nimport pkgutil\n\nfor found in pkgutil.iter_modules(__path__):\n"
            '    importlib.import_module(f"{__name__}.{found.name}")\n',
            None,
        ),
    ],
)
def test_how_a_package_loads_its_modules(shop, init, line):
    """The new one is loaded as the others are."""
    shop.file("shop/migrations/__init__.py", init)
    shop.file("shop/migrations/names.py", "NAMES = 1\n")
    shop.models(NEW_ORDER)
    done = shop.make("--renamed", "qty=quantity")
    assert done.code == 0, done.out + done.err
    text = shop.text("shop/migrations/__init__.py")
    assert text == init if line is None else line in text
    assert shop.load("order.pickle", "found.quantity") == "3"


def test_to_a_file_and_a_name(shop):
    """``--to`` and ``--name`` say it otherwise."""
    shop.models(NEW_ORDER)
    done = shop.make("--renamed", "qty=quantity", "--name", "release_2")
    assert done.code == 0, done.out + done.err
    assert list(shop.written()) == ["release_2"]
    change(shop, "quantity: int", "amount: int")
    done = shop.make("--renamed", "quantity=amount", "--to", "shop/models.py")
    assert done.code == 0, done.out + done.err
    assert 'Lineage("shop.models:Order").upgrade(2,' in shop.text("shop/models.py")
    assert "@versioned(3)" in shop.text("shop/models.py")
    assert shop.load("order.pickle", "found.amount") == "3"


def test_a_step_that_nobody_imports_is_refused(shop):
    """It would not be there when an old pickle turns up."""
    shop.models(NEW_ORDER)
    done = shop.make("--renamed", "qty=quantity", "--to", "elsewhere.py")
    assert done.code == 1
    assert "no migration leads from 1 to 2" in done.out
    assert not (shop.folder / "elsewhere.py").exists()


def test_line_ends_and_other_letters_stay(shop):
    """Only the number changes in the class's source."""
    text = shop.text("shop/models.py").replace(
        "class Order:", "class Order:\n    # Größe, \N{GREEK SMALL LETTER OMEGA}"
    )
    text = text.replace("qty: int", "qty: int\n    paid: bool = False")
    text = text.replace("@versioned(1)", '@versioned(  # "é" and more\n    version=1,\n)')
    path = shop.folder / "shop/models.py"
    path.write_bytes(text.replace("\n", "\r\n").encode())
    before = path.read_bytes()
    done = shop.make()
    assert done.code == 0, done.out + done.err
    assert path.read_bytes() == before.replace(b"version=1", b"version=2")


def test_an_empty_step_to_fill_in(shop):
    """A function that does nothing yet; it raises the version and is tried."""
    done = shop.make("--empty", "Order")
    assert done.code == 0, done.out + done.err
    (text,) = shop.written().values()
    assert '@migrates("shop.models:Order", 1)\ndef order(state):\n' in text
    assert shop.load("order.pickle") == "Order(customer='Ada', qty=3)"
    shop.check_style()
