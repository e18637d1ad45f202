"""Write a folder of fake brain MRI scans, laid out as the Kaggle set and with its faults planted.

None of the scans shows a person, and nothing learned from them says anything about real tumours.
They are there to try the program, and to test it: what the folder holds is known exactly, down to
which file repeats which, so `PhantomTruth.summary` says what the prepare step has to find.
"""

from brain_tumor.data.phantom.anatomy import CLASSES, VIEWS
from brain_tumor.data.phantom.image import PhantomImage, draw_phantom
from brain_tumor.data.phantom.truth import PhantomScan, PhantomTruth, read_truth
from brain_tumor.data.phantom.write import PhantomSettings, write_phantoms

__all__ = [
    "CLASSES",
    "VIEWS",
    "PhantomImage",
    "PhantomScan",
    "PhantomSettings",
    "PhantomTruth",
    "draw_phantom",
    "read_truth",
    "write_phantoms",
]
