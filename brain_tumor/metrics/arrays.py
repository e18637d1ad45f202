"""Arrays of scans, by what they hold."""

import numpy as np
import numpy.typing as npt

Labels = npt.NDArray[np.int64]  # numbers of classes, groups, patients or rows
Values = npt.NDArray[np.float64]
Weights = npt.NDArray[np.int64]  # how often each group, or scan, counts in each resample
Mask = npt.NDArray[np.bool_]
