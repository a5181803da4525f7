"""The process under test: reads hostile files one after the other and tells what it did.

One JSON object a line comes in (``face``, ``file``), one goes out. The canary can be
imported here, so a payload that ran would be seen; an audit hook notes what was imported, opened,
started and asked for. Memory is capped, so that a bomb ends this process and not the machine.
"""

from __future__ import annotations

import contextlib
import copyreg
import io
import json
import resource
import sys
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).resolve().parent
ADDRESS_SPACE = 6 * 1024**3
#: A code whose object copyreg has cached, as after its first load in a long-lived process.
CACHED_CODE = 0x77

#: Events that no reading of a pickle may raise, by how they begin.
_NEVER = (
    "subprocess.", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.system",
    "os.kill", "os.putenv", "os.unsetenv", "os.rename", "os.chmod", "os.chown", "os.truncate",
    "os.mkdir", "os.rmdir", "os.symlink", "os.link", "pty.", "socket.", "ctypes.", "shutil.",
    "tempfile.", "sqlite3.", "urllib.", "http.", "ftplib.", "smtplib.", "imaplib.", "telnetlib.",
    "webbrowser.", "builtins.input", "builtins.breakpoint", "code.", "function.",
    "sys.settrace", "sys.setprofile", "sys.addaudithook", "sys.unraisablehook", "signal.",
    "mmap.", "glob.", "gc.", "cpython.run_", "setopencodehook", "winreg.", "msvcrt.",
)  # fmt: skip


class Watch:
    """What the audit hook saw while it was armed."""

    def __init__(self) -> None:
        self.armed = False
        self.imported: list[str] = []
        self.opened: list[str] = []
        self.written: list[str] = []
        self.asked: list[tuple[str, str]] = []
        self.other: list[str] = []

    def hook(self, event: str, args: tuple[object, ...]) -> None:
        """Note one event. It must not raise: the code under test would see it."""
        if not self.armed:
            return
        if event == "import":
            self.imported.append(str(args[0]))
        elif event == "open":
            self._open(*args)
        elif event == "pickle.find_class":
            self.asked.append((str(args[0]), str(args[1])))
        elif event == "os.remove" or event.startswith(_NEVER):
            self.other.append(event)

    def _open(self, path: object, mode: object, flags: object) -> None:
        writes = isinstance(flags, int) and flags & 0o3
        (self.written if writes else self.opened).append(str(path))

    @contextlib.contextmanager
    def watching(self):
        """Forget what was, and note what is."""
        for seen in (self.imported, self.opened, self.written, self.asked, self.other):
            seen.clear()
        self.armed = True
        try:
            yield
        finally:
            self.armed = False


WATCH = Watch()
CACHED: list[str] = []


def cached_canary(*args: object) -> None:
    """What the cached extension code stands for."""
    CACHED.append("called")


# --- the faces ---


def face_plain(path: Path) -> dict[str, object]:
    """Plain pickle, which runs what it is told: only to show that the watch sees it."""
    import pickle

    return {"type": type(pickle.loads(path.read_bytes())).__name__}


def face_scan(path: Path) -> dict[str, object]:
    """The scanner, under the default limits."""
    from pickle_migrate.limits import Limits
    from pickle_migrate.scanner import scan_all

    found = scan_all(path.read_bytes(), limits=Limits())
    return {
        "names": [f"{g.ref.module}:{g.ref.qualname}" for s in found.pickles for g in s.globals],
        "unresolvable": sum(len(s.unresolvable) for s in found.pickles),
        "differences": [d.rule for s in found.pickles for d in s.differences],
    }


def face_refusals(path: Path) -> dict[str, object]:
    """What the commands' policy refuses of the scan."""
    from pickle_migrate.limits import Limits
    from pickle_migrate.policy import for_command
    from pickle_migrate.scanner import scan_all

    policy = for_command()
    found = scan_all(path.read_bytes(), limits=Limits())
    refusals = [r for s in found.pickles for r in policy.refusals(s)]
    return {"refused": len(refusals), "first": refusals[0].rule if refusals else ""}


