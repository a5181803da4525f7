"""The compression around pickles comes off whole, goes on again, and never loses a byte unseen."""

import bz2
import copy
import gzip
import lzma
import pickle
import random
import struct
import subprocess
import sys
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pickle_migrate import codecs
from pickle_migrate.codec_formats import Layer
from pickle_migrate.codecs import detect, unwrap, wrap
from pickle_migrate.errors import CompressionError

PICKLE = pickle.dumps({"order": list(range(300))})
COMPRESS = {"gzip": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}
EXPAND = {"gzip": gzip.decompress, "bz2": bz2.decompress, "xz": lzma.decompress}
each_codec = pytest.mark.parametrize("codec", sorted(COMPRESS))


# --- what is recognised -----------------------------------------------------------------------


@each_codec
def test_compressed_bytes_are_recognised_and_expanded(codec):
    """A layer is found by how the bytes begin; what is inside comes out unchanged."""
    unwrapped = unwrap(COMPRESS[codec](PICKLE))
    assert unwrapped.payload == PICKLE
    assert unwrapped.codecs == (codec,)
    assert detect(COMPRESS[codec](PICKLE)) == codec


@pytest.mark.parametrize("protocol", range(6))
def test_a_plain_pickle_has_no_layer(protocol):
    """A pickle of any protocol is handed back as it is."""
    data = pickle.dumps(["BZh9", b"\x1f\x8b\x08"], protocol)
    assert unwrap(data).payload is data
    assert unwrap(data).codecs == ()
    assert detect(data) is None


def test_a_pickle_of_bytes_that_begins_like_bzip2_is_a_pickle():
    """BINBYTES has the opcode B, and its length may spell Zh9: bzip2's whole magic counts."""
    data = b"BZh91" + b"x" * 100
    assert unwrap(data).payload is data


@pytest.mark.parametrize("outer", sorted(COMPRESS))
@each_codec
def test_layers_may_be_nested(outer, codec):
    """A layer inside another comes off too; the outermost is named first."""
    data = COMPRESS[outer](COMPRESS[codec](PICKLE))
    unwrapped = unwrap(data)
    assert unwrapped.payload == PICKLE
    assert unwrapped.codecs == (outer, codec)
    assert EXPAND[codec](EXPAND[outer](wrap(PICKLE, unwrapped.layers))) == PICKLE


def test_more_than_four_layers_are_refused():
    """Bytes that expand to themselves, or to ever more layers, come to an end."""
    data = PICKLE
    for _ in range(4):
        data = gzip.compress(data)
    assert unwrap(data).payload == PICKLE
    with pytest.raises(CompressionError, match="fifth layer"):
        unwrap(gzip.compress(data))


@each_codec
def test_an_empty_payload_is_a_payload(codec):
    """Nothing, compressed, is recognised and gives nothing."""
    unwrapped = unwrap(COMPRESS[codec](b""))
    assert (unwrapped.payload, unwrapped.codecs) == (b"", (codec,))
    assert EXPAND[codec](wrap(b"", unwrapped.layers)) == b""


# --- members ----------------------------------------------------------------------------------


@each_codec
def test_all_members_are_read(codec):
    """Trap: concatenated members are legal; whoever reads one and writes one truncates."""
    compress = COMPRESS[codec]
    data = compress(PICKLE) + compress(b"") + compress(PICKLE[:7]) + compress(PICKLE[7:])
    unwrapped = unwrap(data)
    assert unwrapped.payload == PICKLE * 2
    assert EXPAND[codec](wrap(unwrapped.payload, unwrapped.layers)) == PICKLE * 2


@each_codec
def test_many_small_members_are_read(codec):
    """A log that appends a member per record has thousands of them, over many input pieces."""
    member = COMPRESS[codec](PICKLE)
    count = 3 * codecs._PIECE // len(member)
    assert unwrap(member * count).payload == PICKLE * count


@each_codec
def test_a_member_may_be_larger_than_one_piece(codec):
    """Input is fed in pieces; a member that spans several of them comes out whole."""
    payload = random.Random(1).randbytes(5 * codecs._PIECE + 3)
    assert unwrap(COMPRESS[codec](payload)).payload == payload


