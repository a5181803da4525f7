"""The command, run as users run it: in a process of its own, on files of an old release."""

from __future__ import annotations

import gzip
import pickle
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from world import World

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path)
    made.old_release()
    made.new_release()
    return made


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    run = [sys.executable, "-m", "pickle_migrate", *arguments]
    return subprocess.run(run, capture_output=True, text=True, check=False)


# --- options ------------------------------------------------------------------------------------


def test_the_help_names_every_option_and_the_exit_codes():
    """A person who types --help learns what there is."""
    done = command("upgrade", "--help")
    assert done.returncode == 0
    for option in (
        *("--to", "--in-place", "--dry-run", "--json", "--import", "--path", "--no-backup"),
        *("--encoding", "--settings", "--protocol", "Exit codes: 0"),
    ):
        assert option in done.stdout


def test_help_needs_neither_rich_nor_the_loader_of_plans():
    """Heavy imports wait until they are needed."""
    code = (
        "import sys, pickle_migrate.cli as c\n"
        "try: c.main(['--help'])\n"
        "except SystemExit: pass\n"
        "assert 'rich' not in sys.modules and 'pickle_migrate.graphs' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "--to DIR writes them into a folder"),
        (["--to", "out", "--in-place"], "Choose one of --to DIR and --in-place"),
        (["--to", "out", "--no-backup"], "--no-backup belongs to --in-place"),
        (["--to", "order.pkl"], "that is no folder"),
        (["--in-place", "--encoding", "klingon"], "no such encoding"),
        (["--in-place", "--protocol", "6"], "6 is not in the range"),
        (["--in-place", "--settings", "gone.toml"], "'gone.toml' does not exist"),
        (["--in-place", "--import", "gone_module"], "No module named 'gone_module'"),
        (["--in-place", "--nonsense"], "No such option"),
    ],
)
def test_wrong_options_end_with_2_and_change_nothing(world: World, arguments, says):
    """What cannot run says what is wrong on standard error."""
    world.order()
    before = world.content()
    done = world.run("order.pkl", *arguments)
    assert (done.code, done.out) == (2, "")
    assert says in " ".join(done.err.split())
    assert "Traceback" not in done.err
    assert world.content() == before


@pytest.mark.parametrize("path", ["gone.pkl", "gone/", "*.gone"])
def test_a_path_that_leads_to_nothing_ends_with_2(world: World, path):
    """A check that finds no files fails."""
    done = world.run(path, "--in-place")
    assert (done.code, done.out) == (2, "")
    assert path.rstrip("/") in done.err


def test_an_empty_folder_ends_with_2(world: World):
    """There is nothing to do, and whoever asked expected something."""
    done = world.run(".", "--in-place")
    assert done.code == 2
    assert done.err.startswith("Error: ")


def test_unreadable_settings_end_with_2(world: World):
    """A typing error in the settings is not passed over."""
    world.order()
    (world.data / "pyproject.toml").write_text("[tool.pickle_migrate]\nmigration = ['x']\n")
    done = world.run("order.pkl", "--in-place")
    assert done.code == 2
    assert "unknown key 'migration'" in done.err


# --- upgrading ----------------------------------------------------------------------------------


def test_in_place_upgrades_keeps_a_backup_and_says_so(world: World):
    """The main use, as a person sees it."""
    old = world.order().read_bytes()
    done = world.run("order.pkl", "--in-place")
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines() == [
        "upgraded       order.pkl  shop:Order 1 -> 3  (live)",
        "",
        "1 file: 1 upgraded.",
        "The old files stand beside the new ones, as NAME.bak.",
    ]
    assert (world.data / "order.pkl.bak").read_bytes() == old
    assert world.load("order.pkl", "vars(obj)") == "{'quantity': 2, 'currency': 'EUR'}"
    assert b"shop:Order@3" in (world.data / "order.pkl").read_bytes()


def test_a_second_run_changes_nothing(world: World):
    """Whether a file is current is read from its bytes; backups are not taken for input."""
    world.order()
    world.run(".", "--in-place")
    before = world.content()
    done = world.run(".", "--in-place")
    assert (done.code, done.out.splitlines()[0]) == (0, "current        ./order.pkl")
    assert world.content() == before


def test_no_backup(world: World):
    """With --no-backup the folder holds the new file alone."""
    world.order()
    assert world.run("order.pkl", "--in-place", "--no-backup").code == 0
    assert list(world.content()) == ["order.pkl"]


