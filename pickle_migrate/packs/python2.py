"""Pickles of Python 2: its strings, and names of its standard library that pickle does not map.

What pickle maps by itself (``fix_imports``) is not repeated here. Sources: Lib/_compat_pickle.py of
CPython 3.11; Lib/sets.py, Lib/StringIO.py, Lib/email/__init__.py, Lib/os.py of CPython 2.7.
"""

from __future__ import annotations

from typing import Any, Final

from pickle_migrate.declare import Lineage
from pickle_migrate.foreign.view import View
from pickle_migrate.operations import Rebuild
from pickle_migrate.packs.values import ALL, FUNCTION, VALUE, Pack, Rule
from pickle_migrate.registry import Registry

#: Classes and functions whose arguments are data, by place.
_DATA_ARGUMENTS: Final = {
    "datetime:date": (0,),
    "datetime:time": (0,),
    "datetime:datetime": (0,),
    "array:array": (1,),
    "numpy.core.multiarray:scalar": (1,),
    "numpy._core.multiarray:scalar": (1,),
}
#: Functions that give an object whose state is a tuple with data at these places.
_DATA_STATES: Final[dict[str, tuple[int, ...]]] = {
    "numpy.core.multiarray:_reconstruct": (4,),
    "numpy._core.multiarray:_reconstruct": (4,),
}


def _strings(registry: Registry) -> None:
    registry.tell_strings_apart()
    for ref, args in _DATA_ARGUMENTS.items():
        Lineage(ref, registry=registry).byte_strings(args=args)
    for ref, state in _DATA_STATES.items():
        Lineage(ref, registry=registry).byte_strings(*state, args=(2,))
    # A masked array keeps its data and its mask; the last argument is a type code, as above.
    Lineage("numpy.ma.core:_mareconstruct", registry=registry).byte_strings(3, 4, args=(3,))


# --- sets -----------------------------------------------------------------------------------------


def _is_of_sets(view: View) -> int | None:
    return 1 if view.has_state else None


def _as_set(view: View) -> Any:
    """``sets.Set`` kept its members as the keys of a dict, in a tuple that is its state."""
    name = "frozenset" if view.ref.qualname == "ImmutableSet" else "set"
    state = view.state
    members = state[0] if type(state) is tuple and state and type(state[0]) is dict else state
    return view.make(f"builtins:{name}", list(members or ()))


def _sets(registry: Registry) -> None:
    for name in ("Set", "ImmutableSet"):
        Lineage(f"sets:{name}", version_of=_is_of_sets, registry=registry).upgrade(
            1, Rebuild(_as_set)
        )


# --- StringIO -------------------------------------------------------------------------------------


def _as_text_io(view: View) -> Any:
    """``StringIO.StringIO`` kept what was written last in a list, and a place in the text."""
    fields = view.fields
    text = fields.get("buf", "")
    parts = [text, *fields.get("buflist", ())]
    text = parts[0][:0].join(parts)
    kind = "BytesIO" if type(text) is bytes else "StringIO"
    place = min(int(fields.get("pos", 0)), len(text))
    state = (text, place, None) if kind == "BytesIO" else (text, "\n", place, None)
    return view.make(f"io:{kind}", state=state, new=True)


def _text_io(registry: Registry) -> None:
    # pickle itself maps the module to io, whose class cannot take such a state.
    for ref in ("StringIO:StringIO", "io:StringIO"):
        Lineage(
            ref,
            version_of=lambda view: 1 if "buflist" in view.fields else None,
            registry=registry,
        ).upgrade(1, Rebuild(_as_text_io))


_EMAIL: Final = {
    "Charset": "charset",
    "Errors": "errors",
    "Header": "header",
    "Message": "message",
    "MIMEAudio": "mime.audio",
    "MIMEBase": "mime.base",
    "MIMEImage": "mime.image",
    "MIMEMessage": "mime.message",
    "MIMEMultipart": "mime.multipart",
    "MIMENonMultipart": "mime.nonmultipart",
    "MIMEText": "mime.text",
}


