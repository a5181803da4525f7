"""Names that are spelled oddly, lead out of their module, or are Python 2's."""

from __future__ import annotations

from assemble import (
    CANARY,
    EMPTY_LIST,
    EMPTY_TUPLE,
    MALFORMED,
    MARK,
    REDUCE,
    STACK_GLOBAL,
    STOP,
    THING,
    TOUCH,
    Samples,
    call,
    dct,
    glob,
    line,
    long_text,
    named,
    number,
    p,
    proto,
    text,
)

CALLED = EMPTY_TUPLE + REDUCE

# --- odd spellings ---

spelled = Samples("spelled")
odd = spelled.add
for n, module, qualname in (
    ("cr", CANARY + "\r", "touch\r"),
    ("space-before", " " + CANARY, "touch"),
    ("space-after", CANARY, "touch "),
    ("nul", CANARY + "\0x", "touch"),
    ("nul-in-name", CANARY, "touch\0x"),
    ("tab", "\t" + CANARY, "touch"),
    ("form-feed", CANARY + "\f", "touch"),
    ("vertical-tab", CANARY, "touch\v"),
    ("next-line", CANARY + "\x85", "touch"),
    ("line-separator", CANARY + "\u2028", "touch"),
    ("no-break-space", CANARY + "\xa0", "touch"),
    ("fullwidth", "\uff48ostile_canary", "touch"),
    ("homoglyph", "h\u043estile_canary", "touch"),
    ("zero-width", "hostile\u200b_canary", "touch"),
    ("right-to-left", "\u202eyranac_elitsoh", "touch"),
    ("bom", "\ufeff" + CANARY, "touch"),
    ("combining", "hostile_canary", "to\u0301uch"),
    ("escape-sequence", "\x1b[31m" + CANARY, "\x1b]0;title\x07"),
    ("long-s", "ho\u017ftile_canary", "touch"),
    ("backslash", "hostile\\x5fcanary", "touch"),
    ("percent", "hostile%5fcanary", "touch"),
    ("slash", "hostile/canary", "touch"),
    ("colon", "hostile_canary:touch", "x"),
    ("colon-in-name", "hostile_canary", "Thing:static"),
    ("at", "hostile_canary", "touch@1"),
    ("dot-before", "." + CANARY, "touch"),
    ("dots-before", ".." + CANARY, "touch"),
    ("dot-after", CANARY + ".", "touch"),
    ("two-dots", "hostile..canary", "touch"),
    ("name-dot-before", CANARY, ".touch"),
    ("name-dot-after", CANARY, "touch."),
    ("name-two-dots", CANARY, "Thing..run"),
    ("upper-case", CANARY.upper(), "touch"),
    ("allowed-upper-case", "Datetime", "date"),
    ("allowed-space", "datetime ", "date"),
    ("allowed-cr", "datetime", "date\r"),
    ("allowed-nul", "datetime", "date\0"),
    ("allowed-name-as-prefix", "datetime_x", "date"),
    ("allowed-name-as-package", "datetime.x", "date"),
    ("allowed-star", "datetime", "*"),
    ("star", "*", "*"),
):
    odd(
        f"global-{n}",
        "GLOBAL with an odd name",
        p(0, line("c", module, qualname), CALLED),
        f"{module}:{qualname}",
    )
for n, module, qualname in (
    ("line-feed", "hostile_canary\n", "touch\n"),
    ("empty-name", CANARY, ""),
    ("empty-module", "", "touch"),
    ("surrogate", "hostile_canary", "touch\ud800"),
    ("long", "hostile_canary" * 20_000, "touch"),
    ("long-name", CANARY, "touch" * 60_000),
    ("deep-dotted", CANARY, ".".join(["Thing"] * 20_000)),
    ("deep-package", ".".join([CANARY] * 20_000), "touch"),
    ("dotted-dunder", CANARY, "Thing.__class__"),
    ("dotted-locals", CANARY, "Thing.<locals>.touch"),
    ("dotted", CANARY, "Thing.static"),
    ("dotted-instance", CANARY, "box.run"),
    ("main", "__main__", "touch"),
    ("main-builtins", "__main__", "__builtins__"),
):
    odd(
        f"stack-global-{n}",
        "STACK_GLOBAL with an odd name",
        p(4, text(module), text(qualname), STACK_GLOBAL, CALLED),
        f"{module}:{qualname}",
    )
odd(
    "global-not-utf8",
    "GLOBAL whose name is not UTF-8",
    p(0, line("c", b"os\xff", b"x")),
    expect=MALFORMED,
)
odd("global-empty-line", "GLOBAL with an empty module", p(0, line("c", "", "x")), expect=MALFORMED)
odd("global-one-line", "GLOBAL that ends after its module", b"cos\n.", expect=MALFORMED)
odd(
    "inst-not-ascii",
    "INST whose name is not ASCII",
    p(0, MARK + line("i", "h\xf6st", "x")),
    expect=MALFORMED,
)
odd(
    "global-crlf-file",
    "A pickle whose line ends were turned into CRLF",
    p(0, glob(TOUCH), CALLED, line("V", "x"), b"0").replace(b"\n", b"\r\n"),
    f"{CANARY}\r:touch\r",
)

# --- a name that leads out of an allowed module ---

