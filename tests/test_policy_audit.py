"""After a load under a policy, nothing else was imported, opened or started: an audit hook says so.

Each gadget is loaded in a process of its own, under a hook that notes every event of Python's that
reaches out. All are harmless: what they would call is a module that the test wrote.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

PROGRAM = """
import copyreg, io, json, sys
sys.path.insert(0, FOLDER)
import pickle_migrate, pickle_migrate.resolver
from pickle_migrate import Policy
from pickle_migrate.errors import PickleMigrateError

policy = Policy(allow=["allowed_shop:Order"], presets=["standard", "registered"])
pickle_migrate.loads(b"ccollections\\nOrderedDict\\n)R.", policy=policy)
try:
    pickle_migrate.loads(b"cos\\nsystem\\n.", policy=policy)
except PickleMigrateError:
    pass
copyreg.add_extension("trap_shop", "spring", 7)
seen = []
QUIET = ("object.__getattr__", "object.__setattr__", "sys._getframe", "marshal.loads",
         "code.__new__", "compile", "exec", "pickle.find_class", "os.listdir", "os.scandir",
         "array.__new__")
armed = True

def hook(event, args):
    if armed and (event not in QUIET):
        seen.append([event, str(args[0])[:80] if args else ""])
    if armed and event == "pickle.find_class":
        seen.append([event, f"{args[0]}:{args[1]}"])

sys.addaudithook(hook)
answers = {}
for name, text in json.load(sys.stdin).items():
    seen.clear()
    before = set(sys.modules)
    try:
        result = type(pickle_migrate.load(io.BytesIO(bytes.fromhex(text)), policy=policy)).__name__
    except PickleMigrateError as error:
        result = type(error).__name__
    except BaseException as error:
        result = f"foreign {type(error).__name__}"
    new = sorted(set(sys.modules) - before)
    answers[name] = [result, list(seen), new]