def test_to_keeps_the_input_and_the_folders(world: World):
    """Old files stay; new ones get the same path below the given folder."""
    world.write(
        """
        import shop
        Path('a/b').mkdir(parents=True)
        for name in ('a/one.pkl', 'a/b/two.pkl'):
            pickle.dump(shop.Order(qty=1), open(name, 'wb'))
        """
    )
    before = world.content()
    assert world.run("a", "--to", "out").code == 0
    after = world.content()
    assert {name: data for name, data in after.items() if not name.startswith("out")} == before
    assert sorted(after.keys() - before.keys()) == ["out/b/two.pkl", "out/one.pkl"]
    assert world.load("out/b/two.pkl", "obj.quantity") == "1"


def test_to_copies_current_files_and_a_second_run_changes_nothing(world: World):
    """The new folder is complete, and is not upgraded into itself."""
    world.order()
    world.write("pickle.dump({'a': 1}, open('plain.pkl', 'wb'))")
    done = world.run(".", "--to", "out")
    assert done.out.splitlines()[:2] == [
        "upgraded       ./order.pkl  shop:Order 1 -> 3  (live)",
        "copied         ./plain.pkl  already current",
    ]
    before = world.content()
    assert before["out/plain.pkl"] == before["plain.pkl"]
    done = world.run(".", "--to", "out")
    assert (done.code, done.out.count("current")) == (0, 3)
    assert world.content() == before


def test_to_does_not_overwrite(world: World):
    """What stands at the output's place and is something else stays, and the run says so."""
    world.order()
    (world.data / "out").mkdir()
    (world.data / "out/order.pkl").write_bytes(b"precious")
    done = world.run("order.pkl", "--to", "out")
    assert done.code == 1
    assert done.out.startswith("failed")
    assert (world.data / "out/order.pkl").read_bytes() == b"precious"


def test_sets_in_another_order_are_the_same_output(world: World):
    """Sets of texts are written in another order by each process; a second run sees the content."""
    names = ", ".join(f"'n{i}'" for i in range(40))
    world.order(fields=f"qty=1, names={{{names}}}")
    assert world.run("order.pkl", "--to", "out", PYTHONHASHSEED="1").code == 0
    before = world.content()
    done = world.run("order.pkl", "--to", "out", PYTHONHASHSEED="2")
    assert (done.code, done.out.splitlines()[0]) == (0, "current        order.pkl")
    assert world.content() == before


def test_two_inputs_for_one_output_are_both_refused(world: World):
    """Neither of them wins."""
    world.write(
        """
        import shop
        for name in ('a', 'b'):
            Path(name).mkdir()
            pickle.dump(shop.Order(qty=1), open(name + '/order.pkl', 'wb'))
        """
    )
    done = world.run("a", "b", "--to", "out", "--json")
    assert done.code == 1
    assert [f["result"] for f in done.files] == ["refused", "refused"]
    assert "2 files would be written to out/order.pkl" in done.files[0]["problems"][0]["message"]
    assert not (world.data / "out").exists()


def test_a_failing_file_stays_and_the_others_go_on(world: World):
    """One bad file among good ones: exit code 1, its reason, its bytes as they were."""
    world.write(
        """
        import shop
        for name, fields in (('a', {'qty': 1}), ('b', {'wrong': 1}), ('c', {'qty': 3})):
            pickle.dump(shop.Order(**fields), open(name + '.pkl', 'wb'))
        """
    )
    before = world.content()
    done = world.run(".", "--in-place")
    assert done.code == 1
    lines = done.out.splitlines()
    assert [line.split()[0] for line in lines[:2]] == ["upgraded", "failed"]
    assert "needs the field 'qty'" in lines[2]
    assert "3 files: 2 upgraded, 1 failed." in lines
    assert world.content()["b.pkl"] == before["b.pkl"]
    assert "b.pkl.bak" not in world.content()


def test_dry_run_says_what_would_be_done(world: World):
    """Files, versions and steps; nothing on disk changes, with neither --to nor --in-place."""
    world.order()
    before = world.content()
    done = world.run("order.pkl", "--dry-run")
    assert done.code == 0
    assert done.out.splitlines() == [
        "would upgrade  order.pkl  shop:Order 1 -> 3  (live)",
        "",
        "Steps:",
        "  shop:Order 1 to 2: rename 'qty' to 'quantity'",
        "  shop:Order 2 to 3: run add_currency",
        "",
        "1 file: 1 would upgrade.",
        "Nothing was changed. To do it, give --to DIR or --in-place.",
    ]
    assert world.content() == before