@each_codec
def test_what_follows_the_last_member_is_refused(codec):
    """Trap: the standard library ignores bytes after the last member; a rewrite would drop them."""
    data = COMPRESS[codec](PICKLE)
    with pytest.raises(CompressionError, match=f"followed by 3 other bytes, from byte {len(data)}"):
        unwrap(data + b"xyz")
    with pytest.raises(CompressionError, match="followed by"):
        unwrap(data + PICKLE)


@each_codec
def test_a_member_of_another_format_is_not_a_further_member(codec):
    """gzip followed by bzip2 is no gzip file."""
    other = COMPRESS["gzip" if codec == "xz" else "xz"](PICKLE)
    with pytest.raises(CompressionError, match="followed by"):
        unwrap(COMPRESS[codec](PICKLE) + other)


def test_zero_padding_is_part_of_gzip_and_xz():
    """Tapes pad gzip with zeros; xz allows them in fours, between streams too."""
    assert unwrap(gzip.compress(PICKLE) + bytes(5)).payload == PICKLE
    stream = lzma.compress(PICKLE)
    assert unwrap(stream + bytes(4) + stream + bytes(8)).payload == PICKLE * 2
    with pytest.raises(CompressionError, match="followed by 3 other bytes"):
        unwrap(stream + bytes(3))
    with pytest.raises(CompressionError, match="followed by 4 other bytes"):
        unwrap(bz2.compress(PICKLE) + bytes(4))


# --- damage -----------------------------------------------------------------------------------


@each_codec
def test_cut_bytes_are_refused_wherever_they_are_cut(codec):
    """No prefix of a compressed pickle passes for the whole, and the error says what to do."""
    data = COMPRESS[codec](PICKLE)
    for length in range(10, len(data)):
        with pytest.raises(CompressionError) as caught:
            unwrap(data[:length])
        assert caught.value.codec == codec
        assert "cut short" in str(caught.value)
        assert "backup" in str(caught.value)


@each_codec
def test_a_cut_second_member_is_refused(codec):
    """The first member being whole does not make the file whole."""
    data = COMPRESS[codec](PICKLE)
    with pytest.raises(CompressionError, match="cut short"):
        unwrap(data + data[:-1])


@each_codec
def test_a_changed_byte_is_noticed(codec):
    """The formats' own checksums are verified; no damaged payload comes out."""
    data = COMPRESS[codec](PICKLE)
    for place in range(10, len(data)):
        damaged = bytearray(data)
        damaged[place] ^= 0x55
        try:
            payload = unwrap(bytes(damaged)).payload
        except CompressionError:
            continue
        assert payload == PICKLE, place


def test_an_error_survives_pickling():
    """Errors travel between processes; their facts arrive."""
    with pytest.raises(CompressionError) as caught:
        unwrap(gzip.compress(PICKLE)[:-2])
    for again in (pickle.loads(pickle.dumps(caught.value)), copy.copy(caught.value)):
        assert (again.codec, str(again)) == ("gzip", str(caught.value))


# --- limits -----------------------------------------------------------------------------------


@each_codec
def test_a_payload_beyond_the_limit_is_refused(codec):
    """Exactly the limit passes, one byte more does not; members count together."""
    data = COMPRESS[codec](bytes(5000))
    assert len(unwrap(data, 5000).payload) == 5000
    with pytest.raises(CompressionError, match="more than 4999") as caught:
        unwrap(data, 4999)
    assert "max_size" in caught.value.advice()
    assert len(unwrap(data * 2, 10_000).payload) == 10_000
    with pytest.raises(CompressionError, match="more than 9999"):
        unwrap(data * 2, 9_999)


def test_the_default_limit_is_absolute_and_relative():
    """Small payloads are free, larger ones bound by the size of the file, all by 4 GiB."""
    assert codecs._limit(10) == codecs.FREE_SIZE
    assert codecs._limit(1024**2) == 1100 * 1024**2
    assert codecs._limit(1024**3) == codecs.MAX_SIZE


def test_one_layer_of_gzip_never_meets_the_relative_limit():
    """Deflate's best is below the ratio, so honest gzip files are only bound by the 4 GiB."""
    assert 10_000_000 / len(gzip.compress(bytes(10_000_000))) < codecs.RATIO


