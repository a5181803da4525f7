"""What runs without a call: states that are set, and items put into foreign objects."""

from __future__ import annotations

from assemble import (
    ADDITEMS,
    APPEND,
    APPENDS,
    BOX,
    BUILD,
    CANARY,
    EMPTY_TUPLE,
    MARK,
    MEMOIZE,
    NEWOBJ,
    NONE,
    POP,
    REDUCE,
    SETITEM,
    SETITEMS,
    THING,
    TOUCH,
    Samples,
    call,
    dct,
    glob,
    named,
    number,
    p,
    text,
    tup,
)

effects = Samples("effects")
add = effects.add

# --- what BUILD runs ---

add(
    "build-setstate",
    "BUILD calls __setstate__",
    p(2, glob(THING) + EMPTY_TUPLE + NEWOBJ + NONE + BUILD),
    THING,
)
add(
    "build-instance",
    "BUILD on an instance that a module holds",
    p(4, named(BOX) + NONE + BUILD),
    BOX,
)
add(
    "build-module",
    "BUILD on a module replaces its functions",
    p(4, named("importlib:sys") + dct((text("hostile_mark"), number(1))) + BUILD),
    "importlib:sys",
)
add(
    "build-class",
    "BUILD on a class sets its attributes",
    p(4, named(f"{CANARY}:Plain") + tup(NONE, dct((text("mark"), number(1)))) + BUILD),
    f"{CANARY}:Plain",
)
add(
    "build-function",
    "BUILD on a function sets its attributes",
    p(4, named(TOUCH) + dct((text("mark"), number(1))) + BUILD),
    TOUCH,
)
add(
    "build-function-code",
    "BUILD swaps a function's code",
    p(4, named(TOUCH) + tup(NONE, dct((text("__code__"), NONE))) + BUILD),
    TOUCH,
)
add(
    "build-builtin-class",
    "BUILD on a builtin class",
    p(4, named("builtins:list") + tup(NONE, dct((text("mark"), number(1)))) + BUILD),
    "builtins:list",
)
add(
    "build-allowed-class",
    "BUILD on an allowed class sets what all its instances do",
    p(4, named("datetime:date") + tup(NONE, dct((text("mark"), number(1)))) + BUILD),
    "datetime:date",
)
add(
    "build-allowed-python-class",
    "BUILD on an allowed class of Python code succeeds",
    p(4, named("fractions:Fraction") + tup(NONE, dct((text("hostile_mark"), number(1)))) + BUILD),
    "fractions:Fraction",
)
add(
    "build-setstate-in-dict",
    "A state puts __setstate__ into an instance, and the next BUILD calls it",
    p(
        4,
        named(f"{CANARY}:Plain")
        + EMPTY_TUPLE
        + NEWOBJ
        + dct((text("__setstate__"), named(TOUCH)))
        + BUILD
        + NONE
        + BUILD,
    ),
    TOUCH,
    f"{CANARY}:Plain",
)
for slot in ("__class__", "__dict__", "__setstate__", "__reduce__", "__getattr__", "__doc__"):
    add(
        f"build-slots-{slot.strip('_')}",
        f"A slots state names {slot}",
        p(
            4,
            named(f"{CANARY}:Plain")
            + EMPTY_TUPLE
            + NEWOBJ
            + tup(NONE, dct((text(slot), NONE)))
            + BUILD,
        ),
        f"{CANARY}:Plain",
    )
