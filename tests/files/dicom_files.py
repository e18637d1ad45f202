"""DICOM files in every variant, written by pydicom, with a patient's identity in each."""

import io
import zlib

import numpy as np
import pytest
from PIL import Image

pydicom = pytest.importorskip("pydicom")
from pydicom import uid  # noqa: E402
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset  # noqa: E402
from pydicom.encaps import encapsulate, get_frame  # noqa: E402
from pydicom.sequence import Sequence  # noqa: E402

# What must not be found in any output.
IDENTITY = {
    "PatientName": "Zebedee^Quux",
    "PatientID": "ID-8415796-ZQ",
    "PatientBirthDate": "19610412",
    "PatientComments": "likes marmalade",
    "ReferringPhysicianName": "Strangelove^Doc",
    "InstitutionName": "Nowhere General",
    "AccessionNumber": "ACC00417",
    "OtherPatientIDs": "second-id-77",
    "StudyDescription": "MRBRAIN-ZQ",
}


def made(
    pixels: np.ndarray, syntax: str = uid.ExplicitVRLittleEndian, **elements: object
) -> Dataset:
    """Make a data set of a frame `(H, W)`, frames `(F, H, W)` or a colour frame `(H, W, 3)`."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = syntax
    meta.MediaStorageSOPClassUID = uid.MRImageStorage
    meta.MediaStorageSOPInstanceUID = "1.2.3"
    dataset = FileDataset(None, {}, file_meta=meta, preamble=b"\0" * 128)
    for name, value in IDENTITY.items():
        setattr(dataset, name, value)
    colour = pixels.shape[-1] == 3
    dataset.SOPClassUID, dataset.SOPInstanceUID = uid.MRImageStorage, "1.2.3"
    dataset.Rows, dataset.Columns = pixels.shape[-3:-1] if colour else pixels.shape[-2:]
    dataset.SamplesPerPixel = 3 if colour else 1
    dataset.PhotometricInterpretation = "RGB" if colour else "MONOCHROME2"
    if colour:
        dataset.PlanarConfiguration = 0
    elif pixels.ndim == 3:
        dataset.NumberOfFrames = len(pixels)
    dataset.BitsAllocated = dataset.BitsStored = 8 * pixels.dtype.itemsize
    dataset.HighBit = dataset.BitsStored - 1
    dataset.PixelRepresentation = int(pixels.dtype.kind == "i")
    for name, value in elements.items():
        setattr(dataset, name, value)
    order = ">" if syntax == uid.ExplicitVRBigEndian else "<"
    stored = pixels.astype(pixels.dtype.newbyteorder(order)).tobytes()
    dataset.PixelData = stored + b"\0" * (len(stored) % 2)
    return dataset


def written(dataset: Dataset) -> bytes:
    file = io.BytesIO()
    pydicom.dcmwrite(file, dataset, enforce_file_format=True)
    return file.getvalue()


def compressed(pixels: np.ndarray, kind: str, **elements: object) -> bytes:
    """Write one frame, compressed by PIL or GDCM."""
    if kind == "rle":
        dataset = made(pixels, **elements)
        dataset.compress(uid.RLELossless)
        return written(dataset)
    if kind in ("jpeg", "jpeg 2000"):
        file = io.BytesIO()
        if kind == "jpeg":
            Image.fromarray(pixels).save(file, "JPEG", quality=95)
        else:
            Image.fromarray(pixels).save(file, "JPEG2000", no_jp2=True)
        syntax = uid.JPEGBaseline8Bit if kind == "jpeg" else uid.JPEG2000Lossless
        dataset = made(pixels, syntax, **elements)
        if kind == "jpeg" and pixels.shape[-1] == 3:
            dataset.PhotometricInterpretation = "YBR_FULL_422"
        dataset.PixelData = encapsulate([file.getvalue()])
        dataset["PixelData"].VR = "OB"
        return written(dataset)
    return by_gdcm(written(made(pixels, **elements)), kind)


def twelve_bits(pixels: np.ndarray) -> bytes:
    """A file whose lossy JPEG says that its values have 12 bits."""
    dataset = pydicom.dcmread(io.BytesIO(compressed(pixels, "jpeg")))
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG")
    jpeg = bytearray(file.getvalue())
    jpeg[jpeg.index(b"\xff\xc0") + 1] = 0xC1  # extended
    jpeg[jpeg.index(b"\xff\xc1") + 4] = 12
    dataset.file_meta.TransferSyntaxUID = uid.JPEGExtended12Bit
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 12, 11
    dataset.PixelData = encapsulate([bytes(jpeg)])
    return written(dataset)


def with_jfif(pixels: np.ndarray, version: int) -> bytes:
    """A file of lossless JPEG with a JFIF part of some version, of which there is but 1."""
    dataset = pydicom.dcmread(io.BytesIO(compressed(pixels, "jpeg lossless")))
    frame = get_frame(dataset.PixelData, 0, number_of_frames=1)
    part = b"\xff\xe0\0\x10JFIF\0" + bytes([version]) + b"\1\0\0\1\0\1\0\0"
    dataset.PixelData = encapsulate([frame[:2] + part + frame[2:]])
    return written(dataset)


def by_gdcm(content: bytes, kind: str) -> bytes:
    gdcm = pytest.importorskip("gdcm")
    import tempfile
    from pathlib import Path

    kinds = {
        "jpeg lossless": gdcm.TransferSyntax.JPEGLosslessProcess14_1,
        "jpeg-ls": gdcm.TransferSyntax.JPEGLSLossless,
    }
    with tempfile.TemporaryDirectory() as place:
        path = Path(place, "plain.dcm")
        path.write_bytes(content)
        reader = gdcm.ImageReader()
        reader.SetFileName(str(path))
        assert reader.Read()
        change = gdcm.ImageChangeTransferSyntax()
        change.SetTransferSyntax(gdcm.TransferSyntax(kinds[kind]))
        change.SetInput(reader.GetImage())
        assert change.Change()
        writer = gdcm.ImageWriter()
        writer.SetFileName(str(Path(place, "made.dcm")))
        writer.SetFile(reader.GetFile())
        writer.SetImage(change.GetOutput())
        assert writer.Write()
        return Path(place, "made.dcm").read_bytes()


def enhanced(pixels: np.ndarray, windows: list[tuple[float, float]], slope: float) -> bytes:
    """Write frames whose windows stand in a group of each, and whose slope in one of all."""

    def nested(name: str, **values: float) -> Dataset:
        inner, outer = Dataset(), Dataset()
        for key, value in values.items():
            setattr(inner, key, value)
        setattr(outer, name, Sequence([inner]))
        return outer

    shared = nested("PixelValueTransformationSequence", RescaleSlope=slope, RescaleIntercept=-5)
    each = [
        nested("FrameVOILUTSequence", WindowCenter=centre, WindowWidth=width)
        for centre, width in windows
    ]
    return written(
        made(
            pixels,
            SharedFunctionalGroupsSequence=Sequence([shared]),
            PerFrameFunctionalGroupsSequence=Sequence(each),
            RescaleSlope=100,
        )
    )


def deflated_bomb(mib: int = 100) -> bytes:
    """A file of some 100 KB whose data set is deflated zeros."""
    head = written(made(np.zeros((8, 8), np.uint8), uid.DeflatedExplicitVRLittleEndian))
    packed = zlib.compressobj(9, zlib.DEFLATED, -15)
    zeros = b"".join(packed.compress(b"\0" * 2**20) for _ in range(mib)) + packed.flush()
    # The group's length stands in the first element behind the preamble.
    end = 144 + int.from_bytes(head[140:144], "little")
    return head[:end] + zeros