def test_a_bomb_is_refused_before_it_takes_the_memory():
    """A few kilobytes that hold gigabytes of zeros cost the limit, not the gigabytes."""
    script = """
import bz2, resource
resource.setrlimit(resource.RLIMIT_AS, (700 * 1024**2,) * 2)
from pickle_migrate.codecs import unwrap
from pickle_migrate.errors import CompressionError
bomb = bz2.compress(bytes(50_000_000)) * 40  # 2 GB in less than 4 kB
assert len(bomb) < 4000
try:
    unwrap(bomb, 100_000_000)
except CompressionError as error:
    print(error.problem)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "more than 100000000" in done.stdout


def test_an_xz_header_cannot_ask_for_gigabytes_of_dictionary():
    """The header names the dictionary's size, which the decoder allocates before any data."""
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 1536 * 1024**2}]
    small = [{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 4096}]
    data = bytearray(lzma.compress(PICKLE, filters=small))
    # Block header: size, flags, filter id, size of properties, dictionary size (xz format 3.1).
    place = data.index(b"\x21\x01\x00", 12) + 2
    data[place] = (
        37  # 1 GiB in LZMA2's coding: 2 | (bits & 1) << (bits // 2 + 11), bits = 37: 1.5 GiB
    )
    size = (data[12] + 1) * 4
    data[12 + size - 4 : 12 + size] = struct.pack("<L", zlib.crc32(data[12 : 12 + size - 4]))
    assert filters[0]["dict_size"] == (2 | 37 & 1) << (37 // 2 + 11)
    with pytest.raises(CompressionError, match="Memory usage limit"):
        unwrap(bytes(data))


# --- writing again ----------------------------------------------------------------------------


@given(st.binary(max_size=500), st.lists(st.sampled_from(sorted(COMPRESS)), max_size=4))
def test_wrapping_and_unwrapping_give_the_same_back(payload, names):
    """Whatever layers were found, wrapping puts the same ones on: unwrap(wrap(p, l)) is (p, l)."""
    inner = b"\x80" + payload
    data = inner
    for name in reversed(names):
        data = COMPRESS[name](data)
    layers = unwrap(data).layers
    again = unwrap(wrap(inner, layers))
    assert (again.payload, again.layers) == (inner, layers)
    assert again.codecs == tuple(names)


@each_codec
def test_the_same_input_gives_the_same_bytes(codec):
    """No time of day stands in the output: a second run writes what the first wrote."""
    layers = unwrap(COMPRESS[codec](PICKLE)).layers
    assert wrap(PICKLE, layers) == wrap(PICKLE, layers)
    if codec == "gzip":
        assert wrap(PICKLE, layers)[4:8] == bytes(4)


def test_a_gzip_header_keeps_its_name_comment_system_and_level(tmp_path):
    """gzip -d restores the file's name; the level's hint and the system are kept as well."""
    path = tmp_path / "orders.pkl"
    with gzip.open(path.with_name("orders.pkl.gz"), "wb", compresslevel=1) as file:
        file.write(PICKLE)
    (layer,) = unwrap(path.with_name("orders.pkl.gz").read_bytes()).layers
    assert layer == Layer("gzip", level=1, name=b"orders.pkl")
    again = wrap(b"new", (layer,))
    assert b"orders.pkl\0" in again
    assert gzip.decompress(again) == b"new"

    full = Layer("gzip", level=9, name=b"a", comment=b"spring", system=3)
    assert unwrap(wrap(PICKLE, (full,))).layers == (full,)


def test_a_gzip_header_with_extra_field_and_checksum_is_read():
    """FEXTRA comes before the name; it is not written again, since it may hold member sizes."""
    body = gzip.compress(PICKLE)[10:]
    header = b"\x1f\x8b\x08" + bytes([2 | 4 | 8]) + bytes(4) + b"\0\x03" + b"\x03\0abc" + b"name\0"
    data = header + struct.pack("<H", zlib.crc32(header) & 0xFFFF) + body
    unwrapped = unwrap(data)
    assert unwrapped.payload == PICKLE
    assert unwrapped.layers == (Layer("gzip", name=b"name", system=3),)
    assert unwrap(wrap(PICKLE, unwrapped.layers)).layers == unwrapped.layers


@pytest.mark.parametrize("level", range(1, 10))
def test_the_block_size_of_bzip2_is_kept(level):
    """bzip2 writes its block size into the magic; it is the same after writing again."""
    data = bz2.compress(PICKLE, level)
    assert wrap(PICKLE, unwrap(data).layers) == data


@pytest.mark.parametrize(
    "check", [lzma.CHECK_NONE, lzma.CHECK_CRC32, lzma.CHECK_CRC64, lzma.CHECK_SHA256]
)
def test_the_check_of_xz_is_kept(check):
    """A file that is checked with SHA-256 is not written again with less."""
    data = lzma.compress(PICKLE, check=check)
    assert wrap(PICKLE, unwrap(data).layers) == data


def test_the_command_line_tools_read_what_is_written(tmp_path):
    """gzip -t, bzip2 -t and xz -t, where they are installed, find nothing wrong."""
    import shutil

    suffixes = {"gzip": "gz", "bz2": "bz2", "xz": "xz"}
    tools = {"gzip": "gzip", "bz2": "bzip2", "xz": "xz"}
    found = {codec: shutil.which(tool) for codec, tool in tools.items()}
    if not any(found.values()):
        pytest.skip("none of gzip, bzip2 and xz is installed")
    for codec, tool in found.items():
        if tool is not None:
            path = tmp_path / f"orders.pkl.{suffixes[codec]}"
            path.write_bytes(wrap(PICKLE, unwrap(COMPRESS[codec](PICKLE)).layers))
            done = subprocess.run([tool, "-dc", path], capture_output=True)
            assert (done.returncode, done.stdout) == (0, PICKLE)


# --- formats that are only read -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "packed"),
    [
        ("zlib", zlib.compress(b"payload" * 100)),
        ("lzma", lzma.compress(b"payload" * 100, lzma.FORMAT_ALONE)),
    ],
)
def test_formats_that_are_taken_off_around_a_pickle_alone(name, packed):
    """Taken off when asked for, left on otherwise: their magic may stand before anything."""
    found = codecs.unwrap(packed, read_only=True)
    assert (found.payload, found.codecs) == (b"payload" * 100, (name,))
    assert codecs.detect(packed, read_only=True) == name
    assert codecs.unwrap(packed).layers == ()
    with pytest.raises(CompressionError, match="cut short"):
        codecs.unwrap(packed[:-5], read_only=True)
    with pytest.raises(CompressionError, match="the limit"):
        codecs.unwrap(packed, 10, read_only=True)


