"""Small graphs that cost much: to hash, to walk, to print. No plain unpickler may read them."""

from __future__ import annotations

import struct

from assemble import (
    ADDITEMS,
    APPEND,
    APPENDS,
    DUP,
    EMPTY_DICT,
    EMPTY_LIST,
    EMPTY_SET,
    EMPTY_TUPLE,
    FROZENSET,
    INERT,
    MARK,
    MEMOIZE,
    NONE,
    POP,
    REFUSED,
    SETITEM,
    SETITEMS,
    TUPLE1,
    TUPLE2,
    TUPLE3,
    Samples,
    call,
    dct,
    get,
    lst,
    named,
    number,
    p,
    put,
    raw,
    repeated,
    text,
)

graph_bombs = Samples("graph-bombs")
add = graph_bombs.add_bomb


# --- hashing ---


def shared(depth: int, wrap: bytes = TUPLE2, first: bytes = EMPTY_TUPLE) -> bytes:
    """A tuple of two, of two, ...: 2**depth leaves in 2 bytes each."""
    return first + (DUP + wrap) * depth


add(
    "hash-key",
    "A tuple graph of 2**60 leaves is a key",
    p(2, EMPTY_DICT, shared(60), NONE, SETITEM),
)
add("hash-keys", "The same by SETITEMS", p(2, EMPTY_DICT, MARK, shared(60), NONE, SETITEMS))
add("hash-dict", "The same by DICT", p(2, MARK, shared(60), NONE, b"d"))
add("hash-member", "The same as a member of a set", p(4, EMPTY_SET, MARK, shared(60), ADDITEMS))
add("hash-frozenset", "The same in a frozenset", p(4, MARK, shared(60), FROZENSET))
add(
    "hash-memo",
    "The same through the memo",
    p(
        4,
        EMPTY_DICT,
        EMPTY_TUPLE,
        MEMOIZE,
        repeated(50, lambda i: get(i) + TUPLE2 + MEMOIZE),
        NONE,
        SETITEM,
    ),
)
add(
    "hash-triple",
    "The same with three",
    p(2, EMPTY_DICT, EMPTY_TUPLE, (DUP + DUP + TUPLE3) * 40, NONE, SETITEM),
)
add(
    "hash-wide",
    "The same with tuples of 10",
    p(
        2,
        EMPTY_DICT,
        EMPTY_TUPLE,
        put(0),
        POP,
        repeated(20, lambda i: MARK + get(i) * 10 + b"t" + put(i + 1) + POP),
        get(20),
        NONE,
        SETITEM,
    ),
)
add(
    "hash-by-set-call",
    "set() hashes its argument's items",
    p(4, call(named("builtins:set"), lst(shared(60)))),
    "builtins:set",
    by_arguments=True,
)
add(
    "hash-by-frozenset-call",
    "frozenset() hashes its argument's items",
    p(4, call(named("builtins:frozenset"), lst(shared(60)))),
    "builtins:frozenset",
    by_arguments=True,
)
add(
    "hash-by-ordered-dict",
    "SETITEM on an OrderedDict hashes its key",
    p(4, call(named("collections:OrderedDict")), shared(60), NONE, SETITEM),
    "collections:OrderedDict",
)
add(
    "hash-frozenset-key",
    "A frozenset of such a tuple is a key",
    p(4, EMPTY_DICT, MARK, shared(60), FROZENSET, NONE, SETITEM),
)
add(
    "hash-global-state",
    "A state's keys are hashed",
    p(4, named("datetime:date"), shared(60), POP, EMPTY_DICT, shared(60), NONE, SETITEM, b"b"),
)
add(
    "hash-depth",
    "A tuple of 20,000 levels as a key: hash recurses in C",
    p(2, EMPTY_DICT, EMPTY_TUPLE, TUPLE1 * 20_000, NONE, SETITEM),
)
add(
    "hash-depth-member",
    "The same in a set",
    p(4, EMPTY_SET, MARK, EMPTY_TUPLE, TUPLE1 * 20_000, ADDITEMS),
)
add(
    "hash-depth-frozenset",
    "The same in a frozenset",
    p(4, MARK, EMPTY_TUPLE, TUPLE1 * 20_000, FROZENSET),
)
add(
    "hash-depth-two-thousand",
    "2,000 levels",
    p(2, EMPTY_DICT, EMPTY_TUPLE, TUPLE1 * 2_000, NONE, SETITEM),
)
add(
    "hash-collisions",
    "Keys whose hashes are equal: quadratic time",
    p(
        2,
        EMPTY_DICT,
        MARK,
        repeated(3_000, lambda i: number((i + 1) * ((1 << 61) - 1)) + NONE),
        SETITEMS,
    ),
    expect=INERT,
)
add(
    "hash-collisions-set",
    "Members whose hashes are equal",
    p(4, EMPTY_SET, MARK, repeated(3_000, lambda i: number((i + 1) * ((1 << 61) - 1))), ADDITEMS),
    expect=INERT,
)
add(
    "hash-many-keys",
    "A thousand keys of 2**19 leaves each",
    p(
        2,
        EMPTY_DICT,
        shared(19),
        put(0),
        POP,
        repeated(1000, lambda i: get(0) + number(i) + TUPLE2 + NONE + SETITEM),
    ),
)

# --- depth ---

