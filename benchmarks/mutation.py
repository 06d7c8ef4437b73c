"""Mutation test of the generated rules: which mutants the generated tests notice, for every example spec."""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "tests" / "data"), str(HERE.parent / "tests" / "servers")]

from exporter.spec.loading import load_all  # noqa: E402 - the repository's own folders come first
from mutation import of_model, survives  # noqa: E402


def main() -> int:
    specs = load_all([HERE.parent / "models", HERE.parent / "tests" / "specs" / "valid"])
    began, tried, survivors = time.monotonic(), Counter[str](), []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for loaded in specs:
            mutants, proofs = of_model(loaded)
            alive = pool.map(lambda mutant, proofs=proofs: survives(mutant, proofs), mutants)
            left = [mutant for mutant, lives in zip(mutants, alive, strict=True) if lives]
            tried[f"{loaded.spec.name} ({loaded.spec.spec.task})"] = len(mutants)
            print(f"{loaded.spec.name} ({loaded.spec.spec.task}): {len(mutants) - len(left)} of {len(mutants)} noticed")
            survivors += left
    for mutant in survivors:
        print(f"survived: {mutant.model}: {mutant.alert}: {mutant.what}")
    total = sum(tried.values())
    print(f"score: {total - len(survivors)} of {total} mutants noticed, in {time.monotonic() - began:.0f} s")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
