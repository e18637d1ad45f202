"""DICOM against pydicom's own pipeline: apply_modality_lut, then apply_voi_lut."""

import io
import sys
import tracemalloc
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("pydicom")
import dicom_files
import hostile
from dicom_files import compressed, enhanced, made, twelve_bits, written
from pydicom import dcmread, uid
from pydicom.dataset import Dataset
from pydicom.pixels import apply_color_lut, apply_modality_lut, apply_voi_lut
from pydicom.sequence import Sequence

from brain_tumor.files import dicom
from brain_tumor.files.dicom import is_dicom, open_dicom
from brain_tumor.files.read import scans_of
from brain_tumor.files.scans import Grey, UndecodableScanError
from brain_tumor.files.source import Scan

HEAD = hostile.phantom(3, 96)
SIXTEEN = HEAD.astype(np.uint16) * 11 + 7


def grey(content: bytes, number: int = 0) -> Grey:
    return open_dicom(content).frame(number)


def reference(content: bytes) -> np.ndarray:
    """What pydicom makes of a file with a window, on 0-255."""
    dataset = dcmread(io.BytesIO(content))
    values = apply_modality_lut(dataset.pixel_array, dataset).astype(np.float64)
    # Where there is no rescaling pydicom's window ends where the stored bits do.
    seen = apply_voi_lut(values, dataset, prefer_lut=False)
    bits, slope = dataset.BitsStored, float(dataset.get("RescaleSlope", 1))
    low = -(2 ** (bits - 1)) if dataset.PixelRepresentation else 0
    ends = np.array([low, low + 2**bits - 1]) * slope + float(dataset.get("RescaleIntercept", 0))
    share = (seen - ends[0]) / (ends[1] - ends[0])
    return 255 * (1 - share if dataset.PhotometricInterpretation == "MONOCHROME1" else share)


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize("function", [None, "LINEAR", "LINEAR_EXACT", "SIGMOID"])
@pytest.mark.parametrize("slope", [None, 0.5, 3])
@pytest.mark.parametrize("kind", [np.uint16, np.int16, np.uint8])
def test_windows_are_those_of_pydicom(
    photometric: str, function: str | None, slope: float | None, kind: type
) -> None:
    elements: dict[str, object] = {"PhotometricInterpretation": photometric}
    elements |= {"WindowCenter": [100, 5000], "WindowWidth": [150, 1]}  # the first one counts
    if function is not None:
        elements["VOILUTFunction"] = function
    if slope is not None:
        elements |= {"RescaleSlope": slope, "RescaleIntercept": -12}
    values = HEAD.astype(np.int32) - (40 if kind is np.int16 else 0)
    content = written(made(values.astype(kind), **elements))
    np.testing.assert_allclose(grey(content), reference(content), atol=0.501)


def test_a_window_of_one_value_is_a_step() -> None:
    content = written(made(SIXTEEN, WindowCenter=500, WindowWidth=1))
    assert np.array_equal(grey(content), np.where(SIXTEEN > 499.5, 255, 0))


@pytest.mark.parametrize(
    "elements",
    [
        {},
        {"WindowCenter": 5, "WindowWidth": 0},
        {"WindowCenter": 5, "WindowWidth": -3, "VOILUTFunction": "SIGMOID"},
        {"WindowCenter": 5, "WindowWidth": 9, "VOILUTFunction": "SQUARE"},
        {"WindowCenter": None, "WindowWidth": None},
    ],
)
def test_without_a_sound_window_the_bulk_of_the_values_is_seen(elements: dict) -> None:
    spiked = SIXTEEN.copy()
    spiked[:2, :2] = 60_000  # fewer than one pixel in 200
    content = written(made(spiked, **elements))
    low, high = np.percentile(spiked, (0.5, 99.5))
    assert high < 5_000
    expected = 255 * np.clip((spiked - low) / (high - low), 0, 1)
    np.testing.assert_allclose(grey(content), expected, atol=0.501)
    inverted = grey(written(made(spiked, PhotometricInterpretation="MONOCHROME1", **elements)))
    assert np.array_equal(inverted, 255 - grey(content))


