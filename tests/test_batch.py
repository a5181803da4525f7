"""A batch replaces many files, and whatever happens each of them is old or new."""

import errno
import os
import pickle
import shutil
import stat
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from test_store import CALLS, faults, names

from pickle_migrate import backups, batch
from pickle_migrate.batch import Batch
from pickle_migrate.errors import FileError
from pickle_migrate.store import Replaced, read

FILES = ["a.pkl", "b.pkl", "c/d.pkl"]


def old(name):
    return pickle.dumps(["old", name] * 50)


def new(name):
    return pickle.dumps(["new", name] * 70)


@pytest.fixture
def folder(tmp_path):
    """A folder with the old files."""
    place = tmp_path / "data"
    (place / "c").mkdir(parents=True)
    for name in FILES:
        (place / name).write_bytes(old(name))
    return place


def run(folder, snapshots=None, **options):
    """Replace all files. The outcomes by name; a FileError stands for itself."""
    with Batch(**options) as replacements:
        refused = {}
        for name in FILES:
            try:
                snapshot = snapshots[str(folder / name)] if snapshots else read(folder / name)
                replacements.add(snapshot, new(name))
            except FileError as error:
                refused[name] = error
        done = {os.path.relpath(s.path, folder): result for s, result in replacements.commit()}
    return {**refused, **done}


