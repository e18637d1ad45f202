"""Keep freed memory with the process, which halves an epoch's time on Linux CPUs."""

import ctypes
import platform
import sys

# From glibc's malloc.h.
M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX = -1, -2, -4


def keep_freed_memory() -> bool:
    """Tell the C library not to return freed tensors to the kernel.

    By default glibc maps every large tensor anew and the kernel zeroes its pages again at first
    touch, which is about half of GBMnet's step. Must be called before torch allocates. The process
    then keeps its peak memory until it ends.

    Returns:
        Whether it took effect: only on Linux with glibc.
    """
    if sys.platform != "linux" or platform.libc_ver()[0] != "glibc":
        return False
    library = ctypes.CDLL(None)
    settings = (
        (M_MMAP_MAX, 0),  # no mapping of its own for a large block
        (M_TRIM_THRESHOLD, 2**31 - 1),  # never shrink the heap
        (M_TOP_PAD, 64 * 2**20),  # grow it in steps of 64 MiB
    )
    return all(bool(library.mallopt(name, value)) for name, value in settings)