def test_of_one_bright_spot_all_values_are_seen_and_of_none_nothing() -> None:
    one = np.zeros((64, 64), np.uint16)
    one[3, 4] = 9
    assert np.array_equal(grey(written(made(one))), one.astype(np.uint8) // 9 * 255)
    assert len(np.unique(grey(written(made(np.full((64, 64), 700, np.uint16)))))) == 1


@pytest.mark.parametrize(
    "syntax", [uid.ImplicitVRLittleEndian, uid.ExplicitVRLittleEndian, uid.ExplicitVRBigEndian]
)
def test_every_byte_order_gives_the_same(syntax: str) -> None:
    # Big endian's writer wants its own order.
    dataset = made(SIXTEEN, syntax)
    if syntax == uid.ExplicitVRBigEndian:
        dataset["PixelData"].VR = "OW"
    assert np.array_equal(grey(written(dataset)), grey(written(made(SIXTEEN))))


@pytest.mark.parametrize("kind", ["rle", "jpeg lossless", "jpeg-ls", "jpeg 2000"])
@pytest.mark.parametrize("pixels", [HEAD, SIXTEEN], ids=["8 bits", "16 bits"])
def test_lossless_compression_loses_nothing(kind: str, pixels: np.ndarray) -> None:
    assert np.array_equal(grey(compressed(pixels, kind)), grey(written(made(pixels))))


def test_what_libjpeg_warns_of_does_not_end_the_process() -> None:
    """GDCM does, where a warning comes in front of the pixels."""
    content = compressed(HEAD, "jpeg", WindowCenter=128, WindowWidth=256)
    place = content.index(b"JFIF\0") + 5
    strange = content[:place] + b"\2" + content[place + 1 :]
    assert np.array_equal(grey(strange), grey(content))
    lossless = dicom_files.with_jfif(HEAD, version=1)
    assert np.array_equal(grey(lossless), grey(compressed(HEAD, "jpeg lossless")))
    with pytest.raises(UndecodableScanError, match="its compressed pixels are damaged"):
        grey(dicom_files.with_jfif(HEAD, version=2))


def test_jpeg_is_decoded_as_a_picture_would_be() -> None:
    window = {"WindowCenter": 128, "WindowWidth": 256}
    found = grey(compressed(HEAD, "jpeg", **window)).astype(int)
    jpeg = cv2.imdecode(np.frombuffer(hostile.encoded(HEAD, "JPEG", quality=95), np.uint8), 0)
    assert np.abs(found - jpeg).max() <= 1


@pytest.mark.parametrize("kind", [np.uint16, np.uint32])
def test_colour_of_more_bits_is_seen_by_its_bulk(kind: type) -> None:
    colour = np.stack([HEAD, np.roll(HEAD, 3, 0), HEAD // 2], axis=-1).astype(kind) * 200
    values = colour @ np.array([0.299, 0.587, 0.114])
    low, high = np.percentile(values, (0.5, 99.5))
    expected = 255 * np.clip((values - low) / (high - low), 0, 1)
    np.testing.assert_allclose(grey(written(made(colour))), expected, atol=1)


@pytest.mark.parametrize("kind", ["plain", "rle", "jpeg"])
def test_colour_becomes_grey_by_opencv_s_weights(kind: str) -> None:
    colour = np.stack([HEAD, np.roll(HEAD, 3, 0), HEAD // 2], axis=-1)
    content = written(made(colour)) if kind == "plain" else compressed(colour, kind)
    expected = cv2.cvtColor(colour, cv2.COLOR_RGB2GRAY).astype(int)
    difference = np.abs(grey(content).astype(int) - expected)
    assert difference.max() == 0 if kind != "jpeg" else difference.mean() < 3


def test_each_frame_has_its_own_window_and_the_slope_of_all(tmp_path: Path) -> None:
    frames = np.stack([SIXTEEN, SIXTEEN[::-1], SIXTEEN // 2])
    windows = [(500.0, 900.0), (900.0, 300.0), (200.0, 50.0)]
    content = enhanced(frames, windows, slope=0.5)
    found = open_dicom(content)
    assert found.frames == 3
    for number, (centre, width) in enumerate(windows):
        alone = {"WindowCenter": centre, "WindowWidth": width, "RescaleSlope": 0.5}
        one = written(made(frames[number], **alone, RescaleIntercept=-5))
        assert np.array_equal(found.frame(number), grey(one))
    (tmp_path / "many").write_bytes(content)
    assert len(scans_of(tmp_path, Scan("many", "x"))) == 3


def test_what_is_dicom_is_told_by_its_bytes_or_its_name(tmp_path: Path) -> None:
    content = written(made(HEAD))
    assert is_dicom(content, "IM0001")
    assert is_dicom(b"anything", "a.DCM")
    assert not is_dicom(hostile.lossless(1), "a.png")
    bare = content[dicom.PREAMBLE :]
    assert np.array_equal(grey(bare), grey(content))  # as old archives write them
    for name in ("gone", "."):
        assert scans_of(tmp_path, Scan(name, "x")) == [Scan(name, "x")]


BAD = {
    "deflated": (dicom_files.deflated_bomb, "compressed in a way that is not read"),
    "film": (lambda: film(), "compressed in a way that is not read"),
    "no picture": (lambda: without("PixelData"), "without a picture"),
    "no rows": (lambda: without("Rows"), "header is damaged"),
    "too large": (lambda: written(made(HEAD, Rows=60_000, Columns=60_000)), "60,000 x 60,000"),
    "too short": (lambda: written(made(HEAD, Rows=900)), "pixels are damaged"),
    "frames": (lambda: written(made(HEAD, NumberOfFrames=2**30)), "1,073,741,824 frames"),
    "negative": (lambda: written(made(HEAD, NumberOfFrames=-1)), "-1 frames"),
    "palette": (
        lambda: written(made(HEAD, PhotometricInterpretation="PALETTE COLOR")),
        "palette is missing",
    ),
    "hue": (
        lambda: written(made(HEAD, PhotometricInterpretation="HSV")),
        "PhotometricInterpretation 'HSV'",
    ),
    "slope": (lambda: written(made(HEAD, RescaleSlope=0)), "RescaleSlope"),
    "cut": (lambda: written(made(HEAD))[:-999], "damaged"),
    "head": (lambda: written(made(HEAD))[:200], "a DICOM file without a picture|damaged"),
    "jpeg larger": (lambda: lying("jpeg"), "others than its header says"),
    "j2k larger": (lambda: lying("jpeg 2000"), "others than its header says"),
    "lossless larger": (lambda: lying("jpeg lossless"), "others than its header says"),
    "jpeg cut": (lambda: compressed(HEAD, "jpeg")[:-1500], "without a picture"),
    "rle bomb": (lambda: rle_bomb(), "more than its header says"),
    "text": (lambda: b"no DICOM at all " * 40, "damaged|without a picture"),
    "nothing": (lambda: b"", "damaged|without a picture"),
}


def without(name: str) -> bytes:
    dataset = made(HEAD)
    delattr(dataset, name)
    return written(dataset)


def film() -> bytes:
    dataset = made(HEAD, uid.MPEG2MPML)
    dataset.PixelData = dicom_files.encapsulate([b"film"])
    return written(dataset)


def lying(kind: str) -> bytes:
    dataset = dcmread(io.BytesIO(compressed(HEAD, kind)))
    dataset.Rows = dataset.Columns = 32
    return written(dataset)


def rle_bomb() -> bytes:
    dataset = made(HEAD)
    dataset.compress(uid.RLELossless)
    header = (1).to_bytes(4, "little") + (64).to_bytes(4, "little") + b"\0" * 56
    dataset.PixelData = dicom_files.encapsulate([header + b"\x81\0" * 200_000])
    return written(dataset)


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_decoded_is_refused_in_bounded_memory(name: str) -> None:
    make, told = BAD[name]
    content = make()
    tracemalloc.start()
    try:
        with pytest.raises(UndecodableScanError, match=told) as caught:
            grey(content)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 40 * 2**20
    assert not any(value in str(caught.value) for value in dicom_files.IDENTITY.values())


def test_a_lying_number_of_frames_is_not_believed(tmp_path: Path) -> None:
    for name in ("frames", "deflated", "text"):
        (tmp_path / "a.dcm").write_bytes(BAD[name][0]())
        assert scans_of(tmp_path, Scan("a.dcm", "x")) == [Scan("a.dcm", "x")]


def test_without_pydicom_or_a_plug_in_one_sentence_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plain, lossless = written(made(HEAD)), compressed(HEAD, "jpeg lossless")
    with monkeypatch.context() as gone:
        gone.setattr("pydicom.pixels.decoders.gdcm.HAVE_GDCM", False)
        decoder = dicom_files.pydicom.pixels.get_decoder(uid.JPEGLosslessSV1)
        gone.setattr(type(decoder), "is_available", property(lambda _: False))
        with pytest.raises(UndecodableScanError, match=r"JPEG lossless, which needs .*\[dicom\]"):
            grey(lossless)
    with monkeypatch.context() as gone:
        gone.setitem(sys.modules, "pydicom.filereader", None)
        with pytest.raises(UndecodableScanError, match=r"needs pydicom: pip install"):
            grey(plain)


def test_nobody_s_name_is_ever_parsed() -> None:
    found = open_dicom(written(made(HEAD)))
    held = repr(found) + str(found._dataset)
    for name, value in dicom_files.IDENTITY.items():
        assert name not in held and value not in held


def table(entries: np.ndarray, first: int, bits: int, kind: str) -> Dataset:
    """Make an item of ModalityLUTSequence or VOILUTSequence, its data as bytes or as numbers."""
    item = Dataset()
    item.LUTDescriptor = [len(entries) % 2**16, first, bits]
    item["LUTDescriptor"].VR = "US"
    if kind == "OW":
        item.add_new("LUTData", "OW", entries.astype("<u2").tobytes())
    else:
        item.add_new("LUTData", "US", entries.tolist())
    return item


def by_tables(content: bytes) -> np.ndarray:
    """What pydicom makes of a file whose VOI table has entries of 12 bits, on 0-255."""
    dataset = dcmread(io.BytesIO(content))
    return apply_voi_lut(apply_modality_lut(dataset.pixel_array, dataset), dataset) * (255 / 4095)


@pytest.mark.parametrize("kind", ["OW", "US"])
@pytest.mark.parametrize("modality", [False, True])
def test_tables_are_those_of_pydicom(kind: str, modality: bool) -> None:
    falling = np.rint(np.linspace(4095, 0, 1001)).astype(np.uint16)
    elements: dict[str, object] = {"VOILUTSequence": Sequence([table(falling, 0, 12, kind)])}
    elements |= {"WindowCenter": 40, "WindowWidth": 80}  # the table counts
    if modality:
        rising = (np.arange(3000) // 3).astype(np.uint16)
        elements["ModalityLUTSequence"] = Sequence([table(rising, 5, 16, kind)])
    content = written(made(SIXTEEN, **elements))
    np.testing.assert_allclose(grey(content), by_tables(content), atol=0.501)
    assert len(np.unique(grey(content))) > 50


def test_a_table_of_modality_alone_is_seen_through_the_bulk_of_its_values() -> None:
    squares = (np.arange(4096, dtype=np.int64) ** 2 // 300).astype(np.uint16)
    content = written(made(SIXTEEN, ModalityLUTSequence=Sequence([table(squares, 0, 16, "OW")])))
    assert np.array_equal(grey(content), grey(written(made(squares[SIXTEEN]))))


def test_a_table_of_eight_bits_is_not_cut_to_256_entries() -> None:
    entries = (np.arange(1001) // 4).astype(np.uint16)  # pydicom's own place in it has 8 bits here
    content = written(made(SIXTEEN, VOILUTSequence=Sequence([table(entries, 0, 8, "US")])))
    assert np.array_equal(grey(content), entries[np.minimum(SIXTEEN, 1000)])


def test_a_damaged_table_is_a_reason() -> None:
    short = table(np.arange(10, dtype=np.uint16), 0, 12, "OW")
    short.LUTDescriptor = [4000, 0, 12]
    with pytest.raises(UndecodableScanError, match=r"table of grey values \(LUT\) is damaged"):
        grey(written(made(SIXTEEN, VOILUTSequence=Sequence([short]))))


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize("window", [{}, {"WindowCenter": 500, "WindowWidth": 900}])
def test_padding_is_black_and_has_no_say(photometric: str, window: dict) -> None:
    values = SIXTEEN.astype(np.int16)
    padding = np.zeros(values.shape, bool)
    padding[:, :30] = True
    elements = {"PhotometricInterpretation": photometric, **window}
    around = np.where(padding, -2000, values).astype(np.int16)
    dataset = made(around, **elements)
    dataset.add_new("PixelPaddingValue", "SS", -2000)
    found = grey(written(dataset))
    assert not found[padding].any()
    inside = grey(written(made(np.ascontiguousarray(values[:, 30:]), **elements)))
    assert np.array_equal(found[:, 30:], inside)
    dataset.add_new("PixelPaddingRangeLimit", "SS", 3000)
    assert not grey(written(dataset)).any()
    volume = open_dicom(written(made(values, **elements))).values(0)
    padded = made(around, **elements)
    padded.add_new("PixelPaddingValue", "SS", -2000)
    seen = open_dicom(written(padded)).values(0)
    assert np.array_equal(seen[:, 30:], volume[:, 30:])
    assert (seen[:, :30] == volume[:, 30:].min()).all()


@pytest.mark.parametrize("bits", [8, 16])
def test_a_palette_s_colours_become_grey(bits: int) -> None:
    numbers = (HEAD // 8).astype(np.uint8)
    colours = np.random.default_rng(0).integers(0, 2**bits, (3, 32)).astype(f"<u{bits // 8}")
    dataset = made(numbers, PhotometricInterpretation="PALETTE COLOR")
    for name, entries in zip(("Red", "Green", "Blue"), colours, strict=True):
        setattr(dataset, f"{name}PaletteColorLookupTableDescriptor", [32, 0, bits])
        dataset[f"{name}PaletteColorLookupTableDescriptor"].VR = "US"
        setattr(dataset, f"{name}PaletteColorLookupTableData", entries.tobytes())
    content = written(dataset)
    rgb = apply_color_lut(numbers, dcmread(io.BytesIO(content))) * (255 / (2**bits - 1))
    weights = np.array([0.299, 0.587, 0.114])
    assert np.abs(grey(content) - rgb @ weights).max() <= 1.5


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_float_pixels_are_read(kind: type) -> None:
    values = HEAD.astype(kind) / 1000
    dataset = made(values)
    del dataset.PixelData, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation
    name = "FloatPixelData" if kind is np.float32 else "DoubleFloatPixelData"
    setattr(dataset, name, values.tobytes())
    low, high = np.percentile(values, (0.5, 99.5))
    expected = 255 * np.clip((values - low) / (high - low), 0, 1)
    np.testing.assert_allclose(grey(written(dataset)), expected, atol=0.51)
    setattr(dataset, name, np.full_like(values, np.nan).tobytes())
    with pytest.raises(UndecodableScanError, match="values that are no numbers"):
        grey(written(dataset))


def test_jpeg_2000_in_its_file_format_is_decoded() -> None:
    dataset = dcmread(io.BytesIO(compressed(HEAD, "jpeg 2000")))
    boxed = hostile.encoded(HEAD, "JPEG2000")
    assert boxed[4:8] == b"jP  "
    dataset.PixelData = dicom_files.encapsulate([boxed])
    assert np.array_equal(grey(written(dataset)), grey(written(made(HEAD))))
    dataset.Rows = 32
    with pytest.raises(UndecodableScanError, match="others than its header says"):
        grey(written(dataset))


def test_jpeg_of_twelve_bits_and_rle_of_one_are_named() -> None:
    with pytest.raises(UndecodableScanError, match="lossy JPEG of 12 bits, which is not decoded"):
        grey(twelve_bits(HEAD))
    dataset = dcmread(io.BytesIO(compressed(HEAD, "rle")))
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 1, 1, 0
    with pytest.raises(UndecodableScanError, match="of 1 bit and run-length encoded"):
        grey(written(dataset))
