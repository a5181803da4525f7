"""Pickles in compressed files and archives, and files that are two things at once."""

from __future__ import annotations

import base64
import bz2
import gzip
import io
import lzma
import pickle
import struct
import zipfile
import zlib

from assemble import (
    CONTAINED,
    EMPTY_DICT,
    INERT,
    MALFORMED,
    NONE,
    STOP,
    TOUCH,
    Samples,
    call,
    dct,
    frame,
    glob,
    line,
    lst,
    named,
    number,
    p,
    proto,
    raw,
    text,
    touch,
)

containers = Samples("containers")
add = containers.add
PAYLOAD = p(4, touch())
BENIGN = p(4, lst(number(1)))

# --- containers ---

for n, compress, suffix in (
    ("gzip", lambda data: gzip.compress(data, mtime=0), ".pkl.gz"),
    ("bz2", bz2.compress, ".pkl.bz2"),
    ("xz", lzma.compress, ".pkl.xz"),
    ("lzma", lambda data: lzma.compress(data, lzma.FORMAT_ALONE), ".pkl.lzma"),
    ("zlib", zlib.compress, ".pkl.z"),
):
    add(
        f"{n}-payload",
        f"A hostile pickle in {n}",
        compress(PAYLOAD),
        suffix=suffix,
        inside=(TOUCH,),
        expect=CONTAINED,
    )
    add(
        f"{n}-disguised",
        f"The same, named as a plain pickle ({n})",
        compress(PAYLOAD),
        inside=(TOUCH,),
        expect=CONTAINED,
    )
    add(
        f"{n}-twice",
        f"{n} in {n}",
        compress(compress(PAYLOAD)),
        suffix=suffix,
        inside=(TOUCH,),
        expect=CONTAINED,
    )
    add(
        f"{n}-bomb",
        f"32 MB of zeros in a few kB of {n}",
        compress(raw(b"") + bytes(1 << 25)),
        suffix=suffix,
        expect=CONTAINED,
        bomb=True,
    )
    add(
        f"{n}-bomb-pickle",
        f"A pickle of one long text in {n}",
        compress(p(4, b"B" + struct.pack("<I", 1 << 25) + bytes(1 << 25))),
        suffix=suffix,
        expect=CONTAINED,
        bomb=True,
    )
    add(
        f"{n}-cut",
        f"{n} that is cut off",
        compress(PAYLOAD * 20)[:-9],
        suffix=suffix,
        expect=MALFORMED,
    )
add(
    "gzip-two-members",
    "A benign member and a hostile one",
    gzip.compress(BENIGN, mtime=0) + gzip.compress(PAYLOAD, mtime=0),
    suffix=".pkl.gz",
    inside=(TOUCH,),
    expect=CONTAINED,
)
add(
    "gzip-trailing",
    "gzip, then bytes that are none",
    gzip.compress(PAYLOAD, mtime=0) + b"tail",
    suffix=".pkl.gz",
    inside=(TOUCH,),
    expect=CONTAINED,
)
add("base64", "A pickle in base64", base64.b64encode(PAYLOAD), expect=MALFORMED, suffix=".b64")


def zipped(
    *members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED, before: bytes = b""
) -> bytes:
    """A zip file of these, all of one date."""
    out = io.BytesIO()
    out.write(before)
    with zipfile.ZipFile(out, "a", method) as archive:
        for name, data in members:
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return out.getvalue()


add(
    "zip-torch",
    "A file as torch writes it, with a hostile pickle",
    zipped(("archive/data.pkl", PAYLOAD), ("archive/version", b"3\n"), method=zipfile.ZIP_STORED),
    suffix=".pt",
    inside=(TOUCH,),
    expect=CONTAINED,
)
add(
    "zip-npz",
    "An npz whose array is a hostile pickle",
    zipped(
        (
            "a.npy",
            b"\x93NUMPY\x01\x00v\x00"
            + b"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }".ljust(117)
            + b"\n"
            + PAYLOAD,
        )
    ),
    suffix=".npz",
    inside=(TOUCH,),
    expect=CONTAINED,
)
add(
    "zip-odd-name",
    "A pickle under a name that says nothing",
    zipped(("readme.txt", PAYLOAD)),
    suffix=".zip",
    inside=(TOUCH,),
    expect=CONTAINED,
)
add(
    "zip-path",
    "A member whose name leads out of the folder",
    zipped(("../../outside.pkl", PAYLOAD)),
    suffix=".zip",
    inside=(TOUCH,),
    expect=CONTAINED,
)
add(
    "zip-control",
    "A member whose name holds control characters",
    zipped(("a\x1b[2Jb\x07.pkl", PAYLOAD)),
    suffix=".zip",
    inside=(TOUCH,),
    expect=CONTAINED,
)
add(
    "zip-in-zip",
    "A zip in a zip",
    zipped(("inner.zip", zipped(("data.pkl", PAYLOAD)))),
    suffix=".zip",
    inside=(TOUCH,),
    expect=CONTAINED,
)
add(
    "zip-bomb",
    "32 MB of zeros in a zip of a few kB",
    zipped(("data.pkl", bytes(1 << 25))),
    suffix=".zip",
    expect=CONTAINED,
    bomb=True,
)
add(
    "zip-many",
    "2,000 members",
    zipped(*((f"{n}.pkl", BENIGN) for n in range(2000))),
    suffix=".zip",
    expect=CONTAINED,
    bomb=True,
)
add(
    "zip-false-size",
    "A member that claims another size than it has",
    zipped(("data.pkl", PAYLOAD)).replace(struct.pack("<I", len(PAYLOAD)), struct.pack("<I", 5)),
    suffix=".zip",
    expect=MALFORMED,
)
add(
    "zip-two-same",
    "Two members of one name",
    zipped(("data.pkl", BENIGN), ("data.pkl2", PAYLOAD)).replace(b"data.pkl2", b"data.pkl\0"),
    suffix=".zip",
    inside=(TOUCH,),
    expect=CONTAINED,
)
add(
    "zip-cut",
    "A zip without its directory",
    zipped(("data.pkl", PAYLOAD))[:-30],
    suffix=".zip",
    expect=MALFORMED,
)

