"""What the archive holds, as values: a record for each pickle, with its provenance."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import attrs

#: What a record's file is called: the name of the pickle, and this.
SUFFIX: Final = ".yaml"
#: Where an expected state stands: ``file#key``; or, for a pickle that is a dict, the same for each
#: of its keys, whose values are then described each by itself.
Place = str | Mapping[str, str]


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
    """One archived file. ``file`` is the path of the pickle; the record lies beside it, with
    ``SUFFIX``.

    ``sha256`` is of the whole file, in hexadecimal digits. ``classes``: the versioned classes in
    it, each as ``module:qualname@version`` under its name in the pickle (``@?``: unstamped).
    ``encoding``: for the 8-bit strings of Python 2. ``expected_text``: the state that a load must
    give, one for each pickle of the file, as the YAML text of the list; ``expected`` has it as
    plain data. ``expected_in``: where it stands instead, relative to ``root``, the folder of the
    archive. ``line``: where in the record the expected state begins.
    """

    file: str = attrs.field(converter=str)
    sha256: str
    provenance: Provenance = Provenance()
    classes: tuple[str, ...] = ()
    encoding: str = "ASCII"
    expected_text: str = attrs.field(default="", repr=False)
    expected_in: tuple[Place, ...] = ()
    root: Path = attrs.field(default=Path())
    line: int = 1

    @property
    def path(self) -> Path:
        """The pickle. Made when it is asked for: an archive has thousands of them."""
        return Path(self.file)

    @property
    def record_path(self) -> Path:
        """The file of the record itself."""
        return Path(self.file + SUFFIX)

    @property
    def name(self) -> str:
        """The pickle's path below the archive, with slashes."""
        try:
            return self.path.relative_to(self.root).as_posix()
        except ValueError:
            return str(self.path)

    @property
    def expected(self) -> tuple[Any, ...]:
        """The expected states that stand in the record itself. Raises ContentError."""
        return _states_of(self.expected_text)


@lru_cache(maxsize=64)
def _states_of(text: str) -> tuple[Any, ...]:
    from pickle_migrate.archive import yaml_text

    return tuple(yaml_text.read(f"{text}\n") or ()) if text else ()


#: What may be wrong with an archive itself.
NO_RECORD: Final = "no-record"  # a pickle without a record: nobody checks it
NO_PICKLE: Final = "no-pickle"  # a record whose pickle is gone
DAMAGED: Final = "damaged-record"  # a record that cannot be read
UNUSED: Final = "unused"  # an expected state, or a file of them, that no record names
UNREADABLE: Final = "unreadable"  # a folder that cannot be listed


@attrs.frozen
class Unread:
    """Something in the archive that nobody reads, or that cannot be read. ``kind`` is one of the
    five above; ``path`` the file, ``problem`` a phrase, ``remedy`` a sentence. ``line`` counts
    from 1; None: it has no place.
    """

    kind: str
    path: Path
    problem: str
    remedy: str
    line: int | None = None


@attrs.frozen
class Archive:
    """A folder of archived pickles, as it was read: the records, by path, and what nobody reads."""

    root: Path
    records: tuple[Record, ...] = ()
    unread: tuple[Unread, ...] = ()
