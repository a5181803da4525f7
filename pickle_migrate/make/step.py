"""One step as it is going to be written: operations as source, and what they need."""

from __future__ import annotations

import attrs

from pickle_migrate.make.layout import (
    WIDTH,
    Code,
    Import,
    Written,
    call,
    docstring_lines,
    import_lines,
    lines,
    quoted,
)
from pickle_migrate.make.operation_source import PACKAGE
from pickle_migrate.make.sources import Spelled
from pickle_migrate.refs import GlobalRef


@attrs.frozen
class FunctionText:
    """A function of a step: its parameters, what it says of itself, what it returns. ``imports``
    stand in the function: of the project's own modules, which may be gone one day. ``above`` are
    those at the top of the module. ``body`` are whole lines in place of ``returns``.
    """

    name: str
    parameters: tuple[str, ...]
    docstring: str
    returns: Code | None = None
    imports: frozenset[Import] = frozenset()
    above: frozenset[Import] = frozenset()
    body: tuple[str, ...] = ()
    decorator: Code | None = None

    def text(self, own: str, width: int = WIDTH) -> str:
        """The source, without a line feed at the end."""
        head = [f"@{line}" for line in lines(self.decorator, width)] if self.decorator else []
        if len(head) > 1:
            head[1:] = [line[1:] for line in head[1:]]
        found = [*head, *_definition(self.name, self.parameters, width)]
        found += docstring_lines(self.docstring, width, "    ")
        if self.imports:
            found += [*import_lines(self.imports, own, width, "    "), ""]
        found += [f"    {line}" if line else "" for line in self.body]
        if self.returns is not None:
            found += lines(self.returns, width, "    ", "return ")
        return "\n".join(found)


def _definition(name: str, parameters: tuple[str, ...], width: int) -> list[str]:
    line = f"def {name}({', '.join(parameters)}):"
    if len(line) <= width:
        return [line]
    inside = f"    {', '.join(parameters)}"
    if len(inside) <= width:
        return [f"def {name}(", inside, "):"]
    return [f"def {name}(", *(f"    {one}," for one in parameters), "):"]


@attrs.frozen
class Step:
    """What is declared for one class. ``version`` to ``to`` are those of the step; None where the
    class only got another name. ``words``: what changed, a line each. ``order``: the fields of the
    old version by position. ``old_name``: the name that the class had. ``comment`` stands above.
    """

    ref: GlobalRef
    version: int | None
    to: int | None = None
    operations: tuple[Spelled, ...] = ()
    functions: tuple[FunctionText, ...] = ()
    words: tuple[str, ...] = ()
    order: tuple[str, ...] | None = None
    old_name: str = ""
    until: int | None = None
    comment: str = ""
    whole_function: bool = False

    def written(self, own: str, width: int = WIDTH, taken: frozenset[str] = frozenset()) -> Written:
        """The blocks of source of this step. ``taken``: the names that the module has already."""
        blocks = [one.text(own, width) for one in self.functions]
        imports = {i for one in self.operations for i in one.imports}
        imports |= {i for one in self.functions for i in one.above}
        if self.whole_function:
            imports.add(Import(PACKAGE, "migrates"))
        calls = list(self._calls())
        if calls:
            imports.add(Import(PACKAGE, "Lineage"))
            blocks += self._lineage(calls, width, taken)
        return Written(tuple(blocks), frozenset(imports))

    def _calls(self) -> list[Code]:
        found = []
        if self.old_name:
            named = {} if self.until is None else {"until": str(self.until)}
            found.append(call(".renamed_from", quoted(self.old_name), **named))
        if self.order is not None:
            found.append(call(".fields", str(self.version), *map(quoted, self.order)))
        if self.version is not None and not self.whole_function:
            named = {"to": str(self.to)} if self.to not in (None, self.version + 1) else {}
            operations = [one.code for one in self.operations]
            found.append(call(".upgrade", str(self.version), *operations, **named))
        return found

    def _lineage(self, calls: list[Code], width: int, taken: frozenset[str]) -> list[str]:
        comment = [f"# {self.comment}"] if self.comment else []
        lineage = call("Lineage", quoted(str(self.ref)))
        if len(calls) == 1:
            chain = attrs.evolve(lineage, tail=calls[0])
            if len(lineage.flat()) + len(calls[0].text) < width:
                return ["\n".join([*comment, *lines(chain, width)])]
        name = variable_of(self.ref)
        while name in taken or any(one.name == name for one in self.functions):
            name += "_lineage"
        found = [*comment, *lines(lineage, width, before=f"{name} = ")]
        for one in calls:
            found += lines(one, width, before=name)
        return ["\n".join(found)]


def variable_of(ref: GlobalRef) -> str:
    """What a class is called in lower case with underscores: ``RainReading`` is rain_reading."""
    import keyword
    import re

    name = ref.qualname.rpartition(".")[2].strip("_")
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    found = words.lower() or "lineage"
    return f"{found}_" if keyword.iskeyword(found) else found