# --- two things at once ---

add(
    "polyglot-zip",
    "A pickle, with a zip behind it",
    zipped(("data.pkl", BENIGN), before=PAYLOAD),
    TOUCH,
)
add(
    "polyglot-zip-benign-first",
    "A benign pickle, with a hostile one in a zip behind it",
    zipped(("data.pkl", PAYLOAD), before=BENIGN),
    inside=(TOUCH,),
    expect=INERT,
)
add(
    "polyglot-gzip",
    "A pickle, with gzip behind it",
    BENIGN + gzip.compress(PAYLOAD, mtime=0),
    inside=(TOUCH,),
    expect=INERT,
)
add(
    "polyglot-png",
    "A picture, with a pickle behind it",
    b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 0) + b"IEND\xaeB`\x82" + PAYLOAD,
    suffix=".png",
    expect=MALFORMED,
)
add(
    "polyglot-pdf",
    "A pickle in a document",
    b"%PDF-1.4\n" + PAYLOAD + b"%%EOF\n",
    suffix=".pdf",
    expect=MALFORMED,
)
add(
    "polyglot-npy",
    "An npy header, with a pickle behind it",
    b"\x93NUMPY\x01\x00v\x00"
    + b"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }".ljust(117)
    + b"\n"
    + PAYLOAD,
    suffix=".npy",
    inside=(TOUCH,),
    expect=CONTAINED,
)
add(
    "npy-claimed",
    "An npy header that claims 8 EB",
    b"\x93NUMPY\x01\x00v\x00"
    + b"{'descr': '<f8', 'fortran_order': False, 'shape': (1152921504606846976,), }".ljust(117)
    + b"\n",
    suffix=".npy",
    expect=MALFORMED,
)
add(
    "npy-eval",
    "An npy header that is an expression",
    b"\x93NUMPY\x01\x00v\x00" + b"__import__('hostile_canary').touch()".ljust(117) + b"\n",
    suffix=".npy",
    expect=MALFORMED,
)
add(
    "npy-long-header",
    "An npy header of 60,000 brackets",
    b"\x93NUMPY\x01\x00" + struct.pack("<H", 60_000) + b"(" * 60_000,
    suffix=".npy",
    expect=MALFORMED,
)
add(
    "polyglot-script",
    "A Python file that is a pickle too",
    b"(" + line("S", "'x'")[:-1] + b"\n0" + touch() + STOP,
    TOUCH,
)
add(
    "polyglot-json",
    "JSON that holds a pickle",
    b'{"a": "' + base64.b64encode(PAYLOAD) + b'"}',
    suffix=".json",
    expect=MALFORMED,
)
add(
    "polyglot-pytorch-legacy",
    "The five pickles of torch's old format",
    p(2, number(0x1950A86A20F9469CFC6C))
    + p(2, number(1001))
    + p(2, dct((text("little_endian"), b"\x88")))
    + p(2, call(glob(TOUCH)))
    + p(2, lst(text("0"))),
    TOUCH,
    later=True,
)
add(
    "joblib-array",
    "joblib's wrapper, with the array's bytes between the opcodes",
    p(
        4,
        named("joblib.numpy_pickle:NumpyArrayWrapper"),
        b")\x81",
        dct((text("dtype"), NONE)),
        b"b",
    )[:-1]
    + b"\x08"
    + bytes(8)
    + STOP,
    inside=("joblib.numpy_pickle:NumpyArrayWrapper",),
    expect=CONTAINED,
)
add(
    "joblib-nested",
    "An array of objects in joblib, which nests a pickle",
    proto(4) + named("joblib.numpy_pickle:NumpyArrayWrapper") + b")\x81}b" + PAYLOAD + STOP,
    "joblib.numpy_pickle:NumpyArrayWrapper",
)
add(
    "zodb-record",
    "A record of ZODB: a class, then a state",
    p(2, b"(", glob("hostile_canary:Thing"), b"N", b"t") + p(2, EMPTY_DICT),
    "hostile_canary:Thing",
)
add(
    "zodb-persistent",
    "A reference of ZODB",
    p(2, b"(", raw(bytes(8)), glob("hostile_canary:Thing"), b"tQ"),
    "hostile_canary:Thing",
)
add(
    "shelve-like",
    "Half of the file is a pickle of the other half",
    p(4, raw(frame(PAYLOAD))),
    expect=INERT,
)
add(
    "plain-pickle-of-pickles",
    "A real list of real pickles",
    pickle.dumps([pickle.dumps([n], n) for n in range(6)], 4),
    expect=INERT,
)
