"""Exceptions: args, attributes, and what the C classes keep outside of both."""

from __future__ import annotations

from typing import Any

from releases import Releases, fields_of


def args_and_fields(error: Any) -> tuple[Any, Any]:
    return error.args, fields_of(error)


def test_exception_with_attributes(releases: Releases) -> None:
    """A step sees ``args`` and the attributes as one mapping."""
    releases.check(
        old="""
            @versioned(1, unstamped=1)
            class C(ValueError):
                pass
            def mk(*args, **fields):
                error = C(*args)
                vars(error).update(fields)
                return error
            """,
        new="""
            @migrates("shop:C", 1)
            def step(state):
                assert set(state) == {"args", "a"}
                state["args"] = (*state["args"], "now")
                state["b"] = state.pop("a")
            @versioned(2, unstamped=1)
            class C(ValueError):
                pass
            """,
        make="[mk('one', 1, a=1), mk(a=[2])]",
        view=args_and_fields,
        expected=[(("one", 1, "now"), {"b": 1}), (("now",), {"b": [2]})],
    )


def test_exception_with_args_only(stamped_releases: Releases) -> None:
    """An exception without attributes gives pickle no state; a stamped one migrates its args."""
    stamped_releases.check(
        old="""
            @versioned(1, unstamped=1)
            class C(LookupError):
                pass
            """,
        new="""
            @migrates("shop:C", 1)
            def step(state):
                state["args"], state["key"] = (str(state["args"][0]),), state["args"][0]
            @versioned(2, unstamped=1)
            class C(LookupError):
                pass
            """,
        make="[C(1), C(None)]",
        view=args_and_fields,
        expected=[(("1",), {"key": 1}), (("None",), {"key": None})],
    )


def test_exception_whose_init_takes_other_arguments(stamped_releases: Releases) -> None:
    """Trap: pickle calls an exception's class with ``args``, and this one's ``__init__`` takes
    something else: unregistered, it cannot be loaded at all. A stamped one never runs ``__init__``.
    """
    stamped_releases.check(
        old="""
            @versioned(1, unstamped=1)
            class C(ValueError):
                def __init__(self, code, *, detail):
                    super().__init__(f"{code}: {detail}")
                    self.code, self.detail = code, detail
            """,
        new="""
            code = RenameField("code", "number")
            Lineage("shop:C").upgrade(1, code, AddField("hint", default=""))
            @versioned(2, unstamped=1)
            class C(ValueError):
                def __init__(self, number, *, detail, hint):
                    raise TypeError("called again")
            """,
        make="[C(404, detail='gone'), C(500, detail='oops')]",
        view=args_and_fields,
        expected=[
            (("404: gone",), {"number": 404, "detail": "gone", "hint": ""}),
            (("500: oops",), {"number": 500, "detail": "oops", "hint": ""}),
        ],
    )


def test_unstamped_exception_whose_init_runs_again(releases: Releases) -> None:
    """Trap: exceptions call ``__init__`` again with ``args``. An unstamped pickle does so whatever
    we do; what it set is then what the pickle's attributes overwrite.
    """
    releases.check(
        old="""
            @versioned(1, unstamped=1)
            class C(ValueError):
                def __init__(self, text):
                    super().__init__(text)
                    self.text = text.upper()
            """,
        new="""
            Lineage("shop:C").upgrade(1, RenameField("text", "message"))
            @versioned(2, unstamped=1)
            class C(ValueError):
                def __init__(self, message):
                    super().__init__(message)
            """,
        make="[C('one'), C('two')]",
        view=args_and_fields,
        expected=[(("one",), {"message": "ONE"}), (("two",), {"message": "TWO"})],
    )


def test_oserror_with_a_file_name(releases: Releases) -> None:
    """OSError keeps errno, strerror and filename in C fields, and hides the filename from args."""
    releases.check(
        old="""
            @versioned(1, unstamped=1)
            class C(OSError):
                pass
            def mk(*args, **fields):
                error = C(*args)
                vars(error).update(fields)
                return error
            """,
        new="""
            Lineage("shop:C").upgrade(1, RenameField("a", "b"))
            @versioned(2, unstamped=1)
            class C(OSError):
                pass
            """,
        make="[mk(2, 'no such file', 'x.txt', a=1), mk(5, 'oops', a=2), mk('text', a=3)]",
        view=lambda e: (e.args, e.errno, e.strerror, e.filename, fields_of(e)),
        expected=[
            ((2, "no such file"), 2, "no such file", "x.txt", {"b": 1}),
            ((5, "oops"), 5, "oops", None, {"b": 2}),
            (("text",), None, None, None, {"b": 3}),
        ],
    )


