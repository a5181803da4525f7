"""Writing object graphs that are nested too deep for pickle.

pickle writes by recursion, so a linked list of a few thousand nodes raises RecursionError, while a
pickle of any depth loads: the unpickler keeps a stack of its own. ``dumps`` writes what can be
loaded. It tries the given pickler first, which nearly always does it at C speed. Only on
RecursionError it starts again with a pickler that keeps its own stack as well.

Why not pickle's own Python pickler in a thread with a large stack and a raised recursion limit
    Tried with a linked list. CPython 3.11: 100,000 nodes took 5.7 seconds, and the raised limit
    holds for all threads, so that an endless recursion in another one would crash.
    CPython 3.12 and 3.13: RecursionError at 10,000 nodes already, whatever the limit, because each
    call with ``*args`` counts as C recursion, whose limit is fixed. Reducers would also run in
    another thread than the one that asked. ``StackPickler`` runs in the caller's thread, changes no
    limit, and takes 1.2 seconds for the same list.

What stays the same: persistent ids, ``reducer_override``, ``dispatch_table`` and the copyreg table
are asked as the C pickler asks them, on a pickler of the caller's class. What differs: as the
graph is written twice, these and the objects' reducers run twice for some objects.
``buffer_callback`` does not: its answers of the first attempt are kept.
"""

from __future__ import annotations

import io
import pickle
import sys
from collections.abc import Callable
from typing import Any, Final

from pickle_migrate.collector import paused
from pickle_migrate.errors import TooDeepError
from pickle_migrate.stack_pickler import BufferCallback, StackPickler

# The C pickler of 3.11 recurses as far as sys.setrecursionlimit allows and crashes beyond its
# stack: at 8 MB after about 40,000 levels, an object with slots being three. Later versions have
# a limit of their own.
_C_STACK_LEVELS: Final = 15_000


def dumps(
    obj: object,
    protocol: int | None = None,
    *,
    fix_imports: bool = True,
    buffer_callback: BufferCallback | None = None,
    pickler_class: Callable[..., Any] = pickle.Pickler,
) -> bytes:
    """The pickle of ``obj`` as bytes, however deep ``obj`` is. Arguments as those of pickle.dumps.

    ``pickler_class`` is called as pickle.Pickler is. Its persistent_id, reducer_override and
    dispatch_table count for deep graphs too; a dump method of its own does not.

    Runs the reducers of the objects, and twice for some when the graph is deep. Writes no file.
    Raises TooDeepError beyond DEPTH_LIMIT, and if a reducer itself recurses too deep, or if
    ``pickler_class`` has save methods of its own (dill's has), which only work by recursion.
    Everything else that a pickler raises goes through.
    """
    callback = None if buffer_callback is None else _AskedOnce(buffer_callback)
    written = _by_recursion(obj, protocol, fix_imports, callback, pickler_class)
    if written is not None:
        return written
    if callback is not None:
        callback.restart()
    hooks = pickler_class(io.BytesIO(), protocol, fix_imports=fix_imports, buffer_callback=callback)
    _refuse_own_save(type(hooks))
    file = io.BytesIO()
    try:
        # The open containers would be walked again and again: a third of the time.
        with paused():
            StackPickler(hooks, file, protocol, fix_imports, callback).dump(obj)
    except RecursionError as error:
        raise TooDeepError(sys.getrecursionlimit()) from error
    return file.getvalue()


def _by_recursion(
    obj: object,
    protocol: int | None,
    fix_imports: bool,
    callback: BufferCallback | None,
    pickler_class: Callable[..., Any],
) -> bytes | None:
    """The pickle as the given class writes it; None if the graph is too deep for that."""
    if sys.version_info < (3, 12) and sys.getrecursionlimit() > _C_STACK_LEVELS:
        return None
    try:
        if pickler_class is pickle.Pickler:
            return pickle.dumps(obj, protocol, fix_imports=fix_imports, buffer_callback=callback)
        file = io.BytesIO()
        pickler_class(file, protocol, fix_imports=fix_imports, buffer_callback=callback).dump(obj)
    except RecursionError:
        return None
    except pickle.PicklingError as error:
        # cloudpickle's pickler says it in other words.
        if not isinstance(error.__cause__, RecursionError):
            raise
        return None
    return file.getvalue()


def _refuse_own_save(pickler_class: type) -> None:
    """Raise TooDeepError if a subclass of the Python pickler changes how things are written."""
    for cls in pickler_class.__mro__:
        if cls is pickle._Pickler:
            return
        if issubclass(cls, pickle._Pickler):
            for name in vars(cls):
                if name == "dispatch" or name.startswith(("save", "_batch", "memoize")):
                    raise TooDeepError(sys.getrecursionlimit())


class _AskedOnce:
    """A buffer callback that is asked once for each buffer, though a graph is written twice.

    pickle's callers collect the buffers in it, and would find those of the first attempt double.
    The buffers come in the same order again; that they hold the same bytes is checked.
    """

    def __init__(self, callback: BufferCallback) -> None:
        self._callback = callback
        self._answers: list[tuple[pickle.PickleBuffer, Any]] = []
        self._position = 0

    def restart(self) -> None:
        """Answer from the start what has been answered before."""
        self._position = 0

    def __call__(self, buffer: pickle.PickleBuffer) -> Any:
        if self._position == len(self._answers):
            self._answers.append((buffer, self._callback(buffer)))
        first, answer = self._answers[self._position]
        self._position += 1
        if first is not buffer and first.raw() != buffer.raw():
            raise pickle.PicklingError(
                "A reducer gave other out-of-band buffers when it was asked a second time."
            )
        return answer