def face_load(path: Path) -> dict[str, object]:
    """``pickle_migrate.load`` under the commands' policy and the default limits."""
    import pickle_migrate
    from pickle_migrate.limits import Limits
    from pickle_migrate.policy import COMMAND_PRESETS, Policy

    policy = Policy(presets=COMMAND_PRESETS)
    with path.open("rb") as file:
        loaded = pickle_migrate.load(file, policy=policy, limits=Limits())
    return {"type": type(loaded).__name__}


def face_equal(path: Path) -> dict[str, object]:
    """Whether what loads is what plain pickle gives. For benign files only."""
    import pickle

    import pickle_migrate
    from pickle_migrate.policy import COMMAND_PRESETS, Policy

    data = path.read_bytes()
    loaded = pickle_migrate.loads(data, policy=Policy(presets=COMMAND_PRESETS))
    return {"equal": pickle.dumps(loaded, 4) == pickle.dumps(pickle.loads(data), 4)}


def _command(*args: str) -> dict[str, object]:
    from pickle_migrate.cli import main

    out = io.StringIO()
    code = 0
    path = sys.path[:]
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        try:
            main(list(args), prog_name="pickle-migrate", standalone_mode=False)
        except SystemExit as end:
            code = end.code or 0
        finally:
            sys.path[:] = path  # each command puts its folder in front
    return {"code": code, "out": out.getvalue()}


def face_inspect(path: Path) -> dict[str, object]:
    """``pickle-migrate inspect --json``."""
    return _command("inspect", "--json", str(path))


def face_inspect_tree(path: Path) -> dict[str, object]:
    """``pickle-migrate inspect``, for the eyes."""
    return _command("inspect", str(path))


def face_dis(path: Path) -> dict[str, object]:
    """``pickle-migrate inspect --dis``."""
    return _command("inspect", "--dis", str(path))


def face_upgrade(path: Path) -> dict[str, object]:
    """``pickle-migrate upgrade --dry-run``."""
    return _command("upgrade", "--dry-run", "--json", str(path))


def face_static(path: Path) -> dict[str, object]:
    """``pickle-migrate upgrade --static --dry-run``."""
    return _command("upgrade", "--static", "--dry-run", "--json", str(path))


FACES: dict[str, Callable[[Path], dict[str, object]]] = {
    name.removeprefix("face_").replace("_", "-"): face
    for name, face in list(globals().items())
    if name.startswith("face_")
}


# --- memory ---


def reset_peak() -> int:
    """Forget the peak of this process's memory, and give what it has now, in bytes. Linux only."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    return peak()


def peak() -> int:
    """The most memory that this process had since the peak was forgotten, in bytes."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return 0
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


# --- one file ---


def answer(face: str, path: Path) -> dict[str, object]:
    """Show a file to a face, and say what came of it and how much memory it took at most."""
    CACHED.clear()
    before = reset_peak()
    with WATCH.watching():
        try:
            found = {"outcome": "returned", **FACES[face](path)}
        except Exception as error:  # every kind is told, and judged by the test
            found = {"outcome": type(error).__name__, "message": str(error)[:300]}
            found["bases"] = [base.__name__ for base in type(error).__mro__]
    found["peak"] = peak() - before
    canary = sys.modules.get("hostile_canary")
    return {
        **found,
        "imported": WATCH.imported,
        "opened": WATCH.opened,
        "written": WATCH.written,
        "asked": [":".join(pair) for pair in WATCH.asked],
        "events": WATCH.other,
        "touched": CACHED + (canary.touched if canary else []),
    }


def main() -> None:
    """Answer each line of standard input."""
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    sys.path.insert(0, str(HERE))
    copyreg.add_extension("worker_extension", "cached_canary", CACHED_CODE)
    copyreg._extension_cache[CACHED_CODE] = cached_canary
    sys.addaudithook(WATCH.hook)
    replies, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        asked = json.loads(line)
        reply = answer(asked["face"], Path(asked["file"]))
        replies.write(json.dumps(reply) + "\n")
        replies.flush()


if __name__ == "__main__":
    main()