def _with_policy(view: View) -> None:
    """Messages have a policy since Python 3.3; that of old ones is how Python 2 did things."""
    view.fields["policy"] = view.make("email._policybase:Compat32")


def _messages(registry: Registry) -> None:
    mime = [f"email.mime.{name[4:].lower()}:{name}" for name in _EMAIL if name[:4] == "MIME"]
    for ref in ("email.message:Message", *mime):
        Lineage(
            ref,
            version_of=lambda view: 1 if "policy" not in view.fields else None,
            registry=registry,
        ).upgrade(1, Rebuild(_with_policy))


PACK: Final = Pack(
    "python2",
    "strings and standard library of Python 2",
    rules=(
        Rule(
            "8-bit strings are text, in UTF-8 or the encoding given, but for the data of dates, "
            "arrays and NumPy's scalars",
            "Python 2.0 to 2.7",
            "Python 3",
            declare=_strings,
        ),
        Rule(
            "sets.Set and sets.ImmutableSet are set and frozenset",
            "Python 2.3 to 2.7",
            "Python 3",
            refs=("sets:Set", "sets:ImmutableSet"),
            declare=_sets,
        ),
        Rule(
            "StringIO.StringIO is io.StringIO, with another state",
            "Python 2.0 to 2.7",
            "Python 3",
            refs=("StringIO:StringIO",),
            declare=_text_io,
        ),
        Rule(
            "modules of email have small letters",
            "Python 2.2 to 2.7 (2.5 and later know both names)",
            "Python 3",
            refs=tuple(f"email.{old}" for old in _EMAIL),
            renames={f"email.{old}": f"email.{new}" for old, new in _EMAIL.items()},
        ),
        Rule(
            "messages of email have a policy",
            "Python 2.2 to 2.7",
            "Python 3",
            refs=("email.message:Message",),
            declare=_messages,
        ),
        Rule(
            "os.stat results are made by their class",
            "Python 2.2 to 2.7",
            "Python 3",
            refs=("os:_make_stat_result", "os:_make_statvfs_result"),
            renames={
                "os:_make_stat_result": "os:stat_result",
                "os:_make_statvfs_result": "os:statvfs_result",
            },
        ),
        Rule(
            "cookies of any kind are SimpleCookie",
            "Python 2.2 to 2.7",
            "Python 3",
            refs=("Cookie:SmartCookie", "Cookie:SerialCookie"),
            renames={
                "Cookie:SmartCookie": "http.cookies:SimpleCookie",
                "Cookie:SerialCookie": "http.cookies:SimpleCookie",
            },
        ),
        Rule(
            "names of types that Python 3 has no more",
            "Python 2.2 to 2.7",
            "Python 3",
            refs=("UserDict:DictMixin", "types:ClassType", "UserString:MutableString"),
            renames={
                "UserDict:DictMixin": "collections.abc:MutableMapping",
                "types:ClassType": "builtins:type",
                "UserString:MutableString": "collections:UserString",
            },
        ),
    ),
    names={
        "builtins": {"set frozenset": ALL},
        "sets": "Set ImmutableSet",  # never there, and made anew before that is asked
        "io": {"StringIO BytesIO": ALL},
        "os": {"stat_result statvfs_result": FUNCTION},
        "http.cookies": "SimpleCookie Morsel",
        "collections.abc": {"MutableMapping": VALUE},
        "email._policybase": {"Compat32": FUNCTION},
        "email.charset": "Charset",
        "email.header": "Header",
        "email.message": "Message",
        "email.mime.audio": "MIMEAudio",
        "email.mime.base": "MIMEBase",
        "email.mime.image": "MIMEImage",
        "email.mime.message": "MIMEMessage",
        "email.mime.multipart": "MIMEMultipart",
        "email.mime.nonmultipart": "MIMENonMultipart",
        "email.mime.text": "MIMEText",
    },
)
