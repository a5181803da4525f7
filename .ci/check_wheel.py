"""Build the wheel and look into it: the package, its type marker, its licence and nothing else."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    """Print what is wrong with the wheel, and give 1 if anything is."""
    with tempfile.TemporaryDirectory() as scratch:
        pip = [sys.executable, "-m", "pip", "wheel", "-qq", "--no-deps"]
        build = [*pip, "--wheel-dir", scratch, str(ROOT)]
        subprocess.run(build, check=True)
        (wheel,) = Path(scratch).glob("*.whl")
        names = zipfile.ZipFile(wheel).namelist()
    files = (p for p in (ROOT / "pickle_migrate").rglob("*") if p.is_file())
    wanted = {str(p.relative_to(ROOT)) for p in files if p.suffix != ".pyc"}
    packed = {name for name in names if ".dist-info/" not in name}
    problems = [f"missing: {name}" for name in sorted(wanted - packed)]
    problems += [f"does not belong: {name}" for name in sorted(packed - wanted)]
    if not any(name.endswith("licenses/LICENSE") for name in names):
        problems.append("missing: LICENSE")
    print("\n".join(problems) or f"{wheel.name}: {len(packed)} files, as it should be")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
