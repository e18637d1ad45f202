"""Write a folder of fake brain MRI scans, laid out as the Kaggle set and with its faults planted.

None of the scans shows a person, and nothing learned from them says anything about real tumours.
They are there to try the program, and to test it: `phantoms.csv` of the folder says of each file
what it shows, of whom, and which file it repeats.
"""

from brain_tumor.data.phantom.anatomy import CLASSES, VIEWS
from brain_tumor.data.phantom.write import PhantomSettings, write_phantoms

__all__ = ["CLASSES", "VIEWS", "PhantomSettings", "write_phantoms"]
