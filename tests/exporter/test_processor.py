from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from exporter import processor

ZEN_4 = (
    "processor\t: 0\nvendor_id\t: AuthenticAMD\ncpu family\t: 25\nmodel\t\t: 17\nflags\t\t: fpu avx2 avx512f avx512dq\n"
)


@pytest.mark.parametrize(
    ("text", "slow"),
    [
        pytest.param(ZEN_4, True, id="Zen 4"),
        pytest.param(ZEN_4.replace(" avx512f avx512dq", ""), False, id="Zen 3, which has no AVX-512"),
        pytest.param(ZEN_4.replace(": 25", ": 26"), False, id="Zen 5"),
        pytest.param(ZEN_4.replace("AuthenticAMD", "GenuineIntel"), False, id="Intel"),
        pytest.param("processor\t: 0\nCPU implementer\t: 0x41\n", False, id="Arm"),
        pytest.param("", False, id="no fields"),
    ],
)
def test_only_zen_4_has_a_slow_sort(text: str, slow: bool) -> None:
    assert processor.has_slow_avx512_sort(text) is slow


@pytest.mark.parametrize(
    ("text", "before", "after"),
    [
        (ZEN_4, None, processor._avx512("2.4.6")),
        (ZEN_4, "AVX512_SPR", "AVX512_SPR"),
        (ZEN_4.replace(": 25", ": 26"), None, None),
        (None, None, None),
    ],
)
def test_the_variable_is_set_where_it_helps_and_is_not_set_already(
    text: str | None, before: str | None, after: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    if text is not None:
        cpuinfo.write_text(f"{text}\nprocessor\t: 1\n")
    monkeypatch.setattr(processor, "_CPUINFO", cpuinfo)
    monkeypatch.delenv(processor.VARIABLE, raising=False)
    if before is not None:
        monkeypatch.setenv(processor.VARIABLE, before)
    processor.set_up_numpy()
    assert os.environ.get(processor.VARIABLE) == after
    monkeypatch.delenv(processor.VARIABLE, raising=False)


def test_the_name_depends_on_the_version_of_numpy() -> None:
    assert [processor._avx512(name) for name in ("2.1.0", "2.3.5", "2.4.0", "2.10.1", "3.0.0")] == [
        *["AVX512_SKX"] * 2,
        *["X86_V4"] * 3,
    ]


def test_numpy_knows_the_name() -> None:
    known = np.show_config(mode="dicts")["SIMD Extensions"]
    names = {name for group in known.values() for name in group}
    assert processor._avx512(np.__version__) in names or os.uname().machine != "x86_64"


@pytest.mark.parametrize(("before", "after"), [(None, "1"), ("3", "3")])
def test_the_package_sets_threads_before_numpy_is_imported(before: str | None, after: str) -> None:
    code = f"import os, sys, exporter; assert 'numpy' not in sys.modules; print(os.environ['{processor.THREADS}'])"
    environment = {name: value for name, value in os.environ.items() if name != processor.THREADS}
    environment |= {processor.THREADS: before} if before else {}
    done = subprocess.run([sys.executable, "-c", code], env=environment, check=True, capture_output=True, text=True)
    assert done.stdout.strip() == after
