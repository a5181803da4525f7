"""What becomes of each field, as operations in source text."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import attrs

from pickle_migrate.errors import RequestError
from pickle_migrate.make import conversions, expressions
from pickle_migrate.make.defaults import Default, default_of, of_text
from pickle_migrate.make.expressions import Expression, WrongExpression
from pickle_migrate.make.layout import Code, Import, call, expression_text, quoted, texts
from pickle_migrate.make.operation_source import PACKAGE
from pickle_migrate.make.questions import Asker, Question
from pickle_migrate.make.sources import Spelled
from pickle_migrate.make.step import FunctionText, variable_of
from pickle_migrate.make.subject import Subject


@attrs.define
class Fields:
    """Collects what is decided. ``words`` say it, a line for each field."""

    subject: Subject
    asker: Asker
    operations: list[Spelled] = attrs.field(factory=list)
    functions: list[FunctionText] = attrs.field(factory=list)
    words: list[str] = attrs.field(factory=list)

    def _add(
        self,
        operation: str,
        *arguments: Code | str,
        imports: Iterable[Import] = (),
        **named: Code | str,
    ) -> None:
        code = call(operation, *arguments, **named)
        self.operations.append(Spelled(code, frozenset({Import(PACKAGE, operation), *imports})))

    def _name(self, field: str) -> str:
        return quoted(self.subject.stored(field))

    # --- fields that come, go and move ------------------------------------------------------------

    def renamed(self, old: str, new: str) -> None:
        """A field has another name."""
        self._add("RenameField", self._name(old), self._name(new))
        self.words.append(f"{old} is called {new} now")

    def added(self, name: str, kind: str) -> None:
        """A field is new: the class's own default, or what somebody says."""
        default = self._default(name, kind)
        if default is None:
            return
        self.words.append(f"{name} is new")
        word = "factory" if default.is_factory else "default"
        inner = frozenset(i for i in default.source.imports if self._is_own(i.module))
        # Objects of the derived class have it already.
        kept: dict[str, Any] = {"keep_existing": "True"} if name in self.subject.shared else {}
        if not inner:
            named = {word: default.source.code, **kept}
            self._add("AddField", self._name(name), imports=default.source.imports, **named)
            return
        # A module of the project may be gone one day; then only the steps that need it fail.
        text = default.source.text
        returns = Code(f"{text}()" if default.is_factory else text)
        function = self._function(
            name,
            (),
            f"What old pickles of {self.subject.name} have as {name}.",
            returns,
            default.source.imports,
        )
        self._add("AddField", self._name(name), factory=function, **kept)

    def _default(self, name: str, kind: str) -> Default | None:
        hint = self.subject.hints.defaults.get(name)
        if hint is not None:
            expression = self._hinted(f"the default of {name}", hint, ())
            is_factory = expression.is_function
            return Default(expression.source, True) if is_factory else of_text(expression.source)
        for owner in self.subject.cls.__mro__:
            found = default_of(owner, name)
            if found is not None:
                return found
        shown = f" ({kind})" if kind else ""
        question = Question(
            f"Value of {self.subject.name}.{name} in old pickles, as Python source:",
            f"--default {self.subject.name}.{name}=VALUE",
            default="None" if "None" in kind.split(" | ") else "",
            note=f"{self.subject.name}.{name}{shown} is new, and the class has no default for it.",
        )
        answer = self._ask(question, ())
        return (
            None
            if answer is None
            else of_text(answer.source)
            if not answer.is_function
            else Default(answer.source, True)
        )

    def removed(self, name: str, kind: str) -> None:
        """A field is gone, with its values."""
        hints = self.subject.hints.removed
        if name not in hints:
            question = Question(
                f"{self.subject.name}.{name} is gone. Drop its values from old pickles?",
                f"--removed {self.subject.name}.{name}, or with a value for the way back: "
                f"--removed {self.subject.name}.{name}=VALUE",
            )
            if not self.asker.confirm(question):
                self._refused(question)
                return
        back = self._way_back(name, kind)
        named = {}
        if back is not None:
            named = {"factory" if back.is_factory else "default": back.source.code}
        self._add(
            "RemoveField",
            self._name(name),
            imports=() if back is None else back.source.imports,
            **named,
        )
        self.words.append(f"{name} is gone")

    def _way_back(self, name: str, kind: str) -> Default | None:
        hints = self.subject.hints.removed
        if name in hints:
            hint = hints[name]
            if hint is None:
                return None
            return of_text(self._hinted(f"the value of {name} on the way back", hint, ()).source)
        question = Question(
            f"Value of {name} when a pickle is written for the older code, as Python source, or "
            "nothing:",
            f"--removed {self.subject.name}.{name}=VALUE",
            default="None" if "None" in kind.split(" | ") else "",
        )
        answer = self._ask(question, (), may_be_empty=True)
        return None if answer is None else of_text(answer.source)

    def _refused(self, question: Question) -> None:
        if not hasattr(self.asker, "questions"):
            raise RequestError(
                f"{self.subject.ref}: nothing says what becomes of a field that is gone",
                f"Say it with {question.hint.partition(',')[0]}, --merged or --split.",
            )

    # --- fields whose values change ---------------------------------------------------------------

    def converted(self, name: str, old: str, new: str) -> None:
        """A field has another type."""
        hint = self.subject.hints.converted.get(name)
        if name in self.subject.hints.lasting and (old == new or not old or not new):
            hint = None
        if hint is None and (not old or not new or old == new or conversions.widens(old, new)):
            return
        if hint == "same" and name != hint:
            return
        if hint is not None:
            expression = self._hinted(f"the conversion of {name}", hint, (name, "value"))
            back = ""
        else:
            proposed = conversions.usual(old, new)
            question = Question(
                f"How does a {old} become the {new}? A function, or an expression of {name}:",
                f'--convert "{self.subject.name}.{name}=EXPRESSION"',
                default="" if proposed is None else proposed.function,
                note=f"{self.subject.name}.{name} was {old} and is {new} now. "
                "'same' leaves the values as they are.",
            )
            answer = self._ask(question, (name, "value"), extra=("same",))
            if answer is None or answer.source.text == "same":
                return
            expression = answer
            taken = proposed is not None and answer.source.text == expression_text(
                proposed.function
            )
            back = proposed.back if proposed is not None and taken else ""
        self._convert(name, expression, back, old, new)

    def _convert(self, name: str, expression: Expression, back: str, old: str, new: str) -> None:
        imports = set[Import]()
        what = (
            f"{name}: {old} becomes {new}"
            if old and new and old != new
            else f"{name} has other values"
        )
        function = self._callable(name, expression, (name,), f"{self.subject.name}.{what}.")
        named = {}
        if back:
            leads_back = expressions.parse(back, self.subject.module)
            imports |= leads_back.source.imports
            named["inverse"] = leads_back.source.code
        if expression.is_function:
            imports |= expression.source.imports
        self._add("ConvertField", self._name(name), function, imports=imports, **named)
        self.words.append(what)

    def merged(self, olds: Sequence[str], new: str, text: str | None) -> None:
        """Several fields are one now. Without ``text``, somebody is asked how."""
        how = f"the making of {new}"
        expression = self._how(
            olds,
            (new,),
            text,
            how,
            f"{new} from {', '.join(olds)}",
            f'--merged "{self.subject.name}.{",".join(olds)}={new}:EXPRESSION"',
        )
        if expression is None:
            return
        words = f"{_listed(olds)} are {new} now"
        function = self._callable(
            new, expression, tuple(olds), f"{self.subject.name}.{new} is made of {_listed(olds)}."
        )
        imports = expression.source.imports if expression.is_function else ()
        names = texts(map(self.subject.stored, olds))
        self._add("MergeFields", names, self._name(new), function, imports=imports)
        self.words.append(words)

    def split(self, old: str, news: Sequence[str], text: str | None) -> None:
        """One field is several now. The expression gives one value for each."""
        how = f"the splitting of {old}"
        expression = self._how(
            (old,),
            news,
            text,
            how,
            f"{', '.join(news)} from {old}, as a tuple",
            f'--split "{self.subject.name}.{old}={",".join(news)}:EXPRESSION"',
        )
        if expression is None:
            return
        function = self._callable(
            old, expression, (old,), f"{self.subject.name}.{old} gives {_listed(news)}."
        )
        imports = expression.source.imports if expression.is_function else ()
        names = texts(map(self.subject.stored, news))
        self._add("SplitField", self._name(old), names, function, imports=imports)
        self.words.append(f"{old} is {_listed(news)} now")

    def made_object(self, olds: Sequence[str], new: str, kind: str) -> None:
        """Several fields are in an object of another class now."""
        ref, _ = self.subject.others_now[kind]
        imports = frozenset({Import(ref.module, ref.qualname.split(".")[0])})
        known = _parameters(self.subject, kind)
        given = [name if name in known or not known else "" for name in olds]
        inside = ", ".join(f"{n}={n}" for n in given if n)
        docstring = (
            f"The part of {self.subject.name} that became a class of its own. It is made as "
            f"today's {kind}; the day that {kind} changes, this function changes with it."
        )
        function = self._function(
            new, tuple(olds), docstring, Code(f"{ref.qualname}({inside})"), imports
        )
        self._add("MergeFields", texts(map(self.subject.stored, olds)), self._name(new), function)
        self.words.append(f"{_listed(olds)} moved into {new}, a {kind}")

    def _how(
        self,
        olds: Sequence[str],
        news: Sequence[str],
        text: str | None,
        what: str,
        shown: str,
        hint: str,
    ) -> Expression | None:
        names = (*olds, "value") if len(olds) == 1 else tuple(olds)
        if text is not None:
            return self._hinted(what, text, names)
        question = Question(f"{self.subject.name}: {shown}, as an expression of Python:", hint)
        return self._ask(question, names)

    # --- functions and answers --------------------------------------------------------------------

    def _callable(
        self, field: str, expression: Expression, parameters: tuple[str, ...], docstring: str
    ) -> Code:
        """The name of a function, the one that was given or one that is written for it."""
        if expression.is_function:
            return expression.source.code
        if "value" in expression.names and "value" not in parameters:
            parameters = ("value",)
        return self._function(
            field, parameters, docstring, expression.source.code, expression.source.imports
        )

    def _function(
        self,
        field: str,
        parameters: tuple[str, ...],
        docstring: str,
        returns: Code,
        imports: Iterable[Import],
    ) -> Code:
        name = f"{variable_of(self.subject.ref)}_{field.strip('_')}"
        if name in {one.name for one in self.functions}:
            name += "_again"
        mine = tuple(p if not p.startswith("__") else p.strip("_") for p in parameters)
        inner = frozenset(i for i in imports if self._is_own(i.module))
        above = frozenset(imports) - inner
        self.functions.append(FunctionText(name, mine, docstring, returns, inner, above))
        return Code(name)

    def _is_own(self, module: str) -> bool:
        return module.split(".")[0] == self.subject.ref.module.split(".")[0]

    def _hinted(self, what: str, text: str, names: Iterable[str]) -> Expression:
        try:
            return expressions.parse(text, self.subject.module, names)
        except WrongExpression as error:
            raise RequestError(
                f"{self.subject.ref}: {what} cannot be taken: {error}", "Correct the hint."
            ) from None

    def _ask(
        self,
        question: Question,
        names: Iterable[str],
        *,
        may_be_empty: bool = False,
        extra: Iterable[str] = (),
    ) -> Expression | None:
        known = (*names, *extra)

        def check(text: str) -> str | None:
            if not text.strip():
                return None if may_be_empty else "an answer is needed"
            try:
                expressions.parse(text, self.subject.module, known)
            except WrongExpression as error:
                return str(error)
            return None

        text = self.asker.answer(question, check)
        if text is None or not text.strip():
            return None
        return expressions.parse(text, self.subject.module, known)


def _listed(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]


def _parameters(subject: Subject, kind: str) -> frozenset[str]:
    """The parameters of the class that a type names, if it is there and says so."""
    ref, _ = subject.others_now[kind]
    import sys

    found: object = sys.modules.get(ref.module)
    for name in ref.qualname.split("."):
        found = getattr(found, name, None)
    make: Callable[..., object] | None = found if callable(found) else None
    try:
        return frozenset() if make is None else frozenset(inspect.signature(make).parameters)
    except (TypeError, ValueError):
        return frozenset()
