"""Every opcode that ends in a call."""

from __future__ import annotations

from assemble import (
    BUILD,
    CANARY,
    EMPTY_DICT,
    EMPTY_TUPLE,
    MARK,
    MEMOIZE,
    NEWOBJ,
    NEWOBJ_EX,
    OBJ,
    POP,
    REDUCE,
    THING,
    TOUCH,
    Samples,
    call,
    dct,
    glob,
    line,
    lst,
    named,
    number,
    p,
    text,
    tup,
)

calls = Samples("calls")
add = calls.add
_GETATTR = "builtins:getattr"

for n in (0, 2, 3, 4, 5):
    add(
        f"reduce-global-p{n}",
        f"REDUCE on a GLOBAL under protocol {n}",
        p(n, call(glob(TOUCH))),
        TOUCH,
    )
for n in (4, 5):
    add(f"reduce-stack-global-p{n}", "REDUCE on a STACK_GLOBAL", p(n, call(named(TOUCH))), TOUCH)

add("inst", "INST without arguments", p(0, MARK + line("i", CANARY, "Thing")), THING)
add("inst-args", "INST with arguments", p(0, MARK + number(1) + line("i", CANARY, "touch")), TOUCH)
add("obj", "OBJ without arguments", p(1, MARK + glob(THING) + OBJ), THING)
add("obj-args", "OBJ with arguments", p(1, MARK + glob(TOUCH) + number(1) + OBJ), TOUCH)
add("obj-stack-global", "OBJ on a STACK_GLOBAL", p(4, MARK + named(TOUCH) + number(1) + OBJ), TOUCH)
add("newobj", "NEWOBJ calls __new__", p(2, glob(THING) + EMPTY_TUPLE + NEWOBJ), THING)
add("newobj-p4", "NEWOBJ on a STACK_GLOBAL", p(4, named(THING) + EMPTY_TUPLE + NEWOBJ), THING)
add(
    "newobj-ex",
    "NEWOBJ_EX calls __new__ with keywords",
    p(4, named(THING) + EMPTY_TUPLE + dct((text("key"), number(1))) + NEWOBJ_EX),
    THING,
)
add(
    "newobj-ex-empty",
    "NEWOBJ_EX without keywords",
    p(4, named(THING) + EMPTY_TUPLE + EMPTY_DICT + NEWOBJ_EX),
    THING,
)
add(
    "newobj-metaclass",
    "NEWOBJ on a class whose metaclass runs",
    p(4, named(f"{CANARY}:Made") + EMPTY_TUPLE + NEWOBJ),
    f"{CANARY}:Made",
)
add(
    "reduce-metaclass",
    "REDUCE on a class whose metaclass runs",
    p(4, call(named(f"{CANARY}:Made"))),
    f"{CANARY}:Made",
)
add(
    "reduce-in-list",
    "The call's result stands deep in data",
    p(4, lst(number(1), lst(call(named(TOUCH))))),
    TOUCH,
)
add(
    "reduce-then-pop",
    "The call's result is thrown away",
    p(4, call(named(TOUCH)) + POP + lst(number(1))),
    TOUCH,
)
add("reduce-twice", "A result is called again", p(4, call(call(named(TOUCH)))), TOUCH)
add(
    "reduce-args-list",
    "The arguments come as a tuple from the memo",
    p(4, tup(number(1)), MEMOIZE, POP, named(TOUCH), b"h\x00", REDUCE),
    TOUCH,
)
add(
    "call-as-key", "A call whose result is a key", p(4, dct((call(named(TOUCH)), number(1)))), TOUCH
)
add(
    "call-in-args",
    "A call inside the arguments of an allowed one",
    p(4, call(named("builtins:set"), lst(call(named(TOUCH))))),
    TOUCH,
)
add(
    "call-in-state",
    "A call inside a state",
    p(
        4,
        named(f"{CANARY}:Plain")
        + EMPTY_TUPLE
        + NEWOBJ
        + dct((text("a"), call(named(TOUCH))))
        + BUILD,
    ),
    TOUCH,
)
