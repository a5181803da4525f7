"""Write the hostile corpus into a folder, with a manifest that says what each file is.

    python tests/hostile/write_corpus.py FOLDER

Every file is made anew and always the same. What a payload reaches for is ``hostile_canary``, which
only notes that it was reached, or something that does nothing. Files marked as bombs are for
scanners alone: a plain unpickler that reads one may hang or take all memory.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from assemble import Sample, flattened  # noqa: E402
from benign import benign  # noqa: E402
from bombs import bombs  # noqa: E402
from calls import calls  # noqa: E402
from codes import codes  # noqa: E402
from containers import containers  # noqa: E402
from dangerous import dangerous  # noqa: E402
from effects import effects  # noqa: E402
from floods import floods  # noqa: E402
from graph_bombs import graph_bombs  # noqa: E402
from hidden import hidden  # noqa: E402
from reading import reading  # noqa: E402
from spelled import mapped, spelled  # noqa: E402
from ways import ways  # noqa: E402
from wrapped import wrapped  # noqa: E402

GROUPS = (
    calls, effects, ways, codes, hidden, spelled, mapped, dangerous, reading, bombs, graph_bombs,
    floods, wrapped, containers, benign,
)  # fmt: skip


def samples() -> list[Sample]:
    """All files of the corpus, in order."""
    return flattened(GROUPS)


def write(folder: Path) -> list[Sample]:
    """Write all files and ``manifest.json`` below the folder."""
    made = samples()
    for sample in made:
        path = folder / sample.file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(sample.data)
    facts = [
        {"file": s.file, "about": s.about, "expect": s.expect, "names": s.names, "bomb": s.bomb}
        for s in made
    ]
    (folder / "manifest.json").write_text(json.dumps(facts, indent=1) + "\n")
    return made


def main() -> int:
    """Write the corpus into the folder that is given, and count it."""
    if len(sys.argv) != 2:
        print(__doc__)
        return 2
    made = write(Path(sys.argv[1]))
    print(f"{len(made)} files, {sum(len(s.data) for s in made):,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
