"""Files as fuzzing starts from, by format, and what is done to their bytes."""

import gzip
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import dicom_files
import hostile
import nibabel
import numpy as np
from bodies import body
from figshare_files import figshare_file
from hypothesis import strategies as st
from PIL import Image
from pydicom import uid
from pydicom.sequence import Sequence as Items

_PIXELS = hostile.phantom(0, 72)
_GREY = Image.fromarray(_PIXELS)
SIXTEEN = _PIXELS.astype(np.uint16) * 200

_COLOUR = np.stack([_PIXELS, np.roll(_PIXELS, 3, 0), _PIXELS // 2], axis=-1)
_WINDOW = {"WindowCenter": 400, "WindowWidth": 700, "RescaleSlope": 0.5, "RescaleIntercept": -9}


def _tables() -> bytes:
    item = dicom_files.Dataset()
    item.LUTDescriptor = [256, 0, 12]
    item["LUTDescriptor"].VR = "US"
    item.add_new("LUTData", "US", [*range(0, 4096, 16)])
    return dicom_files.written(dicom_files.made(_PIXELS, VOILUTSequence=Items([item])))


def _palette() -> bytes:
    dataset = dicom_files.made(_PIXELS, PhotometricInterpretation="PALETTE COLOR")
    for colour in ("Red", "Green", "Blue"):
        setattr(dataset, f"{colour}PaletteColorLookupTableDescriptor", [256, 0, 8])
        dataset[f"{colour}PaletteColorLookupTableDescriptor"].VR = "US"
        setattr(dataset, f"{colour}PaletteColorLookupTableData", bytes(range(256)))
    return dicom_files.written(dataset)


def _big_endian() -> bytes:
    dataset = dicom_files.made(SIXTEEN, uid.ExplicitVRBigEndian)
    dataset["PixelData"].VR = "OW"
    return dicom_files.written(dataset)


def _nifti(kind: type, dtype: str) -> bytes:
    image = kind(body((24, 28, 20)).astype(dtype), np.diag([1, 1, 2, 1]))
    with tempfile.TemporaryDirectory() as folder:
        nibabel.save(image, Path(folder, "a.nii"))
        return Path(folder, "a.nii").read_bytes()


def _lossless_jpeg(kind: str) -> Callable[[], bytes]:
    return lambda: dicom_files.compressed(SIXTEEN, kind, **_WINDOW)


# One of every way that a format stores pixels; made when they are asked for.
FORMATS: dict[str, dict[str, Callable[[], bytes]]] = {
    "jpeg": {
        "grey": lambda: hostile.encoded(_GREY, "JPEG"),
        "colour": lambda: hostile.encoded(_GREY.convert("RGB"), "JPEG", quality=40),
        "progressive": lambda: hostile.encoded(_GREY.convert("RGB"), "JPEG", progressive=True),
        "cmyk": lambda: hostile.encoded(_GREY.convert("CMYK"), "JPEG"),
    },
    "png": {
        "grey": lambda: hostile.encoded(_GREY, "PNG"),
        "palette": lambda: hostile.encoded(_GREY.convert("P"), "PNG"),
        "alpha": lambda: hostile.encoded(_GREY.convert("LA"), "PNG"),
        "16 bits": lambda: hostile.encoded(SIXTEEN, "PNG"),
        "animated": lambda: hostile.frames("PNG", 1),
    },
    "tiff": {
        "plain": lambda: hostile.encoded(_GREY, "TIFF"),
        "lzw": lambda: hostile.encoded(_GREY.convert("RGB"), "TIFF", compression="tiff_lzw"),
        "deflate": lambda: hostile.encoded(SIXTEEN, "TIFF", compression="tiff_adobe_deflate"),
        "jpeg": lambda: hostile.encoded(_GREY, "TIFF", compression="jpeg"),
        "float": lambda: hostile.encoded(_PIXELS.astype(np.float32), "TIFF"),
        "pages": lambda: hostile.frames("TIFF", 1),
    },
    "gif": {
        "single": lambda: hostile.encoded(_GREY, "GIF"),
        "animated": lambda: hostile.frames("GIF", 1),
    },
    "bmp": {
        "grey": lambda: hostile.encoded(_GREY, "BMP"),
        "colour": lambda: hostile.encoded(_GREY.convert("RGB"), "BMP"),
    },
    "webp": {
        "lossy": lambda: hostile.encoded(_GREY, "WEBP"),
        "lossless": lambda: hostile.encoded(_GREY, "WEBP", lossless=True),
        "animated": lambda: hostile.frames("WEBP", 1),
    },
    "jp2": {
        "boxes": lambda: hostile.encoded(_GREY, "JPEG2000"),
        "codestream": lambda: hostile.encoded(_GREY.convert("RGB"), "JPEG2000", no_jp2=True),
    },
    "pgm": {"grey": lambda: hostile.encoded(_GREY, "PPM")},
    "dcm": {
        "8 bits": lambda: dicom_files.written(dicom_files.made(_PIXELS)),
        "window": lambda: dicom_files.written(dicom_files.made(SIXTEEN, **_WINDOW)),
        "big endian": _big_endian,
        "colour": lambda: dicom_files.written(dicom_files.made(_COLOUR)),
        "frames": lambda: dicom_files.enhanced(
            np.stack([SIXTEEN] * 3), [(400, 700), (500, 900), (600, 300)], 0.5
        ),
        "tables": _tables,
        "palette": _palette,
    },
    "dcm rle": {"rle": lambda: dicom_files.compressed(SIXTEEN, "rle", **_WINDOW)},
    "dcm jpeg": {
        "grey": lambda: dicom_files.compressed(_PIXELS, "jpeg"),
        "colour": lambda: dicom_files.compressed(_COLOUR, "jpeg"),
    },
    "dcm jpeg lossless": {
        "lossless": _lossless_jpeg("jpeg lossless"),
        "jfif": lambda: dicom_files.with_jfif(SIXTEEN, version=1),
    },
    "dcm jpeg-ls": {"lossless": _lossless_jpeg("jpeg-ls")},
    "dcm jp2": {"lossless": _lossless_jpeg("jpeg 2000")},
    "nii": {
        "int16": lambda: _nifti(nibabel.Nifti1Image, "int16"),
        "float32": lambda: _nifti(nibabel.Nifti1Image, "float32"),
        "second version": lambda: _nifti(nibabel.Nifti2Image, "uint8"),
    },
    "nii.gz": {"packed": lambda: gzip.compress(_nifti(nibabel.Nifti1Image, "int16"))},
    "mat": {"v7.3": lambda: figshare_file(SIXTEEN, 2, "1234A", _PIXELS > 100)},
    "csv": {
        "table": lambda: (
            b"path,label,patient,part,slice\n"
            b'a.png,glioma,P1,train,s1\n"b, b.png",notumor,P2,test,\n'
            b"caf\xc3\xa9.png,glioma,,validation,s2\n"
        ),
    },
}

# Numbers at which sizes, counts and offsets go wrong.
_EDGES = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


@st.composite
def mutated(draw: st.DrawFn, whole: Sequence[bytes]) -> bytes:
    """Bytes of a file with bits flipped, fields set, parts cut out, doubled or of another.

    Args:
        draw: Hypothesis's.
        whole: Files of a format.
    """
    content = bytearray(draw(st.sampled_from(whole)))
    for _ in range(draw(st.integers(1, 6))):
        if not content:
            break
        # Most of what can go wrong stands in the header; DICOM's and NIfTI's are the longest.
        last = min(draw(st.sampled_from([63, 399, 1023, 2**20])), len(content) - 1)
        place = draw(st.integers(0, last))
        match draw(st.sampled_from(("bit", "byte", "field", "cut", "end", "double", "splice"))):
            case "bit":
                content[place] ^= 1 << draw(st.integers(0, 7))
            case "byte":
                content[place] = draw(st.integers(0, 255))
            case "field":
                width = draw(st.sampled_from((2, 4)))
                order = draw(st.sampled_from(("little", "big")))
                number = draw(st.sampled_from(_EDGES)) % (1 << 8 * width)
                content[place : place + width] = number.to_bytes(width, order)
            case "cut":
                del content[place : place + draw(st.integers(1, 64))]
            case "end":
                del content[place:]
            case "double":
                part = content[place : place + draw(st.integers(1, 64))]
                content[place:place] = part * draw(st.integers(1, 4))
            case "splice":
                other = draw(st.sampled_from(whole))
                start = draw(st.integers(0, len(other) - 1))
                content[place:] = other[start:]
    return bytes(content)