for n, ref in (
    ("datetime-sys", "datetime:sys.exit"),
    ("collections-sys", "collections:_sys.exit"),
    ("collections-abc-sys", "collections.abc:sys.modules"),
    ("decimal-import", "_pydecimal:_contextvars.copy_context"),
    ("fractions-re", "fractions:re.compile"),
    ("fractions-sys", "fractions:sys.exit"),
    ("uuid-os", "uuid:os.getpid"),
    ("random-os", "random:_os.getpid"),
    ("enum-sys", "enum:sys.exit"),
    ("pathlib-os", "pathlib:os.getpid"),
    ("numpy-os", "numpy:os.getpid"),
    ("numpy-ctypes", "numpy:ctypeslib.ctypes"),
    ("numpy-core-eval", "numpy.core.numerictypes:eval"),
    ("numpy-dtype-dunder", "numpy:dtype.__reduce_ex__"),
    ("pandas-io-os", "pandas.io.common:os.getpid"),
    ("builtins-subclasses", "builtins:object.__subclasses__"),
    ("builtins-class", "builtins:list.__class__"),
    ("builtins-mro", "builtins:int.mro"),
    ("builtins-loader", "builtins:__loader__.load_module"),
    ("builtins-spec", "builtins:__spec__.loader"),
    ("builtins-dict-attribute", "builtins:__dict__"),
    ("codecs-open", "codecs:open"),
    ("codecs-builtins", "codecs:builtins.eval"),
    ("copyreg-table", "copyreg:dispatch_table"),
    ("submodule-of-allowed", "collections.hostile:touch"),
    ("stdlib-private", "_collections_abc:sys.exit"),
):
    odd(
        f"out-of-{n}",
        "A dotted or foreign name in a module of which some names are allowed",
        p(4, named(ref)),
        ref,
    )

# --- Python 2's names ---

mapped = Samples("mapped")
old = mapped.add
for n, ref in (
    ("eval", "__builtin__:eval"),
    ("execfile", "__builtin__:execfile"),
    ("apply", "__builtin__:apply"),
    ("reduce", "__builtin__:reduce"),
    ("intern", "__builtin__:intern"),
    ("raw-input", "__builtin__:raw_input"),
    ("commands", "commands:getoutput"),
    ("cpickle", "cPickle:loads"),
    ("pickle", "pickle:loads"),
    ("urllib2", "urllib2:urlopen"),
    ("anydbm", "anydbm:open"),
    ("whichdb", "whichdb:whichdb"),
    ("getcwdu", "os:getcwdu"),
    ("simple-http-server", "SimpleHTTPServer:test"),
    ("xmlrpclib", "xmlrpclib:ServerProxy"),
    ("tkinter", "Tkinter:Tk"),
    ("thread", "thread:start_new_thread"),
    ("socketserver", "SocketServer:TCPServer"),
    ("string-io", "cStringIO:StringIO"),
    ("types-function", "types:FunctionType"),
    ("new-function", "new:function"),
    ("new-instancemethod", "new:instancemethod"),
    ("exceptions", "exceptions:OSError.__subclasses__"),
    ("itertools", "itertools:imap"),
):
    for number_ in (0, 2):
        old(f"{n}-p{number_}", f"{ref} below protocol 3", p(number_, glob(ref)), ref)
old(
    "proto-late",
    "PROTO 4 stands after the name that is mapped",
    b"c__builtin__\neval\n" + proto(4) + STOP,
    "__builtin__:eval",
)
old(
    "proto-switched",
    "PROTO 4, then PROTO 0: names are mapped again",
    proto(4) + proto(0) + b"c__builtin__\neval\n.",
    "__builtin__:eval",
)
old(
    "proto-twice",
    "The same name is another one under each protocol",
    proto(4) + MARK + b"c__builtin__\neval\n" + proto(2) + b"c__builtin__\neval\n" + b"t.",
    "__builtin__:eval",
)
old(
    "stack-global-low-proto",
    "STACK_GLOBAL under protocol 2 is mapped too",
    p(2, long_text("__builtin__"), long_text("eval"), STACK_GLOBAL),
    "__builtin__:eval",
)
old(
    "no-proto-p4-opcodes",
    "No PROTO, opcodes of protocol 4: names are mapped",
    text("commands") + text("getoutput") + STACK_GLOBAL + STOP,
    "commands:getoutput",
)
old(
    "dotted-low-proto",
    "A dotted name below protocol 4 is one attribute's name",
    p(2, glob(f"{CANARY}:Thing.static"), CALLED),
    f"{CANARY}:Thing.static",
)
old(
    "instance",
    "A Python 2 instance: INST with a state",
    p(0, MARK, line("i", CANARY, "Thing"), b"(dp1\n", line("S", "'a'"), b"I1\ns", b"b"),
    THING,
)
old(
    "setstate-of-list",
    "copy_reg._reconstructor on a builtin, then a state",
    p(
        1,
        call(glob("copy_reg:_reconstructor"), glob(THING), glob("__builtin__:object"), b"N"),
        b"}b",
    ),
    THING,
)
old(
    "allowed-mapped",
    "A name that is allowed only before it is mapped",
    p(2, glob("exceptions:Exception"), MARK, glob(TOUCH), b"t", REDUCE),
    TOUCH,
)
old(
    "list-of-both",
    "Old and new spellings side by side",
    p(0, EMPTY_LIST, MARK, glob("__builtin__:eval"), glob("builtins:eval"), b"e"),
    "__builtin__:eval",
    "builtins:eval",
)
old(
    "state-key",
    "A name as a key of a dict",
    p(0, dct((glob("__builtin__:eval"), number(1)))),
    "__builtin__:eval",
)