def test_dry_run_lists_every_gap(world: World):
    """All that is missing is said at once, and the exit code is that of a failure."""
    world.new_release(steps="")
    world.order()
    done = world.run("order.pkl", "--dry-run", "--json")
    assert done.code == 1
    [file] = done.files
    assert (file["action"], file["result"]) == ("refuse", "refused")
    assert [(p["error"], p["missing"]) for p in file["problems"]] == [
        ("GapError", 1),
        ("GapError", 2),
    ]


def test_the_json_document(world: World):
    """One document on standard output, whatever imported modules print."""
    world.new_release("print('hello from the module')\n" + _dedented_shop())
    world.order(protocol=2)
    done = world.run("order.pkl", "--in-place", "--json")
    assert done.code == 0
    assert "hello from the module" in done.err
    [file] = done.files
    assert file == {
        "path": "order.pkl",
        "action": "upgrade",
        "result": "upgraded",
        "way": "live",
        "codecs": [],
        "pickles": [
            {
                "protocol": 2,
                "classes": [
                    {
                        "ref": "shop:Order",
                        "written": 1,
                        "current": 3,
                        "today": "shop:Order",
                        "stamped": False,
                    }
                ],
                "steps": [
                    "shop:Order 1 to 2: rename 'qty' to 'quantity'",
                    "shop:Order 2 to 3: run add_currency",
                ],
            }
        ],
        "problems": [],
        "output": "order.pkl",
        "backup": file["backup"],
        "warnings": [],
    }
    assert Path(file["backup"]).name == "order.pkl.bak"
    assert done.document["summary"]["upgraded"] == 1


def _dedented_shop() -> str:
    from textwrap import dedent

    from world import NEW_SHOP

    return dedent(NEW_SHOP)


def test_names_from_pickles_cannot_steer_the_terminal(world: World):
    """Control, bidirectional and surrogate characters are spelled out."""
    name = "shop\x1b[31m\u202e\ud800"
    evil = b"\x80\x04\x8c" + bytes([len(name.encode("utf-8", "surrogatepass"))])
    evil += name.encode("utf-8", "surrogatepass") + b"\x8c\x01X\x93)\x81."
    (world.data / "evil.pkl").write_bytes(evil)
    done = world.run("evil.pkl", "--in-place")
    assert done.code == 1
    assert "\x1b" not in done.out
    assert r"shop\x1b[31m\u202e\ud800:X" in done.out


# --- settings, encodings, protocols -------------------------------------------------------------


def test_settings_of_the_project_are_used(world: World):
    """path goes on sys.path, renames hold, migrations are imported when an old pickle turns up."""
    world.order()
    (world.new / "shop.py").rename(world.new / "store.py")
    (world.new / "shop_steps.py").write_text(
        "from pickle_migrate import *\n"
        "Lineage('store:Order').upgrade(1, RenameField('qty', 'quantity')).upgrade(2)\n"
    )
    (world.data / "pyproject.toml").write_text(
        f"[tool.pickle_migrate]\npath = ['{world.new}']\nmigrations = ['shop_steps']\n"
        "[tool.pickle_migrate.renames]\nshop = 'store'\n"
    )
    done = world.run("order.pkl", "--in-place", path=False)
    assert done.code == 0, done.out
    assert done.out.startswith(
        "upgraded       order.pkl  shop:Order 1 -> store:Order 3  (static)\n"
    )
    assert world.load("order.pkl", "type(obj).__module__, obj.quantity") == "store 2"


def test_a_settings_file_that_is_named(world: World):
    """--settings takes the place of what is found."""
    world.order()
    chosen = world.folder / "chosen.toml"
    chosen.write_text("path = ['new']\n")
    done = world.run("order.pkl", "--in-place", "--settings", chosen, path=False)
    assert done.code == 0, done.out


def test_the_working_directory_is_on_the_path(world: World):
    """As python -m does; without it nobody would find the modules of a script's folder."""
    world.order()
    for file in world.new.iterdir():
        file.rename(world.data / file.name)
    assert world.run("order.pkl", "--in-place", path=False).code == 0


def test_a_class_that_is_not_found_is_refused_with_a_hint(world: World):
    """Forgetting --path must not look like success."""
    world.order()
    done = world.run("order.pkl", "--in-place", path=False)
    assert done.code == 1
    assert "shop:Order is not allowed" in done.out
    assert "--path" in done.out


