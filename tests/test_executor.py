"""Doing what the plans say: one file at a time, whole or not at all."""

from __future__ import annotations

import gzip
import os
import pickle
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from scratch import scratch_at
from world import World

from pickle_migrate import codecs, executor, file_plans, store
from pickle_migrate.executor import Options
from pickle_migrate.findings import FilePlan, FileResult


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    made.old_release()
    made.new_release()
    with scratch_at(made.new):
        yield made


def plan(*paths: Path, to: Path | None = None) -> list[FilePlan]:
    found = store.discover(list(paths))
    return list(file_plans.plan_files(found, None if to is None else str(to)))


def run(*paths: Path, to: Path | None = None, **options: object) -> list[FileResult]:
    return list(executor.carry_out(plan(*paths, to=to), Options(**options)))


def said(result: FileResult) -> str:
    return " ".join(problem.message for problem in result.problems)


def steps(body: str) -> str:
    """Two steps, the second with this body."""
    lines = "\n".join(f"    {line}" for line in body.splitlines())
    return (
        "Lineage('shop:Order').upgrade(1, RenameField('qty', 'quantity'))\n"
        f"@migrates('shop:Order', 2)\ndef second(state):\n{lines}\n"
    )


# --- in place -----------------------------------------------------------------------------------


def test_a_file_is_replaced_and_its_backup_kept(world):
    """The new file loads under plain pickle; the backup is the old file."""
    path = world.order()
    old = path.read_bytes()
    [result] = run(path)
    assert (result.result, result.output, result.problems) == ("upgraded", str(path), ())
    assert Path(result.backup).read_bytes() == old
    assert pickle.loads(path.read_bytes()).quantity == 2


def test_without_a_backup(world):
    """As asked."""
    path = world.order()
    [result] = run(path, backup=False)
    assert (result.result, result.backup) == ("upgraded", None)
    assert list(world.content()) == ["order.pkl"]


def test_a_second_run_changes_nothing(world):
    """Not even a time."""
    path = world.order()
    run(path)
    before = path.stat()
    [result] = run(path)
    assert result.result == "current"
    assert path.stat() == before


def test_mode_and_symbolic_links_are_kept(world):
    """The link still leads to the file, which is the new one."""
    path = world.order()
    path.chmod(0o640)
    link = world.data / "link"
    link.symlink_to(path.name)
    [result] = run(link)
    assert result.result == "upgraded"
    assert link.is_symlink()
    assert path.stat().st_mode & 0o777 == 0o640
    assert b"@3" in path.read_bytes()


def test_what_the_plan_refuses_is_not_touched(world):
    """Its problems are those of the plan."""
    world.new_release(steps="")
    path = world.order()
    before = world.content()
    [planned] = plan(path)
    [result] = executor.carry_out([planned], Options())
    assert (result.result, result.problems) == ("refused", planned.all_problems())
    assert world.content() == before


def test_a_file_that_changed_since_it_was_planned_is_left_alone(world):
    """The bytes that were scanned are the bytes that are loaded."""
    path = world.order()
    planned = plan(path)
    other = world.order("other.pkl", "qty=7").read_bytes()
    path.write_bytes(other)
    [result] = executor.carry_out(planned, Options())
    assert result.result == "failed"
    assert "changed by others meanwhile" in said(result)
    assert path.read_bytes() == other


def test_a_file_that_changes_while_it_is_upgraded_is_left_alone(world):
    """Compare and swap: what another process wrote meanwhile is not lost."""
    path = world.order()
    world.new_release(steps=steps(f"with open({str(path)!r}, 'ab') as f: f.write(b'more')"))
    before = path.read_bytes()
    [result] = run(path)
    assert result.result == "failed"
    assert "changed by others meanwhile" in said(result)
    assert path.read_bytes() == before + b"more"
    assert list(world.content()) == ["order.pkl"]


def test_a_file_that_is_gone(world):
    """Removed between plan and run."""
    path = world.order()
    planned = plan(path)
    path.unlink()
    [result] = executor.carry_out(planned, Options())
    assert (result.result, result.problems[0].error) == ("failed", "FileError")


# --- user code ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "error", "says"),
    [
        ("1 / 0", "StepFailedError", "ZeroDivisionError"),
        ("raise SystemExit(3)", "SystemExit", "upgrading failed with SystemExit: 3"),
        ("raise MemoryError('too large')", "StepFailedError", "too large"),
        ("def f(): f()\nf()", "StepFailedError", "RecursionError"),
    ],
)
def test_what_a_step_raises_is_that_files_reason(world, body, error, says):
    """The file stays, and the others go on."""
    world.new_release(
        steps=steps(f"if state['quantity'] == 2:\n    {body.replace(chr(10), chr(10) + '    ')}")
    )
    paths = [world.order(f"{n}.pkl", f"qty={n}") for n in (1, 2, 3)]
    before = paths[1].read_bytes()
    results = run(*paths)
    assert [r.result for r in results] == ["upgraded", "failed", "upgraded"]
    assert results[1].problems[0].error == error
    assert says in said(results[1])
    assert paths[1].read_bytes() == before


