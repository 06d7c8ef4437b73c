"""Sharding: several exporters share the models by the hash of their names, as Prometheus shards targets."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Final

_FORM: Final = re.compile(r"([0-9]{1,6})/([0-9]{1,6})")


@dataclass(frozen=True, slots=True)
class Shard:
    """Shard `index` of `total`, counted from 0: every model is in exactly one of them."""

    index: int
    total: int

    def __str__(self) -> str:
        """Return the value of the flag, such as `0/3`."""
        return f"{self.index}/{self.total}"

    def has(self, model: str) -> bool:
        """Return whether the model of this name is in the shard."""
        return hashmod(model, self.total) == self.index


WHOLE: Final = Shard(0, 1)
"""All models."""


def parse(text: str) -> Shard:
    """Return the shard of a text such as `0/3`.

    Raises:
        ValueError: the text is not a shard.
    """
    match = _FORM.fullmatch(text)
    if match is None:
        raise ValueError(f"{text} is not a shard such as 0/3: its number from 0, and how many there are")
    index, total = map(int, match.groups())
    if index >= total:
        raise ValueError(f"there is no shard {text}: of {total} the last is {max(total - 1, 0)}/{total}")
    return Shard(index, total)


def hashmod(text: str, modulus: int) -> int:
    """Return the result of Prometheus' relabelling action `hashmod`: 0 to `modulus` - 1, equal on every machine.

    It is the last eight bytes of the MD5 of the text in UTF-8, as a big-endian integer, modulo `modulus`
    (`relabel.go` of Prometheus).
    """
    digest = hashlib.md5(text.encode(), usedforsecurity=False).digest()
    return int.from_bytes(digest[8:], "big") % modulus