def test_a_class_that_is_gone_is_refused_with_a_hint(world: World):
    """What is allowed and not there."""
    world.order()
    done = world.run("order.pkl", "--in-place", "--allow", "shop:Order", path=False)
    assert done.code == 1
    assert "shop:Order, and it cannot be imported: No module named 'shop'" in done.out
    assert "name that with --path" in done.out


def test_import_runs_at_once(world: World):
    """Migrations that no class and no settings name are imported by hand."""
    world.order()
    source = "@versioned(2, unstamped=1)\nclass Order: pass\n"
    world.new_release(source, steps="Lineage('shop:Order').upgrade(1, RemoveField('qty'))")
    assert world.run("order.pkl", "--dry-run").code == 1
    assert world.run("order.pkl", "--in-place", "--import", "shop_steps").code == 0
    assert world.load("order.pkl", "vars(obj)") == "{}"


@pytest.mark.parametrize("protocol", range(6))
def test_the_protocol_is_kept(world: World, protocol):
    """A file is written back at the protocol that it had, for its readers."""
    path = world.order(protocol=protocol)
    assert world.run("order.pkl", "--in-place").code == 0
    data = path.read_bytes()
    assert (data[1] if data[0] == 0x80 else "none") == (protocol if protocol > 1 else "none")
    assert (b"(K" in data or b"q\x00" in data) == (protocol == 1) or protocol > 1
    assert world.load("order.pkl", "obj.quantity") == "2"


def test_protocol_changes_it(world: World):
    """--protocol writes another one."""
    path = world.order(protocol=0)
    assert world.run("order.pkl", "--in-place", "--protocol", "5").code == 0
    assert path.read_bytes()[:2] == b"\x80\x05"


def test_python_2_strings_need_an_encoding(world: World):
    """Archived bytes of Python 2: refused as ASCII, upgraded as latin1 at the same protocol."""
    archive = ROOT / "fixtures/pickles/weatherlog_r1/py2.7"
    data = next(archive.glob("moment.p2.*")).read_bytes()
    path = world.data / "moment.pkl"
    path.write_bytes(data)
    names = ("--path", ROOT / "migrations", "--import", "skywatch_migrations")
    done = world.run("moment.pkl", "--in-place", *names)
    assert done.code == 1
    assert path.read_bytes() == data
    done = world.run("moment.pkl", "--in-place", "--encoding", "latin1", *names)
    assert done.code == 0, done.out
    assert path.read_bytes()[:2] == b"\x80\x02"


# --- interrupts ---------------------------------------------------------------------------------


def test_an_interrupt_stops_between_files_and_says_what_was_done(world: World):
    """Ctrl-C during the second of three files: one is done, the others are as they were."""
    world.new_release(
        steps="""
        import os, signal
        Lineage("shop:Order").upgrade(1, RenameField("qty", "quantity"))

        @migrates("shop:Order", 2)
        def interrupt(state):
            if state["quantity"] == 2:
                os.kill(os.getpid(), signal.SIGINT)
                for _ in range(10_000_000):
                    pass
        """
    )
    world.write(
        """
        import shop
        for number in (1, 2, 3):
            pickle.dump(shop.Order(qty=number), open(f'{number}.pkl', 'wb'))
        """
    )
    before = world.content()
    done = world.run(".", "--in-place", "--no-backup")
    assert done.code == 1
    assert [line.split("  ")[0] for line in done.out.splitlines()[:3]] == [
        "upgraded",
        "not reached",
        "not reached",
    ]
    assert "Interrupted. 3 files: 1 upgraded, 2 not reached." in done.out
    after = world.content()
    assert [name for name in before if before[name] != after[name]] == ["1.pkl"]


def test_a_planning_that_is_interrupted_changes_nothing(world: World):
    """Importing a module may take long."""
    world.order()
    world.new_release("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n")
    before = world.content()
    done = world.run("order.pkl", "--in-place", "--allow", "shop:Order")
    assert (done.code, done.out) == (1, "")
    assert "Nothing was changed" in done.err
    assert world.content() == before
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


# --- what a file may hold -----------------------------------------------------------------------


def test_what_is_no_pickle_in_a_folder_is_counted(world: World):
    """A folder may hold other files; they are no failure."""
    world.order()
    (world.data / "notes.txt").write_text("Remember the milk.\n")
    (world.data / "empty").touch()
    done = world.run(".", "--in-place")
    assert done.code == 0
    assert "notes.txt" not in done.out
    assert "3 files: 1 upgraded, 2 not a pickle." in done.out


