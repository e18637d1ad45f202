"""An audit and its contact sheets, for the tests of the page."""

import numpy as np
import numpy.typing as npt
import pytest
from sample_audit import AUDIT, CONTRADICTED

from brain_tumor.audit.page.page import audit_page
from brain_tumor.audit.results.audit import Audit
from brain_tumor.rendering.charts.contact_sheet import contact_sheet, group_sheet
from brain_tumor.rendering.page import Page


def drawn_scan(number: int, size: tuple[int, int] = (96, 80)) -> npt.NDArray[np.uint8]:
    """Draw a bright ellipse, another one for each number."""
    rows, columns = np.mgrid[-1 : 1 : size[0] * 1j, -1 : 1 : size[1] * 1j]
    radius = np.hypot(rows * (1.1 + number % 3 / 5), columns * (1.2 + number % 4 / 6))
    return np.where(radius < 1, 60 + 150 * np.cos(3 * radius + number) ** 2, 8).astype(np.uint8)


@pytest.fixture
def audit() -> Audit:
    return AUDIT


@pytest.fixture(scope="session")
def audit_sheets() -> dict[str, bytes]:
    pairs = [[(drawn_scan(i), f"Training/pituitary/Tr-pi_{i:04d}.jpg")] * 2 for i in range(9)]
    return {
        "wrong_extension": contact_sheet([drawn_scan(i) for i in range(5)], ["a/b.jpg"] * 5),
        "odd_size": contact_sheet(
            [drawn_scan(i, (60 + i, 90)) for i in range(50)],
            [f"Training/notumor/Tr-no_{i:04d}.jpg\n{150 + i} x 198" for i in range(50)],
        ),
        "near_clusters": group_sheet([[pair for pair in pairs for pair in pair], *pairs]),
        "near_across_labels": group_sheet(pairs[:4]),
        "near_missed": group_sheet(pairs[:1]),
        "contradicted": contact_sheet([drawn_scan(i) for i in range(4)], CONTRADICTED),
    }


@pytest.fixture
def page(audit: Audit, audit_sheets: dict[str, bytes]) -> Page:
    return audit_page(audit, audit_sheets)