armed = False
print(json.dumps(answers))
"""

TRAP = b"trap_shop\nspring\n"
SHORT = b"\x8c\x09trap_shop\x8c\x06spring"
GADGETS = {
    "GLOBAL REDUCE": b"c" + TRAP + b")R.",
    "GLOBAL named": b"c" + TRAP + b".",
    "GLOBAL NEWOBJ": b"\x80\x02c" + TRAP + b")\x81.",
    "GLOBAL NEWOBJ_EX": b"\x80\x04c" + TRAP + b")}\x92.",
    "INST": b"(i" + TRAP + b".",
    "OBJ": b"(c" + TRAP + b"o.",
    "STACK_GLOBAL": b"\x80\x04" + SHORT + b"\x93)R.",
    "STACK_GLOBAL from the memo": b"\x80\x04\x8c\x09trap_shop\x94\x8c\x06spring\x94"
    b"00h\x00h\x01\x93)R.",
    "STACK_GLOBAL by DUP": b"\x80\x04\x8c\x09trap_shop2\x93.",
    "STACK_GLOBAL computed": b"\x80\x04cbuiltins\nstr\n(\x8c\x09trap_shoptR\x8c\x06spring\x93.",
    "EXT1": b"\x80\x02\x82\x07)R.",
    "EXT2": b"\x80\x02\x83\x07\x00)R.",
    "EXT4": b"\x80\x02\x84\x07\x00\x00\x00)R.",
    "getattr": b"cbuiltins\ngetattr\n(ctrap_shop\nspring\nS'__call__'\ntR.",
    "getattr of an allowed class": b"cbuiltins\ngetattr\n(callowed_shop\nOrder\nS'__init__'\ntR.",
    "dotted": b"\x80\x04\x8c\x0callowed_shop\x8c\x0eOrder.__init__\x93.",
    "dotted to a module": b"\x80\x04\x8c\x0callowed_shop\x8c\x09os.system\x93.",
    "stamp": b"cpickle_migrate.stamps\ntrap_shop:spring@1\n)R.",
    "stamp with a base": b"cpickle_migrate.stamps\nallowed_shop:Order@1+trap_shop:spring@1\n)R.",
    "stamp as text": b"cpickle_migrate.stamps\ntext_only\n(S'trap_shop:spring@1'\ntR.",
    "the stamps module itself": b"cpickle_migrate.stamps\nimportlib\n.",
    "this package": b"cpickle_migrate.resolver\nimport_ref\n.",
    "Python 2": b"c__builtin__\nexecfile\n(S'x'\ntR.",
    "BUILD a class": b"callowed_shop\nOrder\n}S'x'\nI1\nsb.",
    "BUILD a module's value": b"ctrap_shop\nspring\n}b.",
    "BUILD dunders": b"\x80\x02callowed_shop\nOrder\n)\x81N}X\x09\x00\x00\x00__class__Nas\x86b.",
    "a call of a result": b"callowed_shop\nOrder\n)R)R.",
    "PERSID": b"Pid\n.",
    "BINPERSID": b"\x80\x02K\x01Q.",
    "partial": b"cfunctools\npartial\n(ctrap_shop\nspring\ntR.",
    "defaultdict": b"ccollections\ndefaultdict\n(ctrap_shop\nspring\ntR.",
    "as a key": b"}c" + TRAP + b"I1\ns.",
    "after STOP of another": b"N.c" + TRAP + b".",
    "type": b"cbuiltins\ntype\n(S'x'\n(t}tR.",
    "codec": b"c_codecs\nencode\n(S'x'\nS'trap_shop'\ntR.",
    "bytearray codec": b"cbuiltins\nbytearray\n(VX\nVtrap_shop\ntR.",
    "two protocols": b"c__builtin__\nset\n\x80\x04c__builtin__\nset\n\x86.",
}
#: What loads, under the same watch.
FINE = {"after STOP of another"}


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("audit")
    trap = "import os, subprocess\nopen('sprung', 'w').close()\ndef spring(*args): pass\n"
    (folder / "trap_shop.py").write_text(trap)
    (folder / "allowed_shop.py").write_text("class Order:\n    pass\n")
    program = f"FOLDER = {str(folder)!r}\n{PROGRAM}"
    done = subprocess.run(
        [sys.executable, "-c", program],
        input=json.dumps({name: data.hex() for name, data in GADGETS.items()} | {
            "benign": b"\x80\x02callowed_shop\nOrder\n)\x81}U\x01xK\x01sb.".hex()
        }),
        cwd=folder,
        env={**os.environ, "PICKLE_MIGRATE_SETTINGS": ""},
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert not (folder / "sprung").exists()
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", sorted(set(GADGETS) - FINE))
def test_a_gadget_reaches_nothing(answers, name):
    """Refused by one typed error; no import, no file, no process, no name asked for."""
    result, events, modules = answers[name]
    assert result in ("PolicyError", "PickleFormatError")
    assert [module for module in modules if not module.startswith("encodings.")] == []
    asked = [detail for event, detail in events if event == "pickle.find_class"]
    assert asked == []
    reached = [e for e in events if e[0] != "import" or not e[1].startswith(OWN)]
    assert [e for e in reached if e[0] != "open" or "encodings" not in e[1]] == []


#: What refusing itself imports when it is first needed.
OWN = ("pickle_migrate", "_compat_pickle", "copyreg", "builtins", "_codecs", "encodings.")


def test_what_is_allowed_is_all_that_is_imported(answers):
    """The allowed class's module, its file, and nothing else."""
    result, events, modules = answers["benign"]
    assert result == "Order"
    assert modules == ["allowed_shop"]
    assert {e[1] for e in events if e[0] == "import"} <= {"allowed_shop", *OWN}
    opened = [e[1] for e in events if e[0] == "open"]
    assert all("allowed_shop" in path for path in opened)
    assert {e[0] for e in events} <= {"import", "open", "pickle.find_class", "os.rename"}


def test_what_follows_is_not_touched(answers):
    """The first pickle alone is loaded, with pickle too."""
    assert answers["after STOP of another"][0] == "NoneType"
    assert answers["after STOP of another"][2] == []
