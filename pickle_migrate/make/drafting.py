"""From steps to changes of files: the migrations, the packages that import them, the versions.

Reads source files; writes nothing, imports nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import attrs

from pickle_migrate.declared import source_of
from pickle_migrate.errors import RequestError
from pickle_migrate.make import edits, places
from pickle_migrate.make.edits import Edit, Source
from pickle_migrate.make.layout import Code, Import, Written, call, module_text, quoted
from pickle_migrate.make.matching import Moved
from pickle_migrate.make.places import Place
from pickle_migrate.make.step import Step, variable_of
from pickle_migrate.refs import GlobalRef


@attrs.frozen
class Raise:
    """The version in a class's source goes from one number to the next."""

    ref: GlobalRef
    old: int
    new: int


@attrs.define
class Draft:
    """Collects changes, one text for each file however many speak of it."""

    width: int | None = None
    sources: dict[Path, Source] = attrs.field(factory=dict)
    new: dict[Path, bytes] = attrs.field(factory=dict)

    def edits(self) -> list[Edit]:
        """All changes: new files first, for what comes later may import them."""
        made = [Edit(path, None, data) for path, data in self.new.items()]
        changed = [source.edit() for source in self.sources.values()]
        return [*made, *(edit for edit in changed if edit.before != edit.after)]

    def source(self, path: Path) -> Source:
        """The text of a file as it is by now."""
        if path not in self.sources:
            self.sources[path] = Source.read(path)
        return self.sources[path]

    def raise_version(self, one: Raise) -> None:
        """Raise a version. Raises RequestError where its number does not stand there as it is."""
        path = source_of(one.ref)
        if path is None:
            raise RequestError(
                f"the source of {one.ref.module} is not found in the folders of modules",
                f"Name its folder with --path, or raise the version of {one.ref} to {one.new} "
                "yourself and give --no-edit.",
            )
        edits.raise_version(self.source(path.absolute()), one.ref.qualname, one.old, one.new)

    def write(self, place: Place, steps: Sequence[Step], packages: Iterable[Moved] = ()) -> None:
        """Write steps into their place."""
        width = self.width or places.width_of(place.path)
        if place.exists:
            source = self.source(place.path)
            written = _written(steps, packages, place, width, source.names())
            edits.append(source, written, place.own, width)
        else:
            written = _written(steps, packages, place, width, frozenset())
            text = module_text(docstring_of(steps, packages), written, place.own, width)
            compile(text, str(place.path), "exec")
            self.new[place.path] = text.encode()
        if place.package is not None and not place.exists:
            package, _, module = place.module.rpartition(".")
            edits.import_module_in(self.source(place.package), package, module, width)


def _written(
    steps: Sequence[Step],
    packages: Iterable[Moved],
    place: Place,
    width: int,
    taken: frozenset[str],
) -> Written:
    found = Written()
    for moved in packages:
        code = call("DEFAULT.rename", quoted(moved.old), quoted(moved.new))
        imports = frozenset({Import("pickle_migrate.registry", "DEFAULT")})
        found += Written((code.flat(),), imports)
    for step in steps:
        step = with_free_names(step, taken)
        written = step.written(place.own, width, taken)
        # What stands in the module itself needs no import.
        imports = frozenset(i for i in written.imports if i.module != place.module)
        found += attrs.evolve(written, imports=imports)
        taken |= {function.name for function in step.functions}
    return found


def with_free_names(step: Step, taken: frozenset[str]) -> Step:
    """The step, whose functions have names that are not taken."""
    names: dict[str, str] = {}
    for function in step.functions:
        name = function.name
        while name in taken or (name != function.name and name in names.values()):
            name = f"{function.name}_{step.version}" if name == function.name else f"{name}_"
        names[function.name] = name
    functions = tuple(attrs.evolve(f, name=names[f.name]) for f in step.functions)
    operations = tuple(attrs.evolve(one, code=_renamed(one.code, names)) for one in step.operations)
    return attrs.evolve(step, functions=functions, operations=operations)


def _renamed(code: Code, names: dict[str, str]) -> Code:
    if code.arguments is None:
        return attrs.evolve(code, text=names.get(code.text, code.text))
    arguments = tuple((name, _renamed(value, names)) for name, value in code.arguments)
    return attrs.evolve(code, arguments=arguments)


# --- words ----------------------------------------------------------------------------------------


def docstring_of(steps: Sequence[Step], packages: Iterable[Moved] = ()) -> str:
    """What a module of migrations says of itself."""
    lines = [f"{moved.old} is called {moved.new} now" for moved in packages]
    lines += [line_of(step) for step in steps]
    if len(lines) == 1:
        return f"{lines[0]}."
    classes = len(steps)
    first = f"Steps of {classes} classes." if classes > 1 else "Steps and names."
    return first + "\n" + "\n" + "\n".join(f"- {line}." for line in lines)


def line_of(step: Step) -> str:
    """What changed in one class, in a line."""
    name = step.ref.qualname
    if step.version is None:
        return f"{name} was {step.old_name}"
    words = "; ".join(step.words) or "nothing in its pickles"
    return f"{name} {step.version} to {step.to}: {words}"


def slug(steps: Sequence[Step], packages: Sequence[Moved] = ()) -> str:
    """The words in the name of a new module."""
    if packages and not steps:
        return places.slug_of([packages[0].new])
    if len(steps) == 1:
        step = steps[0]
        first = step.words[0].split(" ") if step.words else []
        field = first[-2] if "called" in first else first[0].rstrip(":") if first else "moved"
        return places.slug_of([variable_of(step.ref), field])
    return places.slug_of(variable_of(step.ref) for step in steps)
