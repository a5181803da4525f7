"""Operations as source text: what ``squash`` writes of the steps that it found."""

from __future__ import annotations

from typing import Any

from pickle_migrate.errors import RequestError
from pickle_migrate.fieldrules import NOTHING, Operation, name_of
from pickle_migrate.make.layout import Code, Import, call, quoted, texts
from pickle_migrate.make.sources import Spelled, function_source, value_source
from pickle_migrate.operations import (
    AbsentField,
    AddField,
    ConvertField,
    MergeFields,
    Rebuild,
    RemoveField,
    RenameField,
    RunFunction,
    SplitField,
)

PACKAGE = "pickle_migrate"


def operation_source(operation: Operation) -> Spelled:
    """The call that makes this operation, with its imports. Raises RequestError for one whose
    function or default has no name or text under which it can be written down.
    """
    writer = _Writer(operation)
    code = writer.code()
    return Spelled(code, frozenset(writer.imports))


class _Writer:
    def __init__(self, operation: Operation) -> None:
        self.operation = operation
        self.imports: set[Import] = set()

    def code(self) -> Code:
        operation = self.operation
        if isinstance(operation, RunFunction):
            return self._function(operation.function)
        if type(operation) not in _WRITERS:
            raise self._refusal(f"the operation {type(operation).__name__} is one of your own")
        name = type(operation).__name__
        self.imports.add(Import(PACKAGE, name))
        arguments, named = _WRITERS[type(operation)](self, operation)
        return call(name, *arguments, **{n: c for n, c in named.items() if c is not None})

    def _refusal(self, problem: str) -> RequestError:
        return RequestError(
            f"the operation '{self.operation.describe()}' cannot be written down: {problem}",
            "Give the function a name at the top of its module, so that it can be imported, or "
            "squash the versions before and after that step.",
        )

    def _function(self, function: Any) -> Code:
        found = function_source(function)
        if found is None:
            problem = f"{name_of(function)} can be imported under no name"
            raise self._refusal(problem)
        self.imports |= found.imports
        return found.code

    def _value(self, value: Any) -> Code:
        found = value_source(value)
        if found is None:
            problem = f"its default, a {type(value).__name__}, has no source text"
            raise self._refusal(problem)
        self.imports |= found.imports
        return found.code

    def _back(self, operation: Any) -> dict[str, Code | None]:
        return {"inverse": None if operation.back is None else self._function(operation.back)}

    def _source(self, operation: AddField | RemoveField) -> dict[str, Code | None]:
        found: dict[str, Code | None] = {}
        if operation.factory is not None:
            found["factory"] = self._function(operation.factory)
        elif operation.default is not NOTHING:
            found["default"] = self._value(operation.default)
        return found

    def absent(self, operation: AbsentField) -> Any:
        return [quoted(operation.name)], {}

    def add(self, operation: AddField) -> Any:
        named = self._source(operation) | _flag("keep_existing", operation.keep_existing)
        return [quoted(operation.name)], named

    def rebuild(self, operation: Rebuild) -> Any:
        return [self._function(operation.function)], {}

    def remove(self, operation: RemoveField) -> Any:
        named = self._source(operation) | _flag("missing_ok", operation.missing_ok)
        return [quoted(operation.name)], named

    def rename(self, operation: RenameField) -> Any:
        named = _flag("missing_ok", operation.missing_ok)
        return [quoted(operation.old), quoted(operation.new)], named

    def convert(self, operation: ConvertField) -> Any:
        named = self._back(operation) | _flag("missing_ok", operation.missing_ok)
        return [quoted(operation.name), self._function(operation.function)], named

    def split(self, operation: SplitField) -> Any:
        into, function = texts(operation.into), self._function(operation.function)
        return [quoted(operation.name), into, function], self._back(operation)

    def merge(self, operation: MergeFields) -> Any:
        function = self._function(operation.function)
        names = texts(operation.names)
        return [names, quoted(operation.into), function], self._back(operation)


def _flag(name: str, value: bool) -> dict[str, Code | None]:
    return {name: Code("True")} if value else {}


_WRITERS: dict[type[Operation], Any] = {
    AbsentField: _Writer.absent,
    AddField: _Writer.add,
    ConvertField: _Writer.convert,
    MergeFields: _Writer.merge,
    Rebuild: _Writer.rebuild,
    RemoveField: _Writer.remove,
    RenameField: _Writer.rename,
    SplitField: _Writer.split,
}
