"""Old interpreters of this machine, and environments with old releases in them.

Runs other interpreters and pip, which reaches the network. All that is made lies in a folder that
the caller names and throws away; nothing is installed elsewhere.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import attrs
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from pickle_migrate.errors import ArchiveError

_VERSION: Final = re.compile(r"[0-9]+(\.[0-9]+){0,2}")
_ASK: Final = "import sys; print('%d.%d.%d' % sys.version_info[:3])"
_WHERE: Final = "import sysconfig; print(sysconfig.get_paths()['purelib'])"
_LINES_SHOWN: Final = 12
# What an environment has by itself.
_TOOLS: Final = frozenset(["pip", "setuptools", "wheel"])


@attrs.frozen
class Python:
    """An interpreter: its executable, and its full version."""

    executable: str
    version: str

    @property
    def short(self) -> str:
        """As in "3.9"."""
        return ".".join(self.version.split(".")[:2])


@attrs.frozen
class Environment:
    """An interpreter with what was installed for it. ``installed``: name to version, by name."""

    python: Python
    executable: str
    variables: Mapping[str, str]
    installed: Mapping[str, str]
    release: str = ""


def find_python(wanted: str) -> Python:
    """The interpreter of a version such as "3.9" or "3.9.18", or of an executable's path: this one,
    on the PATH, under pyenv, or as uv knows it. Raises ArchiveError.
    """
    if not _VERSION.fullmatch(wanted):
        path = shutil.which(wanted)
        version = _version_of(path) if path else None
        if path is None or version is None:
            problem = "it is neither a version, such as 3.9, nor an interpreter that runs"
            raise ArchiveError(f"--python {wanted}", problem, _INSTALL.format(version="3.9"))
        return Python(path, version)
    for path in _candidates(wanted):
        version = _version_of(path)
        if version is not None and f"{version}.".startswith(f"{wanted}."):
            return Python(path, version)
    remedy = _INSTALL.format(version=wanted)
    raise ArchiveError(f"--python {wanted}", "there is no such Python on this machine", remedy)


_INSTALL: Final = (
    "Install it (pyenv install {version}, or uv python install {version}), or name its executable: "
    "--python /opt/python{version}/bin/python."
)


def this_python() -> Python:
    """The interpreter that runs this."""
    return Python(sys.executable, ".".join(map(str, sys.version_info[:3])))


def _candidates(wanted: str) -> Iterator[str]:
    yield sys.executable
    short = ".".join(wanted.split(".")[:2])
    for name in dict.fromkeys([f"python{wanted}", f"python{short}", "python3", "python"]):
        found = shutil.which(name)
        if found:
            yield found
    versions = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    found_there = [p for p in versions.glob(f"{wanted}*/bin/python") if p.exists()]
    yield from map(str, sorted(found_there, key=_order, reverse=True))
    uv = shutil.which("uv")
    if uv:
        done = _quietly([uv, "python", "find", wanted])
        if done:
            yield done


def _order(path: Path) -> Version:
    try:
        return Version(path.parent.parent.name)
    except InvalidVersion:
        return Version("0")


def _version_of(executable: str) -> str | None:
    found = _quietly([executable, "-s", "-c", _ASK])
    return found if found and _VERSION.fullmatch(found) else None


def _quietly(command: Sequence[str]) -> str | None:
    """What a command prints; None if it fails."""
    try:
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, timeout=60, env=_clean()
        )
    except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _clean() -> dict[str, str]:
    """This process's environment without what steers its own Python."""
    left_out = {"PYTHONPATH", "PYTHONHOME", "PYTHONWARNINGS", "PYTHONSTARTUP", "VIRTUAL_ENV"}
    return {name: value for name, value in os.environ.items() if name not in left_out}


# --- environments -----------------------------------------------------------------------------


