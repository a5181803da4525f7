"""Set up what the tests need and run all of them. Needs Python 3.11 or newer, and pip.

    python3.11 tests/run.py                        all tests
    python3.11 tests/run.py tests/test_refs.py     what follows goes to pytest

The set-up is a folder .venv-test-X.Y at the top of the clone; delete it to start anew. The exit
code is pytest's.
"""

import sys

if sys.version_info < (3, 11):
    sys.exit("This needs Python 3.11 or newer; this is Python %s." % sys.version.split()[0])

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / ".ci"))

from venvs import ready


def main():
    """Run pytest in the environment for tests, on two processes unless told otherwise."""
    python = ready("test", "test")
    given = sys.argv[1:] or ["-n", "2"]
    command = [str(python), "-m", "pytest", "--color=no"] + given
    return subprocess.run(command, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