@pytest.mark.parametrize("level", [1, 3, 6, 9])
def test_a_zlib_stream_around_a_pickle(level):
    """As joblib writes it: taken off, and put on again as it was."""
    packed = zlib.compress(PICKLE, level)
    found = codecs.unwrap(packed)
    assert found == codecs.Unwrapped(PICKLE, (Layer("zlib", level),))
    assert codecs.wrap(PICKLE, found.layers) == packed


def test_an_lzma_stream_around_a_pickle():
    """The old format has no level to be kept."""
    found = codecs.unwrap(lzma.compress(PICKLE, lzma.FORMAT_ALONE))
    assert found.payload == PICKLE
    assert codecs.unwrap(codecs.wrap(PICKLE, found.layers)) == found


@pytest.mark.parametrize("length", ["0x2a", "0x2aL"])
@pytest.mark.parametrize("padded", [True, False])
def test_the_first_format_of_joblib(length, padded):
    """A zlib stream behind its length, which joblib writes without today."""
    head = b"ZF" + (length.ljust(19) if padded else length).encode()
    assert codecs.unwrap(head + zlib.compress(PICKLE)).payload == PICKLE
    assert codecs.unwrap(head + b"no stream").layers == ()


def test_what_is_damaged_can_be_read_in_part():
    """Up to the damage, and no more than asked for; of other bytes, nothing."""
    packed = gzip.compress(b"payload" * 1000)
    assert codecs.salvaged(packed + b"junk", 10_000) == b"payload" * 1000
    assert (b"payload" * 1000).startswith(codecs.salvaged(packed[:-12], 10_000))
    assert len(codecs.salvaged(packed, 50)) == 50
    assert codecs.salvaged(b"no compression", 100) == b""


def test_zstandard_is_read_where_python_has_it():
    """All frames of it; backports.zstd before Python 3.14."""
    zstd = pytest.importorskip(
        "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd"
    )
    packed = zstd.compress(b"payload") + zstd.compress(b" and more")
    found = codecs.unwrap(packed, read_only=True)
    assert (found.payload, found.codecs) == (b"payload and more", ("zstd",))