def test_what_is_no_pickle_and_was_named_is_a_failure(world: World):
    """Whoever names a file takes it for a pickle."""
    (world.data / "notes.txt").write_text("Remember the milk.\n")
    done = world.run("notes.txt", "--in-place")
    assert done.code == 1
    assert "The file is a text file, not a pickle." in done.out


def test_compressed_files_stay_compressed(world: World):
    """gzip in, gzip out."""
    world.write("import shop; pickle.dump(shop.Order(qty=5), gzip.open('order.pkl.gz', 'wb'))")
    done = world.run("order.pkl.gz", "--in-place", "--json")
    assert (done.code, done.files[0]["codecs"]) == (0, ["gzip"])
    data = (world.data / "order.pkl.gz").read_bytes()
    assert b"shop:Order@3" in gzip.decompress(data)


def test_several_pickles_in_one_file(world: World):
    """None of them is dropped, and each can still be loaded by itself."""
    world.write(
        """
        import shop
        with open('row.pkl', 'wb') as file:
            for number in range(5):
                pickle.dump(shop.Order(qty=number), file)
        """
    )
    done = world.run("row.pkl", "--in-place", "--json")
    assert (done.code, len(done.files[0]["pickles"])) == (0, 5)
    data = (world.data / "row.pkl").read_bytes()
    parts = data.split(b"\x80\x04")[1:]
    assert [b"shop:Order@3" in part for part in parts] == [True] * 5


def test_bytes_after_the_last_pickle_are_never_dropped(world: World):
    """An upgrader that reads one pickle and writes one would truncate."""
    path = world.order()
    path.write_bytes(path.read_bytes() + b"\xffrest")
    before = path.read_bytes()
    done = world.run("order.pkl", "--in-place")
    assert done.code == 1
    assert "holds 5 bytes after its last pickle" in done.out
    assert path.read_bytes() == before


def test_a_file_with_nothing_to_do_is_not_loaded(world: World):
    """A pickle without versioned classes is left alone, even one that could not be loaded."""
    path = world.data / "lock.pkl"
    path.write_bytes(b"cbuiltins\neval\n(S'1/0'\ntR.")
    done = world.run("lock.pkl", "--in-place")
    assert done.code == 1
    assert "builtins:eval is not allowed" in done.out
    done = world.run("lock.pkl", "--in-place", "--trust")
    assert (done.code, done.out.splitlines()[0]) == (0, "current        lock.pkl")
    assert "Let in by --trust:\n  builtins:eval  (lock.pkl)\n" in done.out
    with pytest.raises(ZeroDivisionError):
        pickle.loads(path.read_bytes())


# --- without loading ----------------------------------------------------------------------------


def test_static_imports_nothing_that_a_pickle_names(world: World):
    """The module would leave a file behind; a rename in the settings is all that is needed."""
    path = world.order()
    (world.new / "shop.py").write_text("open('imported', 'w').close()")
    (world.data / "pickle_migrate.toml").write_text('[renames]\n"shop" = "store"\n')
    done = world.run("order.pkl", "--in-place", "--no-backup", "--static", "--json")
    assert (done.code, done.files[0]["way"]) == (0, "spliced"), done.err
    assert b"store" in path.read_bytes()
    assert sorted(world.content()) == ["order.pkl", "pickle_migrate.toml"]


def test_static_says_why_it_cannot(world: World):
    """Nothing that is imported declares the steps; a step is a function."""
    before = world.order().read_bytes()
    done = world.run("order.pkl", "--in-place", "--static")
    assert done.code == 1
    assert done.out.splitlines()[:3] == [
        "refused        order.pkl",
        "               Not without loading shop:Order: "
        "needs steps that no imported module declares.",
        "               Name the module that says so with --import.",
    ]
    done = world.run("order.pkl", "--in-place", "--static", "--import", "shop_steps")
    assert done.code == 1
    assert "shop:Order: a step has to run add_currency (step 2 to 3)." in done.out
    assert world.content() == {"order.pkl": before}


def test_static_needs_no_class(world: World):
    """The module of the class would leave a file behind. Its source is read; the steps stand in
    another module, which the settings name.
    """
    world.new_release(
        "open('imported', 'w').close()\n@versioned(2, unstamped=1)\nclass Order: pass\n",
        steps='Lineage("shop:Order").upgrade(1, RenameField("qty", "quantity"))\n',
    )
    world.order()
    (world.data / "pickle_migrate.toml").write_text('migrations = ["shop_steps"]\n')
    done = world.run("order.pkl", "--in-place", "--no-backup", "--static")
    assert done.out.splitlines()[0] == "upgraded       order.pkl  shop:Order 1 -> 2  (static)"
    assert sorted(world.content()) == ["order.pkl", "pickle_migrate.toml"]
    assert world.load("order.pkl", "vars(obj)") == "{'quantity': 2}"


