"""Memory that one simulated day has given back is the next one's: a new page has to be cleared first, which takes as long as filling it."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa

# Of malloc.h, with what they are at first: the largest block that is put aside before it is joined with its neighbours (all of those are
# joined whenever a large one comes or goes), how much free memory is too much, how much is fetched beyond need, how many blocks may be maps
# of their own (which go back to the system one by one).
_MXFAST, _TRIM_THRESHOLD, _TOP_PAD, _MMAP_MAX = 1, -1, -2, -4
_USUAL = {_MXFAST: 128, _TRIM_THRESHOLD: 128 * 1024, _TOP_PAD: 128 * 1024, _MMAP_MAX: 65_536}
_KEEPING = {_MXFAST: 0, _TRIM_THRESHOLD: 1024**3, _TOP_PAD: 64 * 1024**2, _MMAP_MAX: 0}


@contextmanager
def kept_memory() -> Iterator[None]:
    """Arrow's columns come from the C library's memory, and what is freed is kept; at the end all that is free goes back to the system."""
    pool, library = pa.default_memory_pool(), ctypes.CDLL(None)
    pa.set_memory_pool(pa.system_memory_pool())
    _set(library, _KEEPING)
    try:
        yield
    finally:
        pa.set_memory_pool(pool)
        _set(library, _USUAL)
        if hasattr(library, "malloc_trim"):
            library.malloc_trim(0)


def _set(library: ctypes.CDLL, options: dict[int, int]) -> None:
    """What only glibc can be told; other C libraries keep their ways."""
    if hasattr(library, "mallopt"):
        for option, value in options.items():
            library.mallopt(option, value)
