"""In a process of its own: does OpenCV import and decode?"""

from typing import Any

from brain_tumor.doctor.child import answer, job


def look_at_opencv() -> dict[str, Any]:
    """Import OpenCV, and encode and decode a picture as scans are."""
    import cv2
    import numpy as np

    written = cv2.imencode(".png", np.arange(256, dtype=np.uint8).reshape(16, 16))[1]
    read = cv2.imdecode(written, cv2.IMREAD_UNCHANGED)
    return {"version": cv2.__version__, "decodes": read is not None and int(read[-1, -1]) == 255}


if __name__ == "__main__":
    job()
    answer({"opencv": look_at_opencv})