def contents(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


OLD = {name: old(name) for name in FILES}
NEW = {name: new(name) for name in FILES}
KEPT = {f"{name}.bak": old(name) for name in FILES}


# --- what it does -----------------------------------------------------------------------------


def test_all_files_are_replaced_and_kept(folder):
    """As by replace(), one after the other."""
    outcomes = run(folder)
    assert outcomes == {name: Replaced("ok", f"{folder / name}.bak") for name in FILES}
    assert contents(folder) == NEW | KEPT


def test_results_come_in_the_order_of_adding(folder):
    """Whatever becomes of each."""
    snapshots = [read(folder / name) for name in reversed(FILES)]
    with Batch() as replacements:
        for snapshot in snapshots:
            replacements.add(snapshot, b"new")
        (folder / "b.pkl").unlink()
        done = replacements.commit()
    assert [snapshot for snapshot, _ in done] == snapshots
    assert [result.outcome for _, result in done] == ["ok", "gone", "ok"]


def test_without_backups(folder):
    """They can be declined."""
    assert set(run(folder, backup=False).values()) == {Replaced("ok")}
    assert contents(folder) == NEW


def test_nothing_happens_before_the_commit(folder):
    """The names lead to the old files; leaving without a commit takes everything back."""
    with Batch() as replacements:
        for name in FILES:
            replacements.add(read(folder / name), new(name))
        assert {name: (folder / name).read_bytes() for name in FILES} == OLD
    assert contents(folder) == OLD


def test_an_error_in_between_takes_everything_back(folder):
    """Also an interruption."""

    def work():
        with Batch() as replacements:
            replacements.add(read(folder / "a.pkl"), b"new")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work()
    assert contents(folder) == OLD


def test_a_batch_can_be_filled_again(folder):
    """After a commit it is empty."""
    with Batch(backup=False) as replacements:
        for name in FILES:
            replacements.add(read(folder / name), new(name))
            assert len(replacements.commit()) == 1
        assert replacements.commit() == []
    assert contents(folder) == NEW


def test_unchanged_changed_and_vanished_files(folder):
    """Each is told; none of them is written, and the others are."""
    snapshots = {name: read(folder / name) for name in FILES}
    (folder / "b.pkl").write_bytes(b"theirs")
    with Batch() as replacements:
        replacements.add(snapshots["a.pkl"], old("a.pkl"))
        replacements.add(snapshots["b.pkl"], new("b.pkl"))
        replacements.add(snapshots["c/d.pkl"], new("c/d.pkl"))
        (folder / "c/d.pkl").unlink()
        outcomes = [result for _, result in replacements.commit()]
    assert outcomes == [Replaced("ok"), Replaced("stale"), Replaced("gone")]
    assert contents(folder) == {"a.pkl": old("a.pkl"), "b.pkl": b"theirs"}


def test_a_file_that_is_added_twice_is_replaced_once(folder):
    """The second was read before the first was written: it is stale."""
    with Batch() as replacements:
        for number in range(2):
            replacements.add(read(folder / "a.pkl"), pickle.dumps(number))
        assert [result.outcome for _, result in replacements.commit()] == ["ok", "stale"]
    assert (folder / "a.pkl").read_bytes() == pickle.dumps(0)
    assert names(folder) == ["a.pkl", "a.pkl.bak", "b.pkl", "c"]


def test_a_file_with_several_names_is_refused_on_adding(folder):
    """The batch goes on without it."""
    os.link(folder / "a.pkl", folder / "same")
    outcomes = run(folder)
    assert "1 other name " in str(outcomes["a.pkl"])
    assert (folder / "a.pkl").read_bytes() == old("a.pkl")
    assert (folder / "b.pkl").read_bytes() == new("b.pkl")
    assert run(folder, break_hard_links=True)["a.pkl"].outcome == "ok"


def test_mode_links_and_times_are_kept(folder):
    """As by replace()."""
    (folder / "a.pkl").chmod(0o640)
    os.utime(folder / "a.pkl", ns=(10**18, 10**18))
    (folder / "b.pkl").rename(folder / "real")
    (folder / "b.pkl").symlink_to("real")
    run(folder, keep_times=True)
    status = (folder / "a.pkl").stat()
    assert (status.st_mode & 0o777, status.st_mtime_ns) == (0o640, 10**18)
    assert (folder / "b.pkl").is_symlink()
    assert (folder / "real").read_bytes() == new("b.pkl")


def test_a_batch_says_when_it_is_full(folder, monkeypatch):
    """By the number of files, and by their bytes."""
    with Batch() as replacements:
        monkeypatch.setattr(batch, "MAX_FILES", 2)
        replacements.add(read(folder / "a.pkl"), b"new")
        assert not replacements.is_full
        replacements.add(read(folder / "b.pkl"), b"new")
        assert replacements.is_full
        replacements.commit()
        assert not replacements.is_full
        monkeypatch.setattr(batch, "MAX_BYTES", 10)
        replacements.add(read(folder / "c/d.pkl"), b"new")
        assert replacements.is_full


def test_everything_is_synced_in_its_order(folder, monkeypatch):
    """All new bytes, then the backups' names, then the new names: each before the next."""
    events = []

    def noted(call):
        real = getattr(os, call)

        def act(*args, **keywords):
            is_folder = call == "fsync" and stat.S_ISDIR(os.fstat(args[0]).st_mode)
            events.append("folder" if is_folder else call)
            return real(*args, **keywords)

        return act

    for call in ("fsync", "link", "replace"):
        monkeypatch.setattr(os, call, noted(call))
    run(folder)
    one_each = ["link"] * 3 + ["folder"] * 2 + ["replace"] * 3 + ["folder"] * 2
    assert events == ["fsync"] * 3 + one_each


# --- faults -----------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
@pytest.mark.parametrize("call", CALLS)
def test_any_failing_call_leaves_each_file_old_or_new(folder, tmp_path, monkeypatch, call, number):
    """The file whose call failed is as it was, and its error says why; the others are replaced."""
    spare = tmp_path / "spare"
    shutil.copytree(folder, spare)
    snapshots = {}

    def reread():
        # Not within the batch: reading is not what is to fail here.
        snapshots.update((str(folder / name), read(folder / name)) for name in FILES)

    reread()
    seen = 0
    error = OSError(number, os.strerror(number))
    for _, outcomes in faults(monkeypatch, call, error, lambda: run(folder, snapshots)):
        seen += 1
        assert isinstance(outcomes, dict), outcomes
        expected, failed = {}, 0
        for name, result in outcomes.items():
            if isinstance(result, FileError):
                failed += 1
                assert "cannot be replaced" in result.what()
                expected[name] = old(name)
            else:
                assert result.outcome == "ok"
                failed += bool(result.warnings)
                expected[name] = new(name)
                expected[f"{name}.bak"] = old(name)
        assert contents(folder) == expected
        assert failed or call == "lstat"  # cleaning up uses it too, and has nothing to do
        shutil.rmtree(folder)
        shutil.copytree(spare, folder)
        reread()
    assert seen > 0


@pytest.mark.parametrize("call", CALLS)
def test_an_interruption_leaves_each_file_old_or_new(folder, tmp_path, monkeypatch, call):
    """Ctrl-C at any call: no temporary file, and a backup for each file that is new."""
    spare = tmp_path / "spare"
    shutil.copytree(folder, spare)
    seen = 0
    for _, outcome in faults(monkeypatch, call, KeyboardInterrupt(), lambda: run(folder)):
        seen += 1
        assert isinstance(outcome, KeyboardInterrupt)
        found = contents(folder)
        for name in FILES:
            if found[name] == new(name):
                assert found.pop(f"{name}.bak") == old(name)
                found[name] = old(name)
        assert found == OLD
        shutil.rmtree(folder)
        shutil.copytree(spare, folder)
    assert seen > 0


KILLED = textwrap.dedent(
    """
    import os, shutil, signal, sys
    sys.path.insert(0, {tests!r})
    import test_batch

    CALLS = ["open", "write", "pread", "fchmod", "fsync", "link", "replace", "unlink", "close"]

    def armed(number):
        count = [0]
        def counting(real):
            def act(*args, **keywords):
                count[0] += 1
                if count[0] == number:
                    os.kill(os.getpid(), signal.SIGKILL)
                return real(*args, **keywords)
            return act
        for call in CALLS:
            setattr(os, call, counting(getattr(os, call)))

    place, number = {place!r}, 0
    while True:
        number += 1
        from pathlib import Path
        folder = Path(place, str(number))
        shutil.copytree(Path(place, "old"), folder)
        child = os.fork()
        if not child:
            armed(number)
            test_batch.run(folder)
            os._exit(0)
        status = os.waitpid(child, 0)[1]
        if os.WIFEXITED(status):
            sys.exit(os.WEXITSTATUS(status))
        assert os.WTERMSIG(status) == signal.SIGKILL
    """
)


def test_a_kill_at_any_moment_leaves_each_file_old_or_new(folder, tmp_path):
    """A process is killed before each of its system calls in turn: no file is ever damaged, no old
    bytes are lost, and after cleaning up a second run finishes the work.
    """
    folder.rename(tmp_path / "old")
    script = KILLED.format(tests=str(Path(__file__).parent), place=str(tmp_path))
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    runs = sorted((p for p in tmp_path.iterdir() if p.name != "old"), key=lambda p: int(p.name))
    assert len(runs) > 40
    assert contents(runs[-1]) == NEW | KEPT  # the last one was not killed
    states = set()
    for place in runs[:-1]:
        found = contents(place)
        states.add(tuple(found[name] == new(name) for name in FILES))
        for name in FILES:
            assert found[name] in (old(name), new(name)), place
            assert found.get(f"{name}.bak", old(name)) == old(name), place
            assert found[name] == old(name) or f"{name}.bak" in found, place
        left = backups.clean_leftovers(str(place), older_than=0)
        assert all(backups.TEMPORARY.fullmatch(Path(path).name) for path in left)
        assert contents(place).keys() <= (NEW | KEPT).keys(), place
        assert all(result.outcome == "ok" for result in run(place).values())
        assert contents(place) == NEW | KEPT, place
    assert len(states) == 4  # none new, one, two, all: the renames come one after the other
