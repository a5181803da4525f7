"""The records of the formats. What is done with them: see the tests of codecs."""

import pytest

from pickle_migrate.codec_formats import CODECS, IF_PICKLE, Layer, not_written, read_only_codecs
from pickle_migrate.errors import CompressionError

WRITTEN = [*CODECS.values(), *IF_PICKLE.values()]
each_format = pytest.mark.parametrize("codec", WRITTEN, ids=lambda codec: codec.name)


@each_format
def test_what_a_format_writes_is_recognised_and_read(codec):
    """By its magic; one member holds all, and ends."""
    packed = codec.compress(b"payload", Layer(codec.name))
    assert codec.magic.match(packed)
    member = codec.open()
    assert member.decompress(memoryview(packed), 100) == b"payload"
    assert member.eof
    assert member.unused_data == b""


@each_format
def test_what_is_described_is_written_again(codec):
    """The parameters that the bytes tell give the same bytes."""
    packed = codec.compress(b"payload", Layer(codec.name))
    assert codec.compress(b"payload", codec.describe(packed)) == packed


def test_each_name_leads_to_its_own_format():
    """Those that stand only around a pickle are read on request too."""
    assert list(CODECS) == ["gzip", "bz2", "xz"]
    assert [codec.name for codec in read_only_codecs()][:2] == list(IF_PICKLE) == ["zlib", "lzma"]


def test_a_format_that_is_only_read_is_not_written():
    """The error names it, and what to do."""
    with pytest.raises(CompressionError, match=r"zstd.*cannot be written again.*Decompress it"):
        not_written(b"payload", Layer("zstd"))
