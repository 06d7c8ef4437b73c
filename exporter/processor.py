"""How NumPy uses this processor: its fastest sort, and one thread for each product of matrices.

Profiling sorts, so its speed depends on the sort. NumPy sorts with AVX-512 if the processor has it. That sort stores
compressed vectors, which AMD's Zen 4 does in microcode ("Avoid the memory destination form of COMPRESS instructions",
Software Optimization Guide for the AMD Zen 4 Microarchitecture, 2.11.2): there the sort with AVX2 takes a fifth of the
time. Zen 5 and Intel are not affected.

OpenBLAS starts a thread for each processor of the machine, also where a container may use one of them. The matrices
here are small: the threads mostly wait for each other, and take the time of other work while they wait.
"""

from __future__ import annotations

import os
from importlib.metadata import version
from pathlib import Path
from typing import Final

VARIABLE: Final = "NPY_DISABLE_CPU_FEATURES"
"""The environment variable that NumPy reads when it is imported."""
THREADS: Final = "OPENBLAS_NUM_THREADS"
"""The environment variable that OpenBLAS reads when NumPy or SciPy is imported."""

_CPUINFO: Final = Path("/proc/cpuinfo")
_ZEN_3_AND_4: Final = "25"


def set_up_numpy() -> None:
    """Make NumPy use its fastest sort and one thread, here unless it is already imported, and in child processes.

    A variable that is already set stays.
    """
    os.environ.setdefault(THREADS, "1")
    try:
        processor = _CPUINFO.read_text(encoding="utf-8", errors="replace").partition("\n\n")[0]
    except OSError:
        return
    if has_slow_avx512_sort(processor):
        os.environ.setdefault(VARIABLE, _avx512(version("numpy")))


def has_slow_avx512_sort(processor: str) -> bool:
    """Return whether a processor is a Zen 4: the only one of its family with AVX-512.

    Args:
        processor: its paragraph of Linux' `/proc/cpuinfo`.
    """
    fields = {
        name.strip(): value.strip() for name, _, value in (line.partition(":") for line in processor.splitlines())
    }
    zen_3_or_4 = fields.get("vendor_id") == "AuthenticAMD" and fields.get("cpu family") == _ZEN_3_AND_4
    return zen_3_or_4 and "avx512f" in fields.get("flags", "").split()


def _avx512(numpy: str) -> str:
    """Return the name of AVX-512 in a version of NumPy: it warns about names that it does not know."""
    major, minor = (int(part) for part in numpy.split(".")[:2])
    return "X86_V4" if (major, minor) >= (2, 4) else "AVX512_SKX"
