"""Dumping with pickle's own signatures.

Registered classes write their stamps through any pickler. What is added here: graphs that are too
deep for the C pickler, stand-ins, and older versions for readers of an earlier release.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol

from pickle_migrate.errors import ArgumentError, ShimError

if TYPE_CHECKING:
    from pickle_migrate.downgrades.asking import Lossy, Versions


class _Writable(Protocol):
    def write(self, data: bytes, /) -> Any: ...


BufferCallback = Callable[[pickle.PickleBuffer], Any]


class Pickler(pickle.Pickler):
    """``pickle.Pickler``; registered classes write their stamps through any pickler.

    ``versions`` and ``lossy`` as for ``dumps``, for each ``dump``.
    """

    def __init__(
        self,
        file: _Writable,
        protocol: int | None = None,
        fix_imports: bool = True,
        buffer_callback: BufferCallback | None = None,
        *,
        versions: Versions | None = None,
        lossy: Lossy = "refuse",
    ) -> None:
        if versions is None and lossy == "refuse":
            super().__init__(file, protocol, fix_imports, buffer_callback)
            return
        if not hasattr(file, "write"):
            raise TypeError("file must have a 'write' attribute")
        # What is refused leaves the file as it was, so nothing goes there before all is made.
        made = io.BytesIO()
        super().__init__(made, protocol, fix_imports, buffer_callback)
        # On the object, so that ``dump`` stays pickle's own in C for all others.
        self.dump = self._dumping(made, file, versions, lossy)  # type: ignore[method-assign]

    def _dumping(
        self, made: io.BytesIO, file: _Writable, versions: Versions | None, lossy: Lossy
    ) -> Callable[[Any], None]:
        dump = self.dump

        def dump_older(obj: Any, /) -> None:
            known: Any = self.memo
            memo = known.copy()
            try:
                with _writing(versions, lossy):
                    dump(obj)
            except BaseException:
                self.memo = memo  # a later pickle must not refer to what was never written
                made.seek(0)
                made.truncate()
                raise
            data = made.getvalue()
            made.seek(0)
            made.truncate()
            file.write(data)

        return dump_older


def dumps(
    obj: Any,
    protocol: int | None = None,
    *,
    fix_imports: bool = True,
    buffer_callback: BufferCallback | None = None,
    versions: Versions | None = None,
    lossy: Lossy = "refuse",
) -> bytes:
    """``pickle.dumps``, also for graphs that are too deep for the C pickler.

    ``versions``: class or ref to the older version that is to be written, for readers of an earlier
    release. ``lossy="allow"`` consents to what the way back drops. See ``writing_versions``.

    Raises TooDeepError, DowngradeError, ArgumentError, and what pickle raises.
    """
    from pickle_migrate import deep  # a program that only loads need not pay for it

    if versions is not None or lossy != "refuse":
        with _writing(versions, lossy):
            return dumps(obj, protocol, fix_imports=fix_imports, buffer_callback=buffer_callback)
    try:
        return deep.dumps(obj, protocol, fix_imports=fix_imports, buffer_callback=buffer_callback)
    except ShimError:
        from pickle_migrate import shims_writer

        return shims_writer.dumps_any(obj, protocol, fix_imports, buffer_callback)


def dump(
    obj: Any,
    file: _Writable,
    protocol: int | None = None,
    *,
    fix_imports: bool = True,
    buffer_callback: BufferCallback | None = None,
    versions: Versions | None = None,
    lossy: Lossy = "refuse",
) -> None:
    """``pickle.dump``; the file is written to only when the whole pickle is made, so that an object
    that cannot be pickled leaves the file as it was. As ``dumps``.
    """
    if not hasattr(file, "write"):
        raise TypeError("file must have a 'write' attribute")
    file.write(
        dumps(
            obj,
            protocol,
            fix_imports=fix_imports,
            buffer_callback=buffer_callback,
            versions=versions,
            lossy=lossy,
        )
    )


def _writing(versions: Versions | None, lossy: Lossy) -> AbstractContextManager[None]:
    from pickle_migrate.downgrades.asking import writing_versions  # few programs pay for it

    if versions is None:
        raise ArgumentError(f"lossy={lossy!r}", "it goes with versions=")
    return writing_versions(versions, lossy=lossy)