def test_static_into_a_folder_a_second_time(world: World):
    """The same content is found there."""
    world.new_release(steps='Lineage("shop:Order").upgrade(1, RenameField("qty", "quantity"))\n')
    world.new_release(
        "@versioned(2, unstamped=1, migrations='shop_steps')\nclass Order: pass\n", steps=None
    )
    world.order(fields="qty=1, all={'a', 'b', 'c', 'd'}")
    given = ("order.pkl", "--to", "new", "--static", "--import", "shop", "--json")
    assert world.run(*given).files[0]["result"] == "upgraded"
    assert world.run(*given).files[0]["result"] == "current"


# --- what pickles may name ------------------------------------------------------------------------


TRAP = b"cos\nsystem\n(S'touch trapped'\ntR."


def test_what_is_not_allowed_is_refused_before_it_is_imported(world: World):
    """The ref, where it stands, and each way to allow it."""
    (world.data / "trap.pkl").write_bytes(b"cother_shop.tools\nclean\n)R.")
    (world.new / "other_shop").mkdir()
    (world.new / "other_shop" / "__init__.py").write_text("raise SystemExit('imported')\n")
    done = world.run("trap.pkl", "--dry-run")
    assert done.code == 1
    assert (
        "Refused at byte 0: other_shop.tools:clean is not allowed (rule: not listed)." in done.out
    )
    for remedy in ("--import other_shop.tools", "--allow other_shop.tools:clean", "--trust"):
        assert remedy in done.out
    assert "imported" not in done.out + done.err


def test_a_class_of_the_same_module_that_is_not_versioned(world: World):
    """Only versioned classes are known by themselves; --allow and the settings add others."""
    (world.data / "plain.pkl").write_bytes(b"\x80\x02cshop\nPlain\n)\x81.")
    assert world.run("plain.pkl", "--dry-run").code == 1
    for rule in ("shop:Plain", "shop.*", "shop:P*"):
        assert world.run("plain.pkl", "--dry-run", "--allow", rule).code == 0
    assert world.run("plain.pkl", "--dry-run", "--allow", "shop:Order").code == 1


def test_trust_prints_what_it_let_in(world: World):
    """Each name once, with a file that holds it; in the document, beside its pickle."""
    (world.data / "trap.pkl").write_bytes(TRAP)
    done = world.run("trap.pkl", "--dry-run", "--trust")
    assert done.code == 0
    assert "Let in by --trust:\n  os:system  (trap.pkl)\n" in done.out
    assert not (world.data / "trapped").exists()
    done = world.run("trap.pkl", "--dry-run", "--trust", "--json")
    assert done.files[0]["pickles"][0]["let_in"] == ["os:system"]
    world.order()
    done = world.run("order.pkl", "--in-place", "--trust")
    assert "--trust let in nothing" in done.out


def test_rules_in_the_settings(world: World):
    """allow adds, deny wins over --allow and --trust, presets replace those of the command."""
    (world.data / "trap.pkl").write_bytes(TRAP)
    (world.data / "set.pkl").write_bytes(b"c__builtin__\nset\n((ltR.")
    settings = world.folder / "policy.toml"
    settings.write_text('allow = ["os:system"]\n')
    assert world.run("trap.pkl", "--dry-run", "--settings", str(settings)).code == 0
    settings.write_text('deny = ["os:system"]\n')
    for option in (["--trust"], ["--allow", "os:system"]):
        done = world.run("trap.pkl", "--dry-run", "--settings", str(settings), *option)
        assert done.code == 1
        assert "deny os:system" in done.out
    assert world.run("set.pkl", "--dry-run", "--settings", str(settings)).code == 0
    settings.write_text('presets = ["registered"]\n')
    done = world.run("set.pkl", "--dry-run", "--settings", str(settings))
    assert 'add "standard" to the presets' in done.out


def test_a_rule_that_is_none(world: World):
    """It cannot run, and says what a rule is."""
    world.order()
    done = world.run("order.pkl", "--dry-run", "--allow", "shop")
    assert done.code == 2
    assert "'shop.*'" in done.err
