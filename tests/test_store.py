"""Files are read once, and replaced whole or not at all."""

import errno
import os
import pickle
import stat
import struct
import sys
import threading

import pytest

from pickle_migrate import store
from pickle_migrate.errors import FileError
from pickle_migrate.store import Replaced, check_replaceable, create, read, replace

OLD = pickle.dumps(["old"] * 50)
NEW = pickle.dumps(["new"] * 70)


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "orders.pkl"
    file.write_bytes(OLD)
    return file


def names(folder):
    return sorted(entry.name for entry in folder.iterdir())


# --- reading ----------------------------------------------------------------------------------


def test_a_file_is_read_with_what_tells_it_apart(path):
    """The token is made of device, inode, time of change and size."""
    snapshot = read(path)
    status = path.stat()
    assert snapshot.data == OLD
    assert snapshot.path == snapshot.target == str(path)
    assert snapshot.token == store.Token(status.st_dev, status.st_ino, status.st_mtime_ns, len(OLD))
    assert pickle.loads(pickle.dumps(snapshot)) == snapshot


def test_a_symbolic_link_is_followed(path, tmp_path):
    """The name stays as it was given; the target is the file that the link leads to."""
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to(path)
    snapshot = read(tmp_path / "a")
    assert (snapshot.path, snapshot.target) == (str(tmp_path / "a"), str(path))