def test_oserror_with_two_file_names(stamped_releases: Releases) -> None:
    """``os.rename`` names two files."""
    stamped_releases.check(
        old="""
            @versioned(1, unstamped=1)
            class C(OSError):
                pass
            """,
        new="""
            Lineage("shop:C").upgrade(1, AddField("b", default=1))
            @versioned(2, unstamped=1)
            class C(OSError):
                pass
            """,
        make="[C(18, 'cross-device', 'from', None, 'to'), C(18, 'cross-device', 'from')]",
        view=lambda e: (e.args, e.filename, e.filename2, fields_of(e)),
        expected=[
            ((18, "cross-device"), "from", "to", {"b": 1}),
            ((18, "cross-device"), "from", None, {"b": 1}),
        ],
    )


def test_unicode_decode_error(releases: Releases) -> None:
    """UnicodeDecodeError cannot be made without its five arguments."""
    releases.check(
        old="""
            @versioned(1, unstamped=1)
            class C(UnicodeDecodeError):
                a = None
            def mk(*args, **fields):
                error = C(*args)
                vars(error).update(fields)
                return error
            """,
        new="""
            Lineage("shop:C").upgrade(1, RenameField("a", "b"))
            @versioned(2, unstamped=1)
            class C(UnicodeDecodeError):
                pass
            """,
        make="[mk('utf-8', b'ab\\xff', 2, 3, 'bad', a=1), mk('ascii', b'', 0, 1, 'empty', a=2)]",
        view=lambda e: (e.encoding, e.object, e.start, e.end, e.reason, fields_of(e)),
        expected=[
            ("utf-8", b"ab\xff", 2, 3, "bad", {"b": 1}),
            ("ascii", b"", 0, 1, "empty", {"b": 2}),
        ],
    )


def test_exceptions_that_keep_c_fields(stamped_releases: Releases) -> None:
    """Trap: C classes that keep name and path, value or code outside of ``__dict__``; what is put
    into ``__dict__`` under such a name can never be read again.
    """
    stamped_releases.check(
        old="""
            @versioned(1, unstamped=1)
            class Import(ImportError):
                pass
            @versioned(1, unstamped=1)
            class Stop(StopIteration):
                pass
            @versioned(1, unstamped=1)
            class Leave(SystemExit):
                pass
            """,
        new="""
            for name in ("Import", "Stop", "Leave"):
                Lineage(f"shop:{name}").upgrade(1, AddField("b", default=1))
            @versioned(2, unstamped=1)
            class Import(ImportError):
                pass
            @versioned(2, unstamped=1)
            class Stop(StopIteration):
                pass
            @versioned(2, unstamped=1)
            class Leave(SystemExit):
                pass
            """,
        make="[Import('text', name='n', path='p'), Stop(4), Leave(5)]",
        view=lambda e: (
            e.args,
            [getattr(e, n, None) for n in ("name", "path", "value", "code")],
            fields_of(e),
        ),
        expected=[
            (("text",), ["n", "p", None, None], {"b": 1}),
            ((4,), [None, None, 4, None], {"b": 1}),
            ((5,), [None, None, None, 5], {"b": 1}),
        ],
    )


def test_unstamped_import_error(releases: Releases) -> None:
    """As above for pickles of an unregistered class."""
    releases.check(
        old="""
            @versioned(1, unstamped=1)
            class C(ImportError):
                pass
            """,
        new="""
            Lineage("shop:C").upgrade(1, AddField("b", default=1))
            @versioned(2, unstamped=1)
            class C(ImportError):
                pass
            """,
        make="[C('text', name='n', path='p'), C('other', name='m')]",
        view=lambda e: (e.args, e.name, e.path, fields_of(e)),
        expected=[(("text",), "n", "p", {"b": 1}), (("other",), "m", None, {"b": 1})],
    )


def test_notes(releases: Releases) -> None:
    """``add_note`` keeps notes in ``__dict__`` (PEP 678)."""
    releases.check(
        old="""
            @versioned(1, unstamped=1)
            class C(Exception):
                pass
            def mk(text, note):
                error = C(text)
                error.add_note(note)
                return error
            """,
        new="""
            Lineage("shop:C").upgrade(1, AddField("b", default=1))
            @versioned(2, unstamped=1)
            class C(Exception):
                pass
            """,
        make="[mk('one', 'seen'), mk('two', 'again')]",
        view=args_and_fields,
        expected=[
            (("one",), {"__notes__": ["seen"], "b": 1}),
            (("two",), {"__notes__": ["again"], "b": 1}),
        ],
    )


