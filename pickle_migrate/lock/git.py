"""What git is asked: the merge base, and a file as it was in a commit. It changes nothing there."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import attrs

from pickle_migrate.errors import LockError

_SECONDS = 60


@attrs.frozen
class Repository:
    """The repository that a file belongs to. ``folder`` is that of the file, ``path`` the file, for
    messages.
    """

    folder: Path
    path: str

    @classmethod
    def of(cls, path: Path) -> Repository:
        """The repository of a file, which need not be there. Raises LockError where there is none,
        or no git.
        """
        folder = Path(os.path.realpath(path)).parent
        if not folder.is_dir():
            raise LockError(str(path), f"there is no folder {folder}")
        found = cls(folder, str(path))
        done = found.run("rev-parse", "--show-toplevel")
        if done.returncode != 0:
            raise LockError(
                str(path),
                f"git knows no repository for it: {_said(done)}",
                "Branches are compared inside of a repository only, with `git` and its `.git`.",
            )
        return found

    def run(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        """Run git in the folder. Raises LockError if there is no git, or it does not end."""
        environment = {**os.environ, "LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0"}
        try:
            return subprocess.run(
                ["git", *arguments],
                cwd=self.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_SECONDS,
                check=False,
            )
        except FileNotFoundError as error:
            remedy = "Install git, or leave the comparison of branches out."
            raise LockError(self.path, "there is no command git here", remedy) from error
        except (OSError, subprocess.TimeoutExpired) as error:
            raise LockError(self.path, f"git failed: {error}", "Try it by hand.") from error

    @property
    def top(self) -> Path:
        """The folder of the whole work tree."""
        return Path(os.fsdecode(self.run("rev-parse", "--show-toplevel").stdout.rstrip(b"\n")))

    def has(self, ref: str) -> bool:
        """Whether git knows a commit of this name."""
        return self.run("rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}").returncode == 0

    def files(self, pattern: str) -> list[Path]:
        """The files of the work tree that match a pattern of git, also new ones, but for those that
        are ignored. Absolute, sorted.
        """
        top = self.top
        options = ("--cached", "--others", "--exclude-standard", "--full-name", "-z")
        done = self.run("-C", str(top), "ls-files", *options, "--", pattern)
        names = {name for name in os.fsdecode(done.stdout).split("\0") if name}
        return [top / name for name in sorted(names)]

    def read_at_top(self, commit: str, path: Path) -> bytes | None:
        """The bytes of a file of the work tree in a commit; None if it was not there."""
        name = path.relative_to(self.top).as_posix()
        done = self.run("show", f"{commit}:{name}")
        return done.stdout if done.returncode == 0 else None

    def commit_of(self, ref: str) -> str:
        """The full hash of the commit that a branch, tag or hash names. Raises LockError."""
        done = self.run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
        if done.returncode != 0 or not ref:
            remote, slash, branch = ref.partition("/")
            fetch = f"git fetch {remote} {branch}" if slash else f"git fetch origin {ref}"
            raise LockError(
                self.path,
                f"git knows no commit {ref!r} here",
                f"Fetch it first ({fetch}), or correct the name. In GitHub's actions/checkout, "
                "fetch-depth: 0 brings all branches.",
            )
        return _text(done)

    def merge_base(self, ref: str, other: str = "HEAD") -> str:
        """The newest commit that two branches have in common. Raises LockError."""
        commit, mine = self.commit_of(ref), self.commit_of(other)
        done = self.run("merge-base", commit, mine)
        if done.returncode == 0:
            return _text(done)
        if done.returncode != 1:
            raise LockError(self.path, f"git merge-base failed: {_said(done)}")
        if _text(self.run("rev-parse", "--is-shallow-repository")) == "true":
            raise LockError(
                self.path,
                f"this clone is shallow, and where {other} and {ref} parted is not in it",
                "Fetch the whole history: git fetch --unshallow, or fetch-depth: 0 in GitHub's "
                "actions/checkout, or GIT_DEPTH: 0 in GitLab.",
            )
        remedy = "Name the branch that yours will be merged into."
        raise LockError(self.path, f"{other} and {ref} have no commit in common", remedy)

    def merged(self, ref: str, other: str = "HEAD") -> str | None:
        """Where a branch that contains another has merged it, the newest commit before that: what
        the branch was by itself. None if it does not contain the other, or has merged nothing.

        What CI checks out for a pull request is such a merge.
        """
        commit = self.commit_of(ref)
        if self.merge_base(ref, other) != commit:
            return None
        span = f"{commit}..{other}"
        found = _text(self.run("rev-list", "--merges", "--first-parent", "--parents", "-n1", span))
        for parent in found.split()[1:]:
            if _text(self.run("merge-base", commit, parent)) != commit:
                return parent
        return None

    def read(self, commit: str, name: str) -> bytes | None:
        """The bytes of a file of the folder in a commit; None if it was not there then. Raises
        LockError.
        """
        listed = self.run("ls-tree", "-z", commit, "--", name)
        if listed.returncode != 0:
            raise LockError(self.path, f"git ls-tree failed: {_said(listed)}")
        if not listed.stdout:
            return None
        done = self.run("show", f"{commit}:./{name}")
        if done.returncode != 0:
            raise LockError(self.path, f"git show failed: {_said(done)}")
        return done.stdout


def _text(done: subprocess.CompletedProcess[bytes]) -> str:
    return done.stdout.decode(errors="replace").strip()


def _said(done: subprocess.CompletedProcess[bytes]) -> str:
    text = done.stderr.decode(errors="replace").strip()
    return " ".join(text.split()).removeprefix("fatal: ") or f"exit code {done.returncode}"
