"""Virtual environments for the project's own commands, made with the standard library and pip.

    python .ci/venvs.py EXTRA...      make or refresh one, and print the path of its Python

Each environment is a folder ``.venv-NAME-X.Y`` at the top of the clone. The project is installed in
it as editable, with the extras that are asked for. It is made anew only when pyproject.toml, the
interpreter or the place of the clone is another one than last time.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def ready(name: str, *extras: str) -> Path:
    """The Python of the environment ``name``, with the project and its extras installed.

    Says on standard error what it does. Ends the program with a message when it cannot.
    """
    folder = ROOT / f".venv-{name}-{sys.version_info.major}.{sys.version_info.minor}"
    marker, key = folder / "made-from.txt", _key(extras)
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if marker.is_file() and marker.read_text(encoding="utf-8") == key:
        return python
    wanted = f".[{','.join(extras)}]" if extras else "."
    print(f"Setting up {folder.name}: pip install {wanted}", file=sys.stderr, flush=True)
    if folder.exists():
        shutil.rmtree(folder)
    # The pip at hand installs into the new environment; without one, ensurepip brings it.
    has_pip = importlib.util.find_spec("pip") is not None
    venv.create(folder, with_pip=not has_pip, symlinks=os.name != "nt")
    pip = [sys.executable, "-m", "pip", "--python", str(python)]
    if not has_pip:
        pip = [str(python), "-m", "pip"]
    options = ["-qq", "--disable-pip-version-check", "--no-warn-script-location"]
    done = subprocess.run([*pip, "install", *options, "--editable", wanted], cwd=ROOT, check=False)
    if done.returncode:
        sys.exit(f"pip could not install {wanted} into {folder} (exit code {done.returncode}).")
    marker.write_text(key, encoding="utf-8")
    return python


def _key(extras: tuple[str, ...]) -> str:
    project = hashlib.sha256((ROOT / "pyproject.toml").read_bytes()).hexdigest()
    return "\n".join([sys.version, sys.executable, str(ROOT), ",".join(extras), project])


if __name__ == "__main__":
    print(ready("-".join(sys.argv[1:]) or "plain", *sys.argv[1:]))
