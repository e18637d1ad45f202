"""Formats that hold scans and are no pictures: which one a file is, and what to do with it.

By content as far as it has a mark, else by the ending of its name; of what gzip or HDF5 holds, the
ending says more.
"""

import zlib
from pathlib import PurePath

BEGIN = 1024  # bytes that suffice to tell

_HDF5 = b"\x89HDF"
_VOLUMES = "volumes are read by data=volumes and by predict"
_UNPACK = "unpack it first"
_TO_NIFTI = "turn it into NIfTI"
_BY_NIBABEL = f"{_TO_NIFTI} (nib-convert of nibabel)"
# Marks at the beginning of a file.
_MARKS: tuple[tuple[bytes, str], ...] = (
    (b"NRRD000", f"an NRRD volume, which is not read here: {_TO_NIFTI} (3D Slicer saves it so)"),
    (b"MATLAB 7.3", "a MATLAB v7.3 file: those of the Figshare set are read by data=figshare"),
    (b"MATLAB 5.0", "a MATLAB v5 file, which is not read here: save its picture as PNG"),
    (b"\x93NUMPY", "a NumPy array, which is not read here: save it as PNG or NIfTI"),
    (_HDF5, "an HDF5 file, which is not read here: save its pictures as PNG"),
    (b"CDF", f"a MINC or other netCDF file, which is not read here: {_BY_NIBABEL}"),
    (b"PK\x03\x04", f"a zip archive: {_UNPACK}"),
    (b"Rar!", f"a RAR archive: {_UNPACK}"),
    (b"7z\xbc\xaf", f"a 7z archive: {_UNPACK}"),
)
_VOLUME_ENDINGS = {
    **dict.fromkeys((".mgh", ".mgz"), "MGH"),
    ".mnc": "MINC",
    **dict.fromkeys((".par", ".rec"), "Philips PAR/REC"),
    **dict.fromkeys((".brik", ".head"), "AFNI"),
    **dict.fromkeys((".hdr", ".img"), "two-file NIfTI or Analyze"),
}
_ENDINGS = {
    **{
        ending: f"a volume ({kind}) that is not read here: {_BY_NIBABEL}"
        for ending, kind in _VOLUME_ENDINGS.items()
    },
    ".nrrd": _MARKS[0][1],
    ".nhdr": _MARKS[0][1],
    ".tar": f"a tar archive: {_UNPACK}",
    ".tgz": f"a tar archive: {_UNPACK}",
}


def is_nifti(content: bytes) -> bool:
    """Tell a NIfTI file by its first bytes, packed by gzip or not.

    Its header says its own size, 348 or 540 bytes, and has a mark; a file of two parts (`.hdr` and
    `.img`) has another mark and counts as none.
    """
    begin = _unpacked(content[:BEGIN])
    sizes = {begin[:4], begin[:4][::-1]}
    first = (348).to_bytes(4, "little") in sizes and begin[344:348] == b"n+1\0"
    return first or ((540).to_bytes(4, "little") in sizes and begin[4:8] == b"n+2\0")


def other_format(content: bytes, name: str) -> str | None:
    r"""Say which format a file is of by its first `BEGIN` bytes and name; None if none of these.

    Example:
        >>> other_format(b"PK\x03\x04 and more", "scans.zip")
        'a zip archive: unpack it first'
    """
    if is_nifti(content):
        return f"a NIfTI volume: {_VOLUMES}"
    if content[512:516] == _HDF5:  # MATLAB's text stands before it
        return _MARKS[1][1]
    found = next((said for mark, said in _MARKS if content.startswith(mark)), None)
    ending = PurePath(name).suffix.lower()
    if (found is None or content.startswith(_HDF5)) and ending in _ENDINGS:
        return _ENDINGS[ending]
    if found is None and content.startswith(b"\x1f\x8b"):
        inside = _unpacked(content[:BEGIN])
        if inside[128:132] == b"DICM":
            return f"a DICOM file packed by gzip: {_UNPACK} (gunzip)"
        return other_format(inside, PurePath(name).stem) or f"a file packed by gzip: {_UNPACK}"
    return found


def _unpacked(begin: bytes) -> bytes:
    """Give the first bytes of what gzip packed, never more than `BEGIN`."""
    if not begin.startswith(b"\x1f\x8b"):
        return begin
    try:
        return zlib.decompressobj(31).decompress(begin, BEGIN)
    except zlib.error:
        return b""
