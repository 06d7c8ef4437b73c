"""Which of NumPy's sorts is quick on this processor: profiles are made by sorting, so it decides what a row costs.

NumPy sorts with AVX-512 wherever it is there. Its sort stores compressed vectors, which AMD's Zen 4 does in microcode
("Avoid the memory destination form of COMPRESS instructions", Software Optimization Guide for the AMD Zen 4
Microarchitecture, 2.11.2): there the sort with AVX2 takes a fifth of the time. Zen 5 and Intel's are not concerned.
"""

from __future__ import annotations

import os
from importlib.metadata import version
from pathlib import Path
from typing import Final

VARIABLE: Final = "NPY_DISABLE_CPU_FEATURES"
"""What NumPy reads when it is imported."""

_CPUINFO: Final = Path("/proc/cpuinfo")
_ZEN_3_AND_4: Final = "25"


def prefer_quick_sort() -> None:
    """Let NumPy, unless it is imported already, and that of processes started from here sort as is quick.

    Whoever has set the variable is left alone.
    """
    try:
        processor = _CPUINFO.read_text(encoding="utf-8", errors="replace").partition("\n\n")[0]
    except OSError:
        return
    if stores_compressed_slowly(processor):
        os.environ.setdefault(VARIABLE, _avx512(version("numpy")))


def stores_compressed_slowly(processor: str) -> bool:
    """Whether this is Zen 4: of its family it alone has AVX-512.

    Args:
        processor: its paragraph of Linux' `/proc/cpuinfo`.
    """
    told = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in processor.splitlines())}
    flags = told.get("flags", "").split()
    return told.get("vendor_id") == "AuthenticAMD" and told.get("cpu family") == _ZEN_3_AND_4 and "avx512f" in flags


def _avx512(numpy: str) -> str:
    """What a version of NumPy calls the features: it warns of those that it does not know."""
    major, minor = (int(part) for part in numpy.split(".")[:2])
    return "X86_V4" if (major, minor) >= (2, 4) else "AVX512_SKX"