def test_an_exception_that_cannot_describe_itself(world):
    """Its name is enough."""
    body = "class Mute(BaseException):\n    def __str__(self): 1 / 0\nraise Mute"
    world.new_release(steps=steps(body))
    [result] = run(world.order())
    assert said(result) == "upgrading failed with Mute"


def test_strings_of_python_2_that_need_an_encoding(world):
    """The reason says which option helps."""
    path = world.data / "old.pkl"
    path.write_bytes(b"(lp0\nS'\xe9'\na(ishop\nOrder\n(dS'qty'\nI1\nsba.")
    [result] = run(path)
    assert result.problems[0].error == "UnicodeDecodeError"
    assert "--encoding" in result.problems[0].advice
    [result] = run(path, encoding="latin1")
    assert result.result == "upgraded"


def test_compression_that_does_not_come_off_again_is_refused(world, monkeypatch):
    """What is put in place was read back, the compression included."""
    path = world.order()
    path.write_bytes(gzip.compress(path.read_bytes()))
    before = path.read_bytes()
    wrap = codecs.wrap
    monkeypatch.setattr(codecs, "wrap", lambda payload, layers: wrap(payload[:-1], layers))
    [result] = run(path)
    assert result.problems[0].error == "VerificationError"
    assert path.read_bytes() == before


def test_a_finisher_runs_and_is_saved(world):
    """The finishing stage is part of loading."""
    world.new_release(
        """
        @versioned(2, unstamped=1)
        class Order: pass
        order = Lineage(Order).upgrade(1)
        order.finish(1, lambda obj: vars(obj).update(total=sum(part.qty for part in obj.parts)))
        """,
        steps=None,
    )
    path = world.order(fields="qty=0, parts=[shop.Order(qty=n, parts=[]) for n in (1, 2)]")
    assert [r.result for r in run(path)] == ["upgraded"]
    assert pickle.loads(path.read_bytes()).total == 3


def test_an_interrupt_in_a_step_leaves_the_rest(world):
    """The file that it struck is as it was; those before it are done."""
    world.new_release(steps=steps("if state['quantity'] == 2: raise KeyboardInterrupt"))
    paths = [world.order(f"{n}.pkl", f"qty={n}") for n in (1, 2, 3)]
    before = [path.read_bytes() for path in paths]
    results = run(*paths, backup=False)
    assert [r.result for r in results] == ["upgraded", "not reached", "not reached"]
    assert [path.read_bytes() == old for path, old in zip(paths, before, strict=True)] == [
        False,
        True,
        True,
    ]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_interrupt_while_a_file_is_written_waits_for_its_end(world, monkeypatch):
    """It is written whole and reported as done."""
    paths = [world.order(f"{n}.pkl") for n in (1, 2)]
    replace = store.replace

    def interrupted(*args: object, **keywords: object) -> store.Replaced:
        os.kill(os.getpid(), signal.SIGINT)
        return replace(*args, **keywords)

    monkeypatch.setattr(store, "replace", interrupted)
    assert [r.result for r in run(*paths)] == ["upgraded", "not reached"]


# --- into a folder ------------------------------------------------------------------------------


def test_new_files_go_to_the_folder(world):
    """The old ones stay; what is current is copied."""
    world.order()
    (world.data / "plain.pkl").write_bytes(pickle.dumps([1]))
    before = world.content()
    out = world.folder / "out"
    results = run(world.data, to=out)
    assert [(r.result, r.output) for r in results] == [
        ("upgraded", str(out / "order.pkl")),
        ("copied", str(out / "plain.pkl")),
    ]
    assert world.content() == before
    assert (out / "plain.pkl").read_bytes() == before["plain.pkl"]


def test_a_second_run_into_the_folder_finds_all_there(world):
    """Nothing is written."""
    out = world.folder / "out"
    path = world.order()
    run(path, to=out)
    before = (out / "order.pkl").stat()
    [result] = run(path, to=out)
    assert (result.result, result.output) == ("current", str(out / "order.pkl"))
    assert (out / "order.pkl").stat() == before


def test_another_file_in_its_place_is_not_overwritten(world):
    """Not even by an older upgrade of the same file."""
    out = world.folder / "out"
    run(world.order(fields="qty=1"), to=out)
    before = (out / "order.pkl").read_bytes()
    [result] = run(world.order(fields="qty=2"), to=out)
    assert result.result == "failed"
    assert "is there already, with other content" in said(result)
    assert (out / "order.pkl").read_bytes() == before


def test_the_folder_of_the_input_is_refused(world):
    """--to is not a way to replace."""
    path = world.order()
    before = path.read_bytes()
    [result] = run(path, to=world.data)
    assert result.result == "failed"
    assert path.read_bytes() == before


# --- dry run ------------------------------------------------------------------------------------


def test_results_of_planning(world):
    """What would come of each file, as far as the plan knows."""
    world.order()
    (world.data / "plain.pkl").write_bytes(pickle.dumps([1]))
    (world.data / "notes").write_text("text")
    (world.data / "cut.pkl").write_bytes(b"\x80\x04")
    results = executor.results_of_planning(plan(world.data))
    assert {Path(r.plan.path).name: r.result for r in results} == {
        "cut.pkl": "refused",
        "notes": "not a pickle",
        "order.pkl": "would upgrade",
        "plain.pkl": "current",
    }