def test_exception_with_slots(stamped_releases: Releases) -> None:
    """Slots of an exception class, which plain pickle forgets; its base has a ``__dict__``."""
    stamped_releases.check(
        old="""
            @versioned(1, unstamped=1)
            class C(Exception):
                __slots__ = ("a",)
                def __init__(self, *args):
                    super().__init__(*args)
                    self.a = 7
            """,
        new="""
            Lineage("shop:C").upgrade(1, RenameField("a", "b"))
            @versioned(2, unstamped=1)
            class C(Exception):
                __slots__ = ("b",)
            """,
        make="[C('x'), C('y')]",
        view=args_and_fields,
        expected=[(("x",), {"b": 7}), (("y",), {"b": 7})],
    )


def test_exception_group(stamped_releases: Releases) -> None:
    """A subclass of ExceptionGroup holds its message and its exceptions in C fields."""
    stamped_releases.check(
        old="""
            @versioned(1, unstamped=1)
            class C(ExceptionGroup):
                def derive(self, excs):
                    return C(self.message, excs)
            @versioned(1, unstamped=1)
            class E(ValueError):
                pass
            """,
        new="""
            Lineage("shop:C").upgrade(1, AddField("b", default=1))
            Lineage("shop:E").upgrade(1, AddField("e", default=2))
            @versioned(2, unstamped=1)
            class C(ExceptionGroup):
                def derive(self, excs):
                    return C(self.message, excs)
            @versioned(2, unstamped=1)
            class E(ValueError):
                pass
            """,
        make="[C('many', [E(1), KeyError('k')]), C('one', [E(2)])]",
        view=lambda e: (e.message, [(x.args, fields_of(x)) for x in e.exceptions], fields_of(e)),
        expected=[
            ("many", [((1,), {"e": 2}), (("k",), {})], {"b": 1}),
            ("one", [((2,), {"e": 2})], {"b": 1}),
        ],
    )


def test_exception_with_its_own_reduce(releases: Releases) -> None:
    """What users write for an ``__init__`` with other arguments; it is kept and called."""
    releases.check(
        old="""
            @versioned(1, unstamped=1)
            class C(ValueError):
                def __init__(self, code, detail):
                    super().__init__(f"{code}: {detail}")
                    self.code, self.detail = code, detail
                def __reduce__(self):
                    return type(self), (self.code, self.detail), self.__dict__
            """,
        new="""
            Lineage("shop:C").upgrade(1, RenameField("code", "number"))
            @versioned(2, unstamped=1)
            class C(ValueError):
                def __init__(self, number, detail):
                    super().__init__(f"{number}: {detail}")
                def __reduce__(self):
                    return type(self), (self.number, self.detail), self.__dict__
            """,
        make="[C(404, 'gone'), C(500, 'oops')]",
        view=args_and_fields,
        expected=[
            (("404: gone",), {"number": 404, "detail": "gone"}),
            (("500: oops",), {"number": 500, "detail": "oops"}),
        ],
    )


def test_cause_and_context_are_not_pickled(stamped_releases: Releases) -> None:
    """As under plain pickle: an exception's cause, context and traceback are not kept."""
    stamped_releases.check(
        old="""
            @versioned(1, unstamped=1)
            class C(Exception):
                pass
            def mk():
                try:
                    try:
                        raise KeyError("inner")
                    except KeyError as error:
                        raise C("outer") from error
                except C as error:
                    return error
            """,
        new="""
            Lineage("shop:C").upgrade(1, AddField("b", default=1))
            @versioned(2, unstamped=1)
            class C(Exception):
                pass
            """,
        make="[mk(), mk()]",
        view=args_and_fields,
        expected=[(("outer",), {"b": 1}), (("outer",), {"b": 1})],
    )


def test_exception_that_inherits_from_a_registered_one(stamped_releases: Releases) -> None:
    """Each class has its own lineage; one of them nobody registered."""
    stamped_releases.check(
        old="""
            @versioned(1, unstamped=1)
            class Base(Exception):
                pass
            @versioned(1, unstamped=1)
            class C(Base, KeyError):
                pass
            class Free(C):
                pass
            """,
        new="""
            Lineage("shop:Base").upgrade(1, AddField("base", default=1))
            Lineage("shop:C").upgrade(1, AddField("c", default=2))
            @versioned(2, unstamped=1)
            class Base(Exception):
                pass
            @versioned(2, unstamped=1)
            class C(Base, KeyError):
                pass
            class Free(C):
                pass
            """,
        make="[C('k'), Base(), Free('f', 2)]",
        view=args_and_fields,
        expected=[
            (("k",), {"base": 1, "c": 2}),
            ((), {"base": 1}),
            (("f", 2), {"base": 1, "c": 2}),
        ],
    )