add(
    "build-slots-class-of-allowed",
    "A slots state gives an allowed object another class",
    p(
        4,
        named("collections:OrderedDict")
        + EMPTY_TUPLE
        + REDUCE
        + tup(NONE, dct((text("__class__"), named("builtins:dict"))))
        + BUILD,
    ),
    "collections:OrderedDict",
)
add(
    "build-slots-property",
    "A slots state sets a property, whose setter runs",
    p(
        4,
        named(f"{CANARY}:Slotted")
        + EMPTY_TUPLE
        + NEWOBJ
        + tup(NONE, dct((text("noted"), NONE)))
        + BUILD,
    ),
    f"{CANARY}:Slotted",
)
add(
    "build-slots-memo",
    "The slots state comes from the memo",
    p(
        4,
        tup(NONE, dct((text("__class__"), NONE))),
        MEMOIZE,
        POP,
        call(named("collections:OrderedDict")),
        b"h\x00",
        BUILD,
    ),
    "collections:OrderedDict",
)
add(
    "build-result",
    "BUILD on what a call gave",
    p(4, call(named(f"{CANARY}:give")) + NONE + BUILD),
    f"{CANARY}:give",
)
add("build-persistent", "BUILD on a persistent object", p(4, text("id") + b"Q" + NONE + BUILD))

# --- filling what is no list, dict or set ---

add("append-foreign", "APPEND calls a global's append", p(4, named(BOX) + number(1) + APPEND), BOX)
add(
    "appends-extend",
    "APPENDS calls a global's extend",
    p(4, named(BOX) + MARK + number(1) + APPENDS),
    BOX,
)
add(
    "setitem-foreign",
    "SETITEM calls a global's __setitem__",
    p(4, named(BOX) + number(1) + number(2) + SETITEM),
    BOX,
)
add(
    "setitems-foreign",
    "SETITEMS calls a global's __setitem__",
    p(4, named(BOX) + MARK + number(1) + number(2) + SETITEMS),
    BOX,
)
add(
    "additems-foreign",
    "ADDITEMS calls a global's add",
    p(4, named(BOX) + MARK + number(1) + ADDITEMS),
    BOX,
)
add(
    "append-instance",
    "APPEND on an instance made here",
    p(2, glob(THING) + EMPTY_TUPLE + NEWOBJ + number(1) + APPEND),
    THING,
)
add(
    "appends-subclass",
    "APPENDS on a list's subclass",
    p(4, named(f"{CANARY}:Items") + EMPTY_TUPLE + NEWOBJ + MARK + number(1) + APPENDS),
    f"{CANARY}:Items",
)
add(
    "setitems-subclass",
    "SETITEMS on a dict's subclass",
    p(4, named(f"{CANARY}:Table") + EMPTY_TUPLE + NEWOBJ + MARK + number(1) + number(2) + SETITEMS),
    f"{CANARY}:Table",
)
add(
    "setitem-environ",
    "SETITEM on os.environ sets a variable of the process",
    p(4, named("os:environ") + text("HOSTILE_MARK") + text("1") + SETITEM),
    "os:environ",
)
add(
    "setitem-modules",
    "SETITEM on sys.modules swaps a module",
    p(4, named("sys:modules") + text("hostile_mark") + NONE + SETITEM),
    "sys:modules",
)
add(
    "append-path",
    "APPEND on sys.path makes other files importable",
    p(4, named("sys:path") + text("/nonexistent/hostile") + APPEND),
    "sys:path",
)
add(
    "setitem-extension-registry",
    "SETITEM on copyreg's registry of codes",
    p(
        4,
        named("copyreg:_inverted_registry")
        + number(119)
        + tup(text(CANARY), text("touch"))
        + SETITEM,
    ),
    "copyreg:_inverted_registry",
)
add(
    "append-module-list",
    "APPEND on a list that a module holds",
    p(4, named(f"{CANARY}:values") + number(1) + APPEND),
    f"{CANARY}:values",
)
add(
    "setitem-vars",
    "SETITEM on a class's __dict__ by a dotted name",
    p(4, named(f"{CANARY}:Plain.__dict__") + text("a") + number(1) + SETITEM),
    f"{CANARY}:Plain.__dict__",
)
add(
    "append-method-object",
    "APPEND on a function that has been given an append",
    p(4, named(TOUCH) + dct((text("append"), named(TOUCH))) + BUILD + number(1) + APPEND),
    TOUCH,
)