for n, data in (
    ("lists", EMPTY_LIST * 62_000 + APPEND * 61_999),
    ("tuples", EMPTY_TUPLE + TUPLE1 * 62_000),
    ("dicts", (EMPTY_DICT + NONE) * 62_000 + NONE + SETITEM * 62_000),
    ("marks-lists", (EMPTY_LIST + MARK) * 62_000 + APPENDS * 62_000),
    ("reduce-args", named("builtins:set") * 61_000 + EMPTY_LIST + (TUPLE1 + b"R") * 61_000),
    ("states", (named("collections:OrderedDict") + b")R") + EMPTY_TUPLE + TUPLE1 * 62_000 + b"b"),
    ("frozensets", MARK * 61_000 + FROZENSET * 61_000),
    ("memo-lists", repeated(61_000, lambda i: EMPTY_LIST + MEMOIZE) + APPEND * 60_999),
):
    add(f"depth-{n}", f"{n}, 61,000 levels deep or more", p(4, data))
add(
    "depth-fifty-thousand",
    "50,000 lists: it loads, and kills whoever walks it by recursion",
    p(4, EMPTY_LIST * 50_000 + APPEND * 49_999),
    expect=INERT,
)
add(
    "depth-chain-by-memo",
    "A list is put into one that the memo holds, 5,000 times",
    p(
        4,
        EMPTY_LIST,
        MEMOIZE,
        repeated(5_000, lambda i: get(i) + EMPTY_LIST + MEMOIZE + APPEND + POP),
    ),
    expect=INERT,
)
add(
    "depth-cycle",
    "A list that holds itself",
    p(4, EMPTY_LIST, MEMOIZE, get(0), APPEND),
    expect=INERT,
)
add(
    "depth-cycle-tuple",
    "A tuple that holds itself through a list",
    p(4, EMPTY_LIST, MEMOIZE, TUPLE1, MEMOIZE, POP, get(0), get(1), APPEND),
    expect=INERT,
)
add(
    "depth-cycle-dict",
    "A dict that holds itself in a list in itself",
    p(4, EMPTY_DICT, MEMOIZE, NONE, lst(get(0)), SETITEM),
    expect=INERT,
)

# --- expansion ---

add(
    "laughs-lists",
    "Billion laughs: lists of ten times the list below",
    p(
        4,
        EMPTY_LIST,
        MEMOIZE,
        POP,
        repeated(30, lambda i: EMPTY_LIST + MARK + get(i) * 10 + APPENDS + MEMOIZE + POP),
        get(30),
    ),
    expect=INERT,
)
add("laughs-tuples", "Billion laughs with tuples", p(4, shared(60)), expect=INERT)
add(
    "laughs-dicts",
    "Billion laughs with dicts",
    p(
        4,
        EMPTY_DICT,
        MEMOIZE,
        POP,
        repeated(40, lambda i: dct((number(0), get(i)), (number(1), get(i))) + MEMOIZE + POP),
        get(40),
    ),
    expect=INERT,
)
add(
    "laughs-texts",
    "A text of 60,000 characters, named 10,000 times",
    p(4, text("x" * 60_000), MEMOIZE, POP, EMPTY_LIST, MARK, get(0) * 10_000, APPENDS),
    expect=INERT,
)
add(
    "laughs-states",
    "Billion laughs with states of instances",
    p(
        4,
        call(named("collections:OrderedDict")),
        MEMOIZE,
        POP,
        repeated(
            40,
            lambda i: (
                call(named("collections:OrderedDict"))
                + MEMOIZE
                + number(1)
                + get(i)
                + SETITEM
                + number(2)
                + get(i)
                + SETITEM
                + POP
            ),
        ),
        get(40),
    ),
    "collections:OrderedDict",
    expect=INERT,
)
add(
    "doubling-extend",
    "list.extend of a list with itself",
    p(
        4,
        lst(NONE),
        MEMOIZE,
        POP,
        repeated(40, lambda i: call(named("builtins:list.extend"), get(0), get(0)) + POP),
        get(0),
    ),
    "builtins:list.extend",
    expect=REFUSED,
)
add(
    "doubling-hex",
    "_codecs.encode to hex, again and again",
    p(4, named("_codecs:encode") * 40, raw(b"x" * 64), (text("hex") + TUPLE2 + b"R") * 40),
    "_codecs:encode",
    expect=REFUSED,
    by_arguments=True,
)
add(
    "doubling-add",
    "operator.add of a text and itself",
    p(4, named("operator:add") * 40, text("x" * 64), (DUP + TUPLE2 + b"R") * 40),
    "operator:add",
    expect=REFUSED,
)
add(
    "doubling-bytearray",
    "Ten thousand copies of one bytearray",
    p(
        5,
        b"\x96" + struct.pack("<Q", 60_000) + b"x" * 60_000,
        put(0),
        POP,
        named("builtins:bytearray"),
        put(1),
        POP,
        EMPTY_LIST,
        MARK,
        (get(1) + get(0) + TUPLE1 + b"R") * 10_000,
        APPENDS,
    ),
    "builtins:bytearray",
    expect=REFUSED,
    by_arguments=True,
)
add(
    "doubling-repeat",
    "deque.extend of itself",
    p(4, named("builtins:bytearray.extend"), raw(b"x"), DUP, TUPLE2, b"R"),
    "builtins:bytearray.extend",
    expect=REFUSED,
)
