"""Calls by way of something ordinary: getattr, iterators, copyreg, our own names."""

from __future__ import annotations

from assemble import (
    ADDITEMS,
    BOX,
    BUILD,
    CANARY,
    DUP,
    EMPTY_DICT,
    EMPTY_TUPLE,
    MARK,
    NEWOBJ,
    NONE,
    OBJ,
    POP,
    REDUCE,
    THING,
    TOUCH,
    Samples,
    call,
    dct,
    glob,
    long_text,
    lst,
    named,
    number,
    p,
    text,
    tup,
)

ways = Samples("ways")
add = ways.add
_GETATTR = "builtins:getattr"

# --- calls by way of allowed or ordinary names ---

for n, spelled in ((2, "__builtin__:getattr"), (4, _GETATTR)):
    add(
        f"getattr-p{n}",
        "getattr on a global, then a call",
        p(n, call(call(glob(spelled), glob(THING), long_text("static")))),
        THING,
        spelled,
    )
add(
    "getattr-chain",
    "getattr on a getattr on a getattr",
    p(
        4,
        call(
            call(
                named(_GETATTR),
                call(named(_GETATTR), named(f"{CANARY}:Outer"), text("Inner")),
                text("__init__"),
            ),
            NONE,
        ),
    ),
    f"{CANARY}:Outer",
    _GETATTR,
)
add(
    "getattr-to-globals",
    "getattr to a function's globals",
    p(4, call(named(_GETATTR), named(TOUCH), text("__globals__"))),
    TOUCH,
)
add(
    "getattr-of-allowed",
    "getattr from an allowed class to its subclasses",
    p(4, call(call(named(_GETATTR), named("builtins:object"), text("__subclasses__")))),
    _GETATTR,
)
add(
    "getattr-of-datetime",
    "getattr from an allowed class to a dunder",
    p(4, call(named(_GETATTR), named("datetime:date"), text("__reduce_ex__"))),
    _GETATTR,
)
add(
    "getattr-computed",
    "getattr with a computed name",
    p(4, call(named(_GETATTR), named(THING), call(named(f"{CANARY}:give")))),
    THING,
    f"{CANARY}:give",
)
add(
    "getattr-by-dup",
    "getattr's arguments by DUP",
    p(
        4,
        named(_GETATTR)
        + named(THING)
        + DUP
        + POP
        + text("static")
        + b"\x86"
        + REDUCE
        + EMPTY_TUPLE
        + REDUCE,
    ),
    THING,
)
add(
    "getattr-on-instance",
    "getattr on an instance's method",
    p(
        4,
        call(
            call(
                named(_GETATTR),
                call(named("datetime:date"), number(2000), number(1), number(1)),
                text("isoformat"),
            )
        ),
    ),
    _GETATTR,
)
add(
    "getattr-through-newobj",
    "getattr as the class of NEWOBJ",
    p(4, named(_GETATTR) + tup(named(THING), text("static")) + NEWOBJ),
    THING,
)
add(
    "getattr-through-obj",
    "getattr by OBJ",
    p(4, MARK + named(_GETATTR) + named(THING) + text("static") + OBJ),
    THING,
)
add(
    "setattr",
    "setattr on a class",
    p(4, call(named("builtins:setattr"), named(f"{CANARY}:Plain"), text("a"), number(1))),
    "builtins:setattr",
)
add(
    "attrgetter",
    "operator.attrgetter instead of getattr",
    p(4, call(call(named("operator:attrgetter"), text("static")), named(THING))),
    "operator:attrgetter",
)
add(
    "methodcaller",
    "operator.methodcaller",
    p(4, call(call(named("operator:methodcaller"), text("run")), named(BOX))),
    "operator:methodcaller",
)
add(
    "partial",
    "functools.partial holds a call",
    p(4, call(call(named("functools:partial"), named(TOUCH)))),
    "functools:partial",
    TOUCH,
)
add(
    "partial-build",
    "functools.partial whose function comes by BUILD",
    p(
        4,
        call(named("functools:partial"), named("builtins:int"))
        + tup(named(TOUCH), EMPTY_TUPLE, EMPTY_DICT, NONE)
        + BUILD
        + EMPTY_TUPLE
        + REDUCE,
    ),
    "functools:partial",
    TOUCH,
)
add(
    "map",
    "map runs when it is put in a list",
    p(4, call(named("builtins:list"), call(named("builtins:map"), named(TOUCH), lst(number(1))))),
    "builtins:map",
    TOUCH,
)
add(
    "map-extend",
    "APPENDS with a map as its items",
    p(4, call(named("builtins:filter"), named(TOUCH), lst(number(1)))),
    "builtins:filter",
    TOUCH,
)
add(
    "sorted-key",
    "reduce calls a function on items",
    p(4, call(named("functools:reduce"), named(TOUCH), lst(number(1), number(2)))),
    "functools:reduce",
    TOUCH,
)
add(
    "iter-sentinel",
    "iter of a callable",
    p(4, call(named("builtins:next"), call(named("builtins:iter"), named(TOUCH), number(1)))),
    "builtins:iter",
    TOUCH,
)
add(
    "defaultdict-factory",
    "A defaultdict whose factory is a foreign function",
    p(4, call(named("collections:defaultdict"), named(TOUCH))),
    TOUCH,
)
add(
    "defaultdict-class-factory",
    "A defaultdict whose factory is a foreign class",
    p(4, call(named("collections:defaultdict"), named(THING))),
    THING,
)
add(
    "type-three",
    "type() makes a class of a foreign base",
    p(4, call(named("builtins:type"), text("X"), tup(named(THING)), EMPTY_DICT)),
    "builtins:type",
    THING,
)
add(
    "reconstructor",
    "copyreg._reconstructor makes a foreign class",
    p(2, call(glob("copy_reg:_reconstructor"), glob(THING), glob("__builtin__:object"), NONE)),
    THING,
)
add(
    "reconstructor-base",
    "copyreg._reconstructor runs the base's __init__",
    p(
        2,
        call(
            glob("copy_reg:_reconstructor"), glob(THING), glob("__builtin__:list"), lst(number(1))
        ),
    ),
    THING,
)
add(
    "copyreg-newobj",
    "copyreg.__newobj__ as a call",
    p(2, call(glob("copy_reg:__newobj__"), glob(THING))),
    THING,
)
add(
    "copyreg-newobj-ex",
    "copyreg.__newobj_ex__ as a call",
    p(4, call(named("copyreg:__newobj_ex__"), named(THING), EMPTY_TUPLE, EMPTY_DICT)),
    THING,
)
add(
    "copyreg-pickle",
    "copyreg.pickle changes how this process pickles",
    p(4, call(named("copyreg:pickle"), named(f"{CANARY}:Plain"), named(TOUCH))),
    "copyreg:pickle",
)
add(
    "copyreg-add-extension",
    "copyreg.add_extension gives a code to a foreign function",
    p(4, call(named("copyreg:add_extension"), text(CANARY), text("touch"), number(118))),
    "copyreg:add_extension",
)
add(
    "method-type",
    "types.MethodType binds a function",
    p(4, call(call(named("types:MethodType"), named(TOUCH), number(1)))),
    "types:MethodType",
    TOUCH,
)
add(
    "weakref-finalize",
    "weakref.finalize calls at the end",
    p(4, call(named("weakref:finalize"), named(BOX), named(TOUCH))),
    "weakref:finalize",
    TOUCH,
)
add(
    "atexit",
    "atexit.register calls at exit",
    p(4, call(named("atexit:register"), named(TOUCH))),
    "atexit:register",
    TOUCH,
)
add(
    "ordered-dict-subclass-key",
    "An object with its own __hash__ as a key",
    p(4, dct((call(named(THING)), number(1)))),
    THING,
)
add(
    "set-member-hash",
    "An object with its own __hash__ in a set",
    p(4, b"\x8f" + MARK + call(named(THING)) + ADDITEMS),
    THING,
)
add("reduce-on-text", "REDUCE on a text, which is no callable", p(4, call(text("os.system"))))
add("reduce-on-list", "REDUCE on a list", p(4, call(lst(number(1)))))
add("newobj-on-text", "NEWOBJ on a text", p(4, text("x") + EMPTY_TUPLE + NEWOBJ))
add(
    "allowed-unbound-method",
    "A method of an allowed class by a dotted name",
    p(4, call(named("builtins:dict.fromkeys"), lst(number(1)))),
    "builtins:dict.fromkeys",
)
add(
    "codec-by-argument",
    "_codecs.encode imports the codec that its argument names",
    p(4, call(named("_codecs:encode"), text("x"), text("hostile_codec"))),
    "_codecs:encode",
    by_arguments=True,
)
add(
    "codec-idna",
    "_codecs.encode with a codec of Python code",
    p(4, call(named("_codecs:encode"), text("x"), text("idna"))),
    "_codecs:encode",
    by_arguments=True,
)
add(
    "bytearray-encoding",
    "bytearray(text, encoding) imports a codec too",
    p(4, call(named("builtins:bytearray"), text("x"), text("hostile_codec"))),
    "builtins:bytearray",
    by_arguments=True,
)
add(
    "bytes-of-hooks",
    "bytes() of a foreign object runs its methods",
    p(4, call(named("builtins:bytes"), named(BOX))),
    BOX,
)
add(
    "str-of-object",
    "str() of a foreign object runs its methods",
    p(4, call(named("builtins:str"), named(BOX))),
    BOX,
)
add(
    "super-object",
    "object.__reduce_ex__ by a dotted name",
    p(4, call(named("builtins:object.__reduce_ex__"), named(BOX), number(2))),
    BOX,
)
