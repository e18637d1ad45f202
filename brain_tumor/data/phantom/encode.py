"""Encode a drawing as one of the kinds of file that the Kaggle set holds."""

import io

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]


def encode(pixels: Pixels, kind: str, quality: int, compression: int = 1) -> bytes:
    """Encode grey pixels ``(H, W)`` uint8 as one kind of file."""
    if kind == "png-palette":
        stream = io.BytesIO()
        # A palette of greys, so that the decoded pixels are the ones drawn.
        Image.fromarray(pixels).convert("P").save(stream, "PNG", compress_level=compression)
        return stream.getvalue()
    channels: NDArray[np.uint8] | NDArray[np.uint16] = pixels
    if kind in ("jpeg-rgb", "png-rgb-named-jpg"):
        channels = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR), np.uint8)
    elif kind == "png-rgba":
        channels = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGRA), np.uint8)
    elif kind == "png-16bit":
        # Scanners use 12 of the 16 bits.
        channels = np.rint(pixels.astype(np.float64) * (4095 / 255)).astype(np.uint16)
    if kind.startswith("jpeg"):
        done, content = cv2.imencode(".jpg", channels, [cv2.IMWRITE_JPEG_QUALITY, quality])
    else:
        done, content = cv2.imencode(".png", channels, [cv2.IMWRITE_PNG_COMPRESSION, compression])
    if not done:
        raise RuntimeError(f"OpenCV could not encode a {kind} scan of {pixels.shape}")
    return bytes(content)
