"""Which models an exporter has, where several share them: by the hash of the name, as Prometheus shares out targets."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Final

_FORM: Final = re.compile(r"([0-9]{1,6})/([0-9]{1,6})")


@dataclass(frozen=True, slots=True)
class Shard:
    """One of `total` shards, the `index`-th from 0: together they have every model, each exactly once."""

    index: int
    total: int

    def __str__(self) -> str:
        """As the flag says it."""
        return f"{self.index}/{self.total}"

    def has(self, model: str) -> bool:
        """Whether a model of this name is one of this shard's."""
        return hashmod(model, self.total) == self.index


WHOLE: Final = Shard(0, 1)
"""All models."""


def parse(text: str) -> Shard:
    """The shard that `i/n` says.

    Raises:
        ValueError: when it says none.
    """
    match = _FORM.fullmatch(text)
    if match is None:
        raise ValueError(f"{text} is not a shard such as 0/3: its number from 0, and how many there are")
    index, total = map(int, match.groups())
    if index >= total:
        raise ValueError(f"there is no shard {text}: of {total} the last is {max(total - 1, 0)}/{total}")
    return Shard(index, total)


def hashmod(text: str, modulus: int) -> int:
    """What Prometheus' relabelling action `hashmod` makes of a text: 0 to `modulus` - 1, the same on every machine.

    The last eight bytes of the MD5 of its UTF-8 as a big-endian integer, modulo `modulus` (relabel.go of Prometheus).
    """
    digest = hashlib.md5(text.encode(), usedforsecurity=False).digest()
    return int.from_bytes(digest[8:], "big") % modulus