def test_what_is_no_regular_file_is_refused(tmp_path):
    """A pipe would block for ever; a folder has no bytes; neither has a link to nothing."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "lost").symlink_to("nowhere")
    (tmp_path / "round").symlink_to("round")
    expected = {
        tmp_path: "is a folder",
        tmp_path / "pipe": "is not a regular file",
        tmp_path / "missing": "No such file",
        tmp_path / "lost": "No such file",
        tmp_path / "round": "symbolic links",
        "/dev/null": "is not a regular file",
    }
    for name, reason in expected.items():
        with pytest.raises(FileError, match=reason) as caught:
            read(name)
        assert caught.value.path == str(name)
        assert caught.value.advice() != ""


def test_a_file_that_changes_while_it_is_read_is_refused(path, monkeypatch):
    """Half old and half new bytes must never be taken for a pickle."""
    real, calls = os.fstat, []

    def fstat(file):
        calls.append(file)
        if len(calls) == 2:
            path.write_bytes(OLD + b"more")
        return real(file)

    monkeypatch.setattr(os, "fstat", fstat)
    with pytest.raises(FileError, match="while it was read"):
        read(path)


# --- replacing --------------------------------------------------------------------------------


def test_a_file_is_replaced_and_its_old_bytes_are_kept(path, tmp_path):
    """The new bytes stand under the name, the old ones beside it."""
    outcome = replace(read(path), NEW)
    assert outcome == Replaced("ok", f"{path}.bak")
    assert path.read_bytes() == NEW
    assert (tmp_path / "orders.pkl.bak").read_bytes() == OLD
    assert names(tmp_path) == ["orders.pkl", "orders.pkl.bak"]


def test_nothing_is_written_when_the_bytes_are_the_same(path, tmp_path):
    """A second run changes nothing: no new inode, no backup."""
    before = path.stat()
    assert replace(read(path), OLD) == Replaced("ok")
    assert path.stat() == before
    assert names(tmp_path) == ["orders.pkl"]


def test_without_a_backup_nothing_else_is_there(path, tmp_path):
    """A backup can be declined."""
    assert replace(read(path), NEW, backup=False) == Replaced("ok")
    assert (path.read_bytes(), names(tmp_path)) == (NEW, ["orders.pkl"])


def test_a_backup_may_have_another_suffix(path, tmp_path):
    """The suffix is free, but it cannot lead to another folder."""
    assert replace(read(path), NEW, backup="~").backup == f"{path}~"
    assert names(tmp_path) == ["orders.pkl", "orders.pkl~"]
    for wrong in ("", "/../x", "a\0"):
        with pytest.raises(ValueError, match="backup suffix"):
            replace(read(path), OLD, backup=wrong)


def test_no_backup_is_ever_overwritten(path, tmp_path):
    """Further backups are numbered."""
    contents = [pickle.dumps(number) for number in range(4)]
    for content in contents:
        replace(read(path), content)
    assert names(tmp_path) == ["orders.pkl", *(f"orders.pkl.bak{n}" for n in ("", 1, 2, 3))]
    assert (tmp_path / "orders.pkl.bak").read_bytes() == OLD
    assert (tmp_path / "orders.pkl.bak3").read_bytes() == contents[2]


def test_a_backup_with_the_same_bytes_is_used_again(path, tmp_path):
    """An upgrade that is undone and done again does not pile up copies."""
    replace(read(path), NEW)
    replace(read(path), OLD)
    assert replace(read(path), NEW).backup == f"{path}.bak"
    assert names(tmp_path) == ["orders.pkl", "orders.pkl.bak", "orders.pkl.bak1"]


def test_a_link_under_the_name_of_a_backup_is_no_backup(path, tmp_path):
    """It leads to the file itself, so it would show the new bytes."""
    (tmp_path / "orders.pkl.bak").symlink_to(path)
    assert replace(read(path), NEW).backup == f"{path}.bak1"
    assert (tmp_path / "orders.pkl.bak1").read_bytes() == OLD


@pytest.mark.parametrize("number", [errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP])
def test_where_there_are_no_hard_links_the_backup_is_a_copy(path, tmp_path, monkeypatch, number):
    """FAT and some network file systems have none; the copy has the same mode and time."""

    def link(*_, **__):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "link", link)
    path.chmod(0o640)
    before = path.stat()
    assert replace(read(path), NEW).backup == f"{path}.bak"
    backup = tmp_path / "orders.pkl.bak"
    assert (backup.read_bytes(), path.read_bytes()) == (OLD, NEW)
    assert backup.stat().st_mode == before.st_mode
    assert backup.stat().st_mtime_ns == before.st_mtime_ns
    assert names(tmp_path) == ["orders.pkl", "orders.pkl.bak"]
    assert replace(read(path), OLD).backup == f"{path}.bak1"


# --- compare and swap -------------------------------------------------------------------------


def test_a_file_that_others_changed_is_stale(path, tmp_path):
    """Their bytes stay; nothing else is written."""
    snapshot = read(path)
    path.write_bytes(b"theirs")
    assert replace(snapshot, NEW) == Replaced("stale")
    assert (path.read_bytes(), names(tmp_path)) == (b"theirs", ["orders.pkl"])


def test_a_file_that_others_replaced_is_stale(path, tmp_path):
    """Also when the other file has the same size and time."""
    snapshot = read(path)
    other = tmp_path / "other"
    other.write_bytes(OLD[::-1])
    os.utime(other, ns=(0, snapshot.token.modified_ns))
    other.replace(path)
    assert replace(snapshot, NEW) == Replaced("stale")
    assert path.read_bytes() == OLD[::-1]


def test_a_change_that_leaves_no_trace_outside_is_stale(path, tmp_path):
    """Two writes within one tick of the clock: same inode, size and time, other bytes."""
    snapshot = read(path)
    with path.open("r+b") as file:
        file.write(OLD[::-1])
    os.utime(path, ns=(0, snapshot.token.modified_ns))
    assert replace(snapshot, NEW) == Replaced("stale")
    assert (path.read_bytes(), names(tmp_path)) == (OLD[::-1], ["orders.pkl"])


def test_a_file_that_vanished_is_gone(path, tmp_path):
    """It does not come back."""
    snapshot = read(path)
    path.unlink()
    assert replace(snapshot, NEW) == Replaced("gone")
    assert names(tmp_path) == []


def test_a_folder_that_vanished_takes_its_files_along(tmp_path):
    """Also when a file now has the folder's name."""
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "a").write_bytes(OLD)
    snapshot = read(folder / "a")
    (folder / "a").unlink()
    folder.rmdir()
    folder.write_bytes(b"")
    assert replace(snapshot, NEW) == Replaced("gone")


def test_a_link_that_leads_elsewhere_now_is_stale(path, tmp_path):
    """What the name means has changed, although the old target has not."""
    link = tmp_path / "link"
    link.symlink_to(path)
    snapshot = read(link)
    other = tmp_path / "other"
    other.write_bytes(OLD)
    link.unlink()
    link.symlink_to(other)
    assert replace(snapshot, NEW) == Replaced("stale")
    assert path.read_bytes() == other.read_bytes() == OLD


