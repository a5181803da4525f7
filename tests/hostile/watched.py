"""Asks the process under test, one file at a time, and starts it anew when it dies or hangs."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import subprocess
import sys
from pathlib import Path
from typing import Any

import attrs

HERE = Path(__file__).resolve().parent
#: Seconds without an answer after which a file counts as one that hangs. The longest take seconds.
PATIENCE = 300


@attrs.define
class Watched:
    """The process under test. ``folder`` is where it works."""

    folder: Path
    process: subprocess.Popen[bytes] | None = None

    def ask(self, face: str, file: Path) -> dict[str, Any]:
        """Show a file to a face. The answer's ``outcome`` is "died" or "hung" when none came."""
        process = self.process or self._start()
        request = {"face": face, "file": str(file)}
        process.stdin.write(json.dumps(request).encode() + b"\n")
        process.stdin.flush()
        with selectors.DefaultSelector() as waiting:
            waiting.register(process.stdout, selectors.EVENT_READ)
            is_there = waiting.select(PATIENCE)
        line = process.stdout.readline() if is_there else b""
        if line:
            return json.loads(line)
        self.stop()
        return {"outcome": "died" if is_there else "hung"}

    def _start(self) -> subprocess.Popen[bytes]:
        environment = {**os.environ, "PYTHONPATH": str(HERE.parent.parent)}
        self.process = subprocess.Popen(
            [sys.executable, "-X", "faulthandler", str(HERE / "worker.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=self.folder,
            env=environment,
        )
        return self.process

    def stop(self) -> None:
        """End the process."""
        if self.process is None:
            return
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            with contextlib.suppress(BrokenPipeError):
                pipe.close()
        self.process = None
