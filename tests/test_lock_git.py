"""What git is asked, and a clear error for each way in which it cannot answer."""

import pytest
from lock_world import NAME, Repository, lock, locked, version

from pickle_migrate.errors import LockError
from pickle_migrate.lock import git
from pickle_migrate.lock.git import Repository as Asked

LOCK = lock(locked("shop:Order", version(1, qty="int")))


@pytest.fixture
def repository(tmp_path):
    """Two branches that parted after one commit."""
    made = Repository(tmp_path / "here")
    made.branches(LOCK, LOCK, LOCK)
    return made


@pytest.fixture
def asked(repository):
    return Asked.of(repository.path)


def _error(call, *arguments):
    with pytest.raises(LockError) as caught:
        call(*arguments)
    assert caught.value.path
    return str(caught.value)


def test_a_file_as_it_was(repository, asked):
    """Its bytes in a commit; None where it was not there."""
    repository.write(NAME, "changed\n")
    assert asked.read("main", NAME).startswith(b"# The fields of")
    assert asked.read("main", "other.toml") is None


def test_where_two_branches_parted(repository, asked):
    """The newest commit that is in both."""
    assert asked.merge_base("main") == repository.git("rev-parse", "main~1").stdout.strip()


def test_a_folder_below_the_root(repository):
    """The lock need not stand at the top of the repository."""
    folder = repository.folder / "sub" / "deep"
    folder.mkdir(parents=True)
    (folder / NAME).write_text("deep\n")
    repository.commit()
    assert Asked.of(folder / NAME).read("HEAD", NAME) == b"deep\n"


def test_a_symbolic_link_is_followed(repository, tmp_path):
    """As reading does."""
    (tmp_path / "link.toml").symlink_to(repository.path)
    assert Asked.of(tmp_path / "link.toml").folder == repository.folder.resolve()


def test_no_repository(tmp_path):
    """A folder that git knows nothing of."""
    assert "git knows no repository for it: not a git repository" in _error(
        Asked.of, tmp_path / NAME
    )


def test_no_folder(tmp_path):
    """Nothing is made on the way."""
    assert "there is no folder" in _error(Asked.of, tmp_path / "none" / NAME)


@pytest.mark.parametrize("ref", ["origin/main", "nobody", "", "--help", "-x", "a b", "main:file"])
def test_an_unknown_branch(asked, ref):
    """It says how to fetch it. What looks like an option is a name too."""
    text = _error(asked.commit_of, ref)
    assert f"git knows no commit {ref!r} here. Fetch it first (git fetch origin " in text
    assert "fetch-depth: 0" in text


def test_a_file_that_is_no_commit(repository, asked):
    """A hash of something else."""
    blob = repository.git("rev-parse", f"HEAD:{NAME}").stdout.strip()
    assert "knows no commit" in _error(asked.commit_of, blob)


def test_a_shallow_clone(repository, tmp_path):
    """What CI clones by default does not hold where the branches parted."""
    source = f"file://{repository.folder}"
    clone = tmp_path / "clone"
    repository.git("clone", "-q", "--depth=1", "--no-single-branch", source, str(clone))
    text = _error(Asked.of(clone / NAME).merge_base, "origin/main")
    assert "this clone is shallow" in text
    assert "fetch-depth: 0" in text


def test_branches_without_a_common_commit(repository, asked):
    """Two histories that never met."""
    repository.git("checkout", "-q", "--orphan", "other")
    repository.commit()
    assert "HEAD and main have no commit in common" in _error(asked.merge_base, "main")


def test_no_git(asked, monkeypatch, tmp_path):
    """The command is not there."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "there is no command git here. Install git" in _error(asked.commit_of, "main")


def test_git_that_does_not_end(asked, monkeypatch, tmp_path):
    """It is given up after a while."""
    script = tmp_path / "git"
    script.write_text("#!/bin/sh\nexec sleep 30\n")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    monkeypatch.setattr(git, "_SECONDS", 0.2)
    assert "git failed: " in _error(asked.commit_of, "main")


def test_a_tree_that_is_damaged(repository, asked):
    """Git's own words are passed on."""
    tree = repository.git("rev-parse", "main^{tree}").stdout.strip()
    path = repository.folder / ".git" / "objects" / tree[:2] / tree[2:]
    path.chmod(0o644)
    path.write_bytes(b"")
    assert "failed: " in _error(asked.read, "main", NAME)


def test_what_a_branch_was_before_it_merged(repository, asked):
    """Such as the merge that CI checks out for a pull request."""
    assert asked.merged("main") is None
    mine = repository.git("rev-parse", "HEAD").stdout.strip()
    repository.git("checkout", "-q", "-b", "pull-request", "main")
    repository.git("merge", "-q", "--no-ff", "--no-edit", "ours")
    assert asked.merged("main") == mine
    repository.commit()
    assert asked.merged("main") == mine
    repository.git("checkout", "-q", "main")
    assert asked.merged("main") is None