@pytest.mark.parametrize("call", ["write", "fsync", "link"])
@pytest.mark.parametrize("what", ["change", "swap", "remove"])
def test_a_change_in_the_midst_of_a_replacement_is_seen(path, tmp_path, monkeypatch, call, what):
    """Whatever others do until the last look, their bytes stay and nothing of ours is left."""
    real = getattr(os, call)
    done = []

    def act(*args, **keywords):
        if not done:
            done.append(True)
            if what == "change":
                with path.open("ab") as file:
                    file.write(b"theirs")
            elif what == "swap":
                other = tmp_path / "other"
                other.write_bytes(b"theirs")
                other.replace(path)
            else:
                path.unlink()
        return real(*args, **keywords)

    snapshot = read(path)
    with monkeypatch.context() as patch:
        patch.setattr(os, call, act)
        outcome = replace(snapshot, NEW)
    if what == "remove":
        assert (outcome, names(tmp_path)) == (Replaced("gone"), [])
    else:
        assert (outcome, names(tmp_path)) == (Replaced("stale"), ["orders.pkl"])
        assert path.read_bytes() == (OLD if what == "change" else b"") + b"theirs"


def test_of_many_who_replace_the_same_file_one_at_a_time_succeeds(path):
    """No replacement is lost between two that both believed in the old bytes, one after another."""
    outcomes, barrier = [], threading.Barrier(4)

    def run(number):
        snapshot = read(path)
        barrier.wait()
        outcomes.append(replace(snapshot, pickle.dumps(number), backup=False).outcome)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert "ok" in outcomes
    assert pickle.loads(path.read_bytes()) in range(4)


# --- what is kept -----------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o640, 0o444, 0o777])
def test_the_mode_is_kept(path, mode):
    """Trap: a new file has the mode of new files."""
    path.chmod(mode)
    assert replace(read(path), NEW).outcome == "ok"
    assert stat.S_IMODE(path.stat().st_mode) == mode


def test_nobody_else_can_read_the_temporary_file(path, monkeypatch):
    """A private pickle must not be readable for the moment in which it is written."""
    modes, real = [], os.write

    def write(file, data):
        modes.append(stat.S_IMODE(os.fstat(file).st_mode))
        return real(file, data)

    monkeypatch.setattr(os, "write", write)
    replace(read(path), NEW)
    assert modes == [0o600]


