"""Extension codes, persistent ids, buffers, and names of this package."""

from __future__ import annotations

from assemble import (
    BUILD,
    CANARY,
    EMPTY_DICT,
    EMPTY_TUPLE,
    MEMOIZE,
    NEWOBJ,
    POP,
    TOUCH,
    Samples,
    call,
    dct,
    line,
    long_text,
    named,
    number,
    p,
    raw,
    text,
)

codes = Samples("codes")
add = codes.add

# --- extension codes and persistent ids ---

for width, code in ((1, b"\x82\x77"), (2, b"\x83\x77\x00"), (4, b"\x84\x77\x00\x00\x00")):
    add(f"ext{width}-cached", "A code that copyreg has cached skips find_class", p(2, call(code)))
    add(f"ext{width}-named", "A code that is only named", p(2, code))
add("ext1-unregistered", "A code that nobody registered", p(2, b"\x82\x42"))
add("ext-newobj", "A cached code as the class of NEWOBJ", p(2, b"\x82\x77" + EMPTY_TUPLE + NEWOBJ))
add(
    "ext-build",
    "BUILD on what a code stands for",
    p(2, b"\x82\x77" + dct((long_text("a"), number(1))) + BUILD),
)
add("persid", "A persistent id as a line", p(0, line("P", "hostile")), by_arguments=True)
add("persid-called", "What a persistent id gives is called", p(0, call(line("P", "hostile"))))
add(
    "binpersid",
    "A persistent id from the stack",
    p(1, long_text("hostile") + b"Q"),
    by_arguments=True,
)
add("binpersid-call", "A persistent id that a call gives", p(4, call(named(TOUCH)) + b"Q"), TOUCH)
add("next-buffer", "A buffer out of band that is not there", p(5, b"\x97"), by_arguments=True)
add("readonly-buffer", "READONLY_BUFFER on plain bytes", p(5, raw(b"x") + b"\x98"), expect="inert")

# --- this package's own names ---

STAMPS = "pickle_migrate.stamps"
_FINGERPRINT = "0" * 8
add(
    "stamp-foreign",
    "A stamp of a class that is no versioned one",
    p(4, call(text(STAMPS) + text(f"{CANARY}:Thing@1~{_FINGERPRINT}") + b"\x93")),
)
add(
    "stamp-foreign-p2",
    "The same under protocol 2",
    p(2, call(line("c", STAMPS, f"{CANARY}:Thing@1~{_FINGERPRINT}"))),
)
add(
    "stamp-slashes",
    "A stamp's slashes lead to a nested module",
    p(4, call(text(STAMPS) + text(f"os/path:join@1~{_FINGERPRINT}") + b"\x93")),
)
add(
    "stamp-second-class",
    "The second class of a stamp is a foreign one",
    p(
        4,
        call(
            text(STAMPS)
            + text(f"collections:OrderedDict@1~{_FINGERPRINT}+{CANARY}:Thing@1~{_FINGERPRINT}")
            + b"\x93"
        ),
    ),
)
add("stamp-malformed", "A stamp that is none", p(4, call(text(STAMPS) + text("::@@~~") + b"\x93")))
add(
    "stamp-text-only",
    "text_only leads to a foreign class",
    p(4, call(named(f"{STAMPS}:text_only"), text(f"{CANARY}:Thing@1~{_FINGERPRINT}"))),
)
add(
    "stamp-text-only-computed",
    "text_only with a computed text",
    p(4, call(named(f"{STAMPS}:text_only"), call(named(f"{CANARY}:give")))),
    f"{CANARY}:give",
)
add(
    "stamp-text-only-memo",
    "text_only whose text comes from the memo",
    p(
        4,
        text(f"{CANARY}:Thing@1~{_FINGERPRINT}"),
        MEMOIZE,
        POP,
        call(named(f"{STAMPS}:text_only"), b"h\x00"),
    ),
)
add(
    "stamp-text-only-build",
    "What text_only gives gets a state",
    p(
        4,
        call(named(f"{STAMPS}:text_only"), text(f"{CANARY}:Thing@1~{_FINGERPRINT}"))
        + EMPTY_DICT
        + BUILD,
    ),
)
add(
    "stamps-find-with",
    "A function of the module of stamps",
    p(4, call(named(f"{STAMPS}:find_with"), named(TOUCH), named(TOUCH))),
    TOUCH,
)
add(
    "own-resolver",
    "Our own function that imports",
    p(4, named("pickle_migrate.resolver:import_ref")),
    "pickle_migrate.resolver:import_ref",
)
add(
    "own-loader",
    "Our own loader on a nested pickle",
    p(4, call(named("pickle_migrate.loader:loads"), raw(p(4, call(named(TOUCH)))))),
    "pickle_migrate.loader:loads",
)
add(
    "own-package-attribute",
    "A module that our own package imports",
    p(4, named("pickle_migrate.loader:builtins.eval")),
    "pickle_migrate.loader:builtins.eval",
)
add(
    "own-deep",
    "A private function of ours",
    p(4, call(named("pickle_migrate.stamps:__getattr__"), text("x:y@1~00000000"))),
    "pickle_migrate.stamps:__getattr__",
)