def environment(
    python: Python,
    folder: Path,
    release: str = "",
    more: Sequence[str] = (),
    requirement_files: Sequence[str] = (),
) -> Environment:
    """An environment in ``folder`` with a release in it: what pip takes, such as ``shop==1.2``, a
    path or a ``git+https`` address. Runs pip. Raises ArchiveError, with pip's own last lines.
    """
    wanted = [*([release] if release else []), *more]
    files = [part for file in requirement_files for part in ("-r", str(Path(file).absolute()))]
    if not wanted and not files:
        return Environment(python, python.executable, _run_variables(), {})
    executable, target = python.executable, folder / "packages"
    if not python.version.startswith("2."):
        executable = _venv(python, folder / "venv") or executable
    variables = _run_variables()
    if executable == python.executable:  # no venv: Python 2 has none, and some systems' Python 3
        _pip(executable, ["--target", str(target), *wanted, *files], release)
        variables["PYTHONPATH"] = str(target)
    else:
        _pip(executable, [*wanted, *files], release)
        target = Path(_quietly([executable, "-c", _WHERE]) or folder)
    found = list(_distributions(target))
    installed = {one.name: one.version for one in found}
    return Environment(python, executable, variables, installed, _release(release, found, more))


def _run_variables() -> dict[str, str]:
    # A fixed hash seed keeps sets in one order, so that a second run writes the same bytes.
    fixed = {"PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONNOUSERSITE": "1"}
    return {**_clean(), **fixed}


def _venv(python: Python, folder: Path) -> str | None:
    if _quietly([python.executable, "-m", "venv", str(folder)]) is None:
        return None
    return str(folder / "bin" / "python")


def _pip(executable: str, arguments: Sequence[str], release: str) -> None:
    command = [executable, "-m", "pip", "install", "--quiet", *arguments]
    quiet = {
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_ROOT_USER_ACTION": "ignore",
        "PIP_NO_INPUT": "1",
        "PIP_NO_PYTHON_VERSION_WARNING": "1",
    }
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, env={**_clean(), **quiet}
    )
    if done.returncode != 0:
        what = release or " ".join(arguments)
        problem = f"pip could not install {what}: {last_lines(done.stderr)}"
        remedy = "Correct the requirement; --with adds others, such as an older numpy."
        raise ArchiveError("--release", problem, remedy)


def last_lines(text: str) -> str:
    """The end of what a program printed, in one line of at most a few."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return " / ".join(lines[-_LINES_SHOWN:]) or "it said nothing"


@attrs.frozen
class Installed:
    """A distribution in an environment. ``url``: where it came from, if pip noted it."""

    name: str
    version: str
    url: str = ""
    requires: frozenset[str] = frozenset()


def _distributions(folder: Path) -> Iterator[Installed]:
    """What is installed in a folder, by name."""
    for path in sorted([*folder.glob("*.dist-info"), *folder.glob("*.egg-info")]):
        metadata = next(
            (p for p in (path / "METADATA", path / "PKG-INFO", path) if p.is_file()), None
        )
        if metadata is None:
            continue
        text = metadata.read_text(encoding="utf-8", errors="replace")
        said = dict(re.findall(r"^(Name|Version): (.*)$", text, re.MULTILINE))
        needed = re.findall(r"^Requires-Dist: (.*)$", text, re.MULTILINE)
        if (path / "requires.txt").is_file():
            needed += (path / "requires.txt").read_text(encoding="utf-8").split("\n")
        if len(said) == 2 and canonicalize_name(said["Name"]) not in _TOOLS:
            direct = path / "direct_url.json"
            url = json.loads(direct.read_text(encoding="utf-8"))["url"] if direct.is_file() else ""
            yield Installed(said["Name"], said["Version"], str(url), frozenset(_names(needed)))


def _names(requirements: Iterable[str]) -> Iterator[str]:
    """The names in requirements, whatever else stands there."""
    for text in requirements:
        found = re.match(r"[A-Za-z0-9][A-Za-z0-9._-]*", text.strip())
        if found:
            yield canonicalize_name(found.group())


def _release(release: str, found: Sequence[Installed], more: Sequence[str] = ()) -> str:
    """The release that was asked for, as "shop 1.2"."""
    try:
        wanted = canonicalize_name(Requirement(release).name)
        known = [one for one in found if canonicalize_name(one.name) == wanted]
    except InvalidRequirement:  # a folder or an address
        tail = release.rstrip("/").rpartition("/")[2].partition("@")[0].removesuffix(".git")
        known = [one for one in found if one.url]
        known.sort(key=lambda one: tail not in one.url)
        if not known:  # old releases of pip note no address: what nothing else needs
            needed = {name for one in found for name in one.requires} | set(_names(more))
            known = [one for one in found if canonicalize_name(one.name) not in needed]
    return f"{known[0].name} {known[0].version}" if known else release
