import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from brain_tumor.files.codestream import FrameSize, frame_size, run_length


def packed(height: int, width: int, colour: bool, kind: str, **options: object) -> bytes:
    shape = (height, width, 3) if colour else (height, width)
    file = io.BytesIO()
    Image.fromarray(np.zeros(shape, np.uint8)).save(file, kind, **options)
    return file.getvalue()


@settings(max_examples=12, deadline=None)
@given(st.integers(1, 99), st.integers(1, 99), st.booleans())
def test_sizes_are_those_that_were_written(height: int, width: int, colour: bool) -> None:
    size = FrameSize(width, height, 3 if colour else 1, 8)
    assert frame_size(packed(height, width, colour, "JPEG")) == size
    assert frame_size(packed(height, width, colour, "JPEG", progressive=True)) == size
    assert frame_size(packed(height, width, colour, "JPEG2000", no_jp2=True)) == size


def test_what_is_no_codestream_has_no_size() -> None:
    jpeg = packed(9, 9, False, "JPEG")
    whole = [frame_size(jpeg[:length]) for length in range(len(jpeg))]
    assert whole[0] is whole[20] is None
    assert set(whole) == {None, FrameSize(9, 9, 1, 8)}
    for content in (b"", b"\xff\xd8text", b"\xff\x4f\xff\x51\0", packed(9, 9, False, "PNG")):
        assert frame_size(content) is None


@given(st.binary(max_size=200))
def test_any_bytes_are_looked_at_to_their_end(content: bytes) -> None:
    frame_size(b"\xff\xd8\xff" + content)
    frame_size(b"\xff\x4f\xff\x51" + content)
    assert run_length(content) >= 0


@given(st.lists(st.binary(min_size=1, max_size=300), min_size=1, max_size=4))
def test_the_length_of_runs_is_that_of_pydicom_s_decoder(segments: list[bytes]) -> None:
    rle = pytest.importorskip("pydicom.pixels.decoders.rle")
    starts = np.cumsum([64, *map(len, segments)])[:-1]
    header = b"".join(int(n).to_bytes(4, "little") for n in (len(segments), *starts))
    content = header.ljust(64, b"\0") + b"".join(segments)
    decoded = sum(len(rle._rle_decode_segment(segment)) for segment in segments)
    # Of a segment that ends within a run pydicom gives a little less.
    assert decoded <= run_length(content) <= decoded + 128 * len(segments)