def test_the_link_stays_a_link(path, tmp_path):
    """Trap: replacing a symbolic link instead of its target."""
    folder = tmp_path / "links"
    folder.mkdir()
    link = folder / "latest.pkl"
    link.symlink_to("../orders.pkl")
    outcome = replace(read(link), NEW)
    assert outcome.backup == f"{path}.bak"
    assert str(link.readlink()) == "../orders.pkl"
    assert path.read_bytes() == link.read_bytes() == NEW
    assert names(folder) == ["latest.pkl"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_owner_and_group_are_kept(path):
    """Trap: a new file belongs to who wrote it. Set-user-id bits survive with the owner."""
    os.chown(path, 1234, 2345)
    path.chmod(0o6755)
    assert replace(read(path), NEW).warnings == ()
    status = path.stat()
    assert (status.st_uid, status.st_gid) == (1234, 2345)
    assert stat.S_IMODE(status.st_mode) == 0o6755


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_an_owner_that_cannot_be_kept_is_told(path, monkeypatch):
    """Without the right to give files away, rights of the lost group are not given to another."""
    os.chown(path, 1234, 2345)
    path.chmod(0o6764)

    def fchown(*_):
        raise PermissionError(errno.EPERM, "no")

    monkeypatch.setattr(os, "fchown", fchown)
    outcome = replace(read(path), NEW)
    assert outcome.outcome == "ok"
    assert outcome.warnings == ("the group could not be kept", "the owner could not be kept")
    status = path.stat()
    assert (status.st_uid, status.st_gid) == (0, 0)
    assert stat.S_IMODE(status.st_mode) == 0o744


def test_extended_attributes_are_kept(path):
    """Trap: a new file has none of the old one's."""
    try:
        os.setxattr(path, "user.origin", b"shop 1.0")
    except OSError as error:
        pytest.skip(f"no extended attributes here: {error}")
    except AttributeError:
        pytest.skip("no extended attributes on this system")
    assert replace(read(path), NEW).warnings == ()
    assert os.getxattr(path, "user.origin") == b"shop 1.0"
    assert os.getxattr(f"{path}.bak", "user.origin") == b"shop 1.0"


def _access_list(*entries):
    """An access list as Linux keeps it: version 2, then tag, rights and id of each entry."""
    return struct.pack("<L", 2) + b"".join(struct.pack("<HHL", *entry) for entry in entries)


@pytest.mark.parametrize("own", [False, True])
def test_the_access_list_is_the_old_files_own(path, tmp_path, own):
    """A folder may give its new files a list that lets more people in than the old file did."""
    nobody = 0xFFFFFFFF
    entries = [(1, 6, nobody), (2, 4, 4321), (4, 4, nobody), (16, 4, nobody), (32, 0, nobody)]
    path.chmod(0o640)
    try:
        os.setxattr(tmp_path, "system.posix_acl_default", _access_list(*entries))
        if own:
            entries[1] = (2, 4, 5678)
            os.setxattr(path, "system.posix_acl_access", _access_list(*entries))
    except (OSError, AttributeError):
        pytest.skip("no access lists here")
    expected = {name: os.getxattr(path, name) for name in os.listxattr(path)}
    assert len(expected) == own
    replace(read(path), NEW)
    assert {name: os.getxattr(path, name) for name in os.listxattr(path)} == expected
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_mode_that_was_changed_since_is_kept(path):
    """The content is what was read, so the file is not stale; its mode is today's."""
    snapshot = read(path)
    path.chmod(0o600)
    assert replace(snapshot, NEW).outcome == "ok"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.skipif(sys.platform != "linux", reason="needs extended attributes")
def test_an_extended_attribute_that_cannot_be_kept_is_told(path, monkeypatch):
    """Some belong to the system; their loss is no reason to leave the file old, but is said."""
    monkeypatch.setattr(os, "listxattr", lambda *_: ["security.x"])

    def getxattr(*_):
        raise PermissionError(errno.EPERM, "no")

    monkeypatch.setattr(os, "getxattr", getxattr)
    outcome = replace(read(path), NEW)
    assert outcome.outcome == "ok"
    assert outcome.warnings == ("the extended attribute security.x could not be kept",)


def test_the_time_is_new_unless_the_old_one_is_asked_for(path):
    """Backups and readers that watch the time must see the change."""
    os.utime(path, ns=(10**18, 10**18))
    replace(read(path), NEW)
    assert path.stat().st_mtime_ns > 10**18
    os.utime(path, ns=(10**18, 10**18 + 1))
    snapshot = read(path)
    os.utime(path, ns=(10**18, 10**18 + 1))
    assert replace(snapshot, OLD, keep_times=True).outcome == "ok"
    assert (path.stat().st_atime_ns, path.stat().st_mtime_ns) == (10**18, 10**18 + 1)


def test_a_file_with_several_names_is_refused(path, tmp_path):
    """Trap: any replace breaks hard links, so the other names would keep the old bytes."""
    os.link(path, tmp_path / "same.pkl")
    os.link(path, tmp_path / "orders.pkl.old")
    for check in (lambda: replace(read(path), NEW), lambda: check_replaceable(read(path))):
        with pytest.raises(FileError, match="2 other names") as caught:
            check()
        assert "break_hard_links" in caught.value.remedy
    assert path.read_bytes() == OLD
    assert names(tmp_path) == ["orders.pkl", "orders.pkl.old", "same.pkl"]

    assert replace(read(path), NEW, break_hard_links=True).outcome == "ok"
    assert (path.read_bytes(), (tmp_path / "same.pkl").read_bytes()) == (NEW, OLD)
    check_replaceable(read(path))


def test_a_backup_left_by_a_killed_run_is_not_another_name(path, tmp_path):
    """Killed between the backup and the replacement, the file has two names, both ours."""
    os.link(path, tmp_path / "orders.pkl.bak")
    os.link(path, tmp_path / ".pickle-migrate-0123456789abcdef.tmp")
    check_replaceable(read(path))
    assert replace(read(path), NEW) == Replaced("ok", f"{path}.bak")
    assert (path.read_bytes(), (tmp_path / "orders.pkl.bak").read_bytes()) == (NEW, OLD)


def test_a_read_only_folder_is_told_beforehand(path, monkeypatch):
    """A dry run says what a run would say."""
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(FileError, match="is read-only") as caught:
        check_replaceable(read(path))
    assert "--to" in caught.value.advice()


# --- faults -----------------------------------------------------------------------------------

CALLS = ["open", "write", "pread", "fchmod", "fsync", "link", "replace", "close", "stat", "lstat"]


def failing(monkeypatch, call, number, error):
    """Make the ``number``-th use of a system call fail; a list tells whether it was reached."""
    real, count, reached = getattr(os, call), [0], []

    def act(*args, **keywords):
        count[0] += 1
        if count[0] == number:
            reached.append(number)
            if call == "close":  # a close that fails has closed all the same
                real(*args, **keywords)
            raise error
        return real(*args, **keywords)

    monkeypatch.setattr(os, call, act)
    return reached


def faults(monkeypatch, call, error, do):
    """Do it with each use of a system call failing in turn, until it is not used so often."""
    for number in range(1, 100):
        with monkeypatch.context() as patch:
            reached = failing(patch, call, number, error)
            try:
                outcome = do()
            except BaseException as raised:
                outcome = raised
        if not reached:
            return
        yield number, outcome
    raise AssertionError("it does not end")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
@pytest.mark.parametrize("call", CALLS)
def test_any_failing_call_leaves_the_file_as_it_was(path, tmp_path, monkeypatch, call, number):
    """A full or failing disk at any call: the old bytes, no other file, and an error that says
    what to do. Only a failing sync of the finished replacement comes too late, and is a warning.
    """
    seen = 0
    snapshot = read(path)
    error = OSError(number, os.strerror(number))
    for _, outcome in faults(monkeypatch, call, error, lambda: replace(snapshot, NEW)):
        seen += 1
        if isinstance(outcome, Replaced):
            assert path.read_bytes() == NEW
            if call == "lstat":  # only cleaning up uses it so late, and has nothing to do
                assert outcome.warnings == ()
            else:
                assert call in ("fsync", "open", "close")
                assert "power cut" in outcome.warnings[0]
            (tmp_path / "orders.pkl.bak").replace(path)
        else:
            assert isinstance(outcome, FileError), outcome
            assert "cannot be replaced" in outcome.what()
            assert outcome.advice() != ""
        assert path.read_bytes() == OLD
        assert path.stat().st_ino == snapshot.token.inode
        assert names(tmp_path) == ["orders.pkl"]
    assert seen > 0


@pytest.mark.parametrize("call", CALLS)
def test_an_interruption_leaves_no_file_behind(path, tmp_path, monkeypatch, call):
    """Ctrl-C at any call: the file is old or new, its backup is there if it is new."""
    seen = 0
    for _, outcome in faults(
        monkeypatch, call, KeyboardInterrupt(), lambda: replace(read(path), NEW)
    ):
        seen += 1
        assert isinstance(outcome, KeyboardInterrupt)
        if path.read_bytes() == NEW:
            assert names(tmp_path) == ["orders.pkl", "orders.pkl.bak"]
            (tmp_path / "orders.pkl.bak").replace(path)
        assert path.read_bytes() == OLD
        assert names(tmp_path) == ["orders.pkl"]
    assert seen > 0


def test_a_write_that_takes_only_a_part_is_continued(path, monkeypatch):
    """The system may write less than it was given."""
    real = os.write
    monkeypatch.setattr(os, "write", lambda file, data: real(file, bytes(data[:7])))
    replace(read(path), NEW)
    assert path.read_bytes() == NEW


def test_what_reads_back_otherwise_never_replaces_a_file(path, tmp_path, monkeypatch):
    """A disk or a network that mangles bytes is found out before the old ones are given up."""
    real = os.write
    monkeypatch.setattr(os, "write", lambda file, data: real(file, bytes(data)[::-1]))
    with pytest.raises(FileError, match="reads back otherwise"):
        replace(read(path), NEW)
    assert (path.read_bytes(), names(tmp_path)) == (OLD, ["orders.pkl"])


@pytest.mark.parametrize("backup", [True, False])
def test_everything_is_synced_in_its_order(path, monkeypatch, backup):
    """The new bytes, then the name of the backup, then the new name: each before the next."""
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
    replace(read(path), NEW, backup=backup)
    kept = ["link", "folder"] if backup else []
    assert events == ["fsync", *kept, "replace", "folder"]


# --- new files --------------------------------------------------------------------------------


def test_a_new_file_is_like_the_old_one(path, tmp_path):
    """Mode and time come from the old file; folders are made; an old link becomes a file."""
    path.chmod(0o640)
    os.utime(path, ns=(10**18, 10**18))
    (tmp_path / "link").symlink_to(path)
    new = tmp_path / "to" / "a" / "orders.pkl"
    assert create(new, NEW, like=read(tmp_path / "link")) == "created"
    assert new.read_bytes() == NEW
    assert not new.is_symlink()
    assert (stat.S_IMODE(new.stat().st_mode), new.stat().st_mtime_ns) == (0o640, 10**18)
    assert names(new.parent) == ["orders.pkl"]
    assert path.read_bytes() == OLD


def test_a_new_file_like_none_has_the_mode_of_new_files(tmp_path):
    """Whatever the user's umask says."""
    mask = os.umask(0o027)
    try:
        create(tmp_path / "a", NEW)
    finally:
        os.umask(mask)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640


def test_a_second_run_changes_nothing(path, tmp_path):
    """A file that is there with the same bytes is left alone."""
    new = tmp_path / "to" / "orders.pkl"
    create(new, NEW, like=read(path))
    before = new.stat()
    assert create(new, NEW, like=read(path)) == "same"
    after = new.stat()  # only the time of the last reading may differ
    assert (after.st_ino, after.st_mtime_ns, after.st_ctime_ns) == (
        before.st_ino,
        before.st_mtime_ns,
        before.st_ctime_ns,
    )


def test_a_file_in_the_way_is_not_overwritten(path, tmp_path):
    """Unless that is asked for."""
    new = tmp_path / "new"
    new.write_bytes(b"something else")
    with pytest.raises(FileError, match="is there already"):
        create(new, NEW, like=read(path))
    assert new.read_bytes() == b"something else"
    assert create(new, NEW, like=read(path), overwrite=True) == "replaced"
    assert (new.read_bytes(), names(tmp_path)) == (NEW, ["new", "orders.pkl"])


def test_the_file_that_was_read_is_never_written_as_a_new_one(path):
    """--to the folder of the old files would replace them without a backup."""
    with pytest.raises(FileError, match="is the file that was read"):
        create(path, NEW, like=read(path), overwrite=True)
    assert path.read_bytes() == OLD


def test_a_link_in_the_way_is_not_written_through(path, tmp_path):
    """It may lead to the old file, or anywhere."""
    for target in (path, tmp_path / "nowhere"):
        link = tmp_path / "to"
        link.symlink_to(target)
        with pytest.raises(FileError, match="is there already"):
            create(link, NEW)
        with pytest.raises(FileError, match="is there already"):
            create(link, OLD)
        assert create(link, NEW, overwrite=True) == "replaced"
        assert (link.is_symlink(), link.read_bytes(), path.read_bytes()) == (False, NEW, OLD)
        link.unlink()


def test_a_file_that_appears_meanwhile_is_not_overwritten(tmp_path, monkeypatch):
    """Two runs into one folder: the second finds the name taken, in the last step too."""
    real = os.fsync
    new = tmp_path / "new"

    def fsync(file):
        new.write_bytes(b"theirs")
        return real(file)

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(FileError, match="exists"):
        create(new, NEW)
    assert (new.read_bytes(), names(tmp_path)) == (b"theirs", ["new"])


def test_where_there_are_no_hard_links_a_new_file_is_made_all_the_same(tmp_path, monkeypatch):
    """The name is taken with an empty file first, so that nothing is overwritten."""

    def link(*_, **__):
        raise OSError(errno.EPERM, "no links")

    monkeypatch.setattr(os, "link", link)
    assert create(tmp_path / "a", NEW) == "created"
    assert ((tmp_path / "a").read_bytes(), names(tmp_path)) == (NEW, ["a"])


@pytest.mark.parametrize("call", ["open", "write", "fsync", "link", "fchmod", "close", "utime"])
def test_any_failing_call_leaves_no_new_file(path, tmp_path, monkeypatch, call):
    """What could not be written whole and durable is not there."""
    to = tmp_path / "to"
    to.mkdir()
    snapshot = read(path)
    error = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    seen = 0
    for _, outcome in faults(
        monkeypatch, call, error, lambda: create(to / "a" / "b", NEW, like=snapshot)
    ):
        seen += 1
        assert isinstance(outcome, FileError), outcome
        assert "Free some space" in outcome.advice()
        assert not (to / "a").exists() or names(to / "a") == []
    assert seen > 0
