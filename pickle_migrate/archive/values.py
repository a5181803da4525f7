"""What the archive holds, as values: a record for each pickle, with its provenance."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

#: What a record's file is called: the name of the pickle, and this.
SUFFIX = ".yaml"


@attrs.frozen
class Provenance:
    """What wrote a pickle. ``release`` is of the package, as "shop 1.2"; ``python`` the full
    version, ``libraries`` name to version, ``writer`` the script or test that wrote it. Empty where
    nobody knows. ``protocol`` is that of the first pickle of the file.
    """

    release: str = ""
    python: str = ""
    protocol: int | None = None
    libraries: Mapping[str, str] = attrs.field(factory=dict)
    writer: str = ""


@attrs.frozen
class Record:
    """One archived file. ``path`` is the pickle; the record lies beside it, with ``SUFFIX``.

    ``sha256`` is of the whole file, in hexadecimal digits. ``classes``: the versioned classes in
    it, each as ``module:qualname@version`` under its name in the pickle (``@?``: unstamped).
    ``encoding``: for the 8-bit strings of Python 2. ``expected``: the state that a load must give,
    as plain data (see ``archive.states``), one for each pickle of the file. ``expected_in``: where
    it stands instead, as ``file#key`` relative to the archive, one for each pickle.
    """

    path: Path
    sha256: str
    provenance: Provenance = Provenance()
    classes: tuple[str, ...] = ()
    encoding: str = "ASCII"
    expected: tuple[Any, ...] = ()
    expected_in: tuple[str, ...] = ()

    @property
    def record_path(self) -> Path:
        """The file of the record itself."""
        return self.path.with_name(self.path.name + SUFFIX)
