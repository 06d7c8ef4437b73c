"""The place of the store, locked: one exporter at a time uses it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from exporter.errors import UsageError
from exporter.sources.stores.s3_folder import SCHEME, S3Folder
from exporter.store.lease import leased
from exporter.store.lock import locked
from exporter.store.place import Bucket, Folder, Place

_TAKEN: Final = "{}: another exporter stores its profiles there: stop it, or give this one a --storage.path of its own"


@contextmanager
def opened_place(address: str) -> Iterator[Place]:
    """Yield a folder or a prefix `s3://bucket/prefix`, which no other exporter uses for the length of the block.

    Raises:
        UsageError: another exporter uses it, or it cannot be used.
        SourceError: S3 does not answer or refuses.
    """
    if address.startswith(SCHEME):
        bucket = S3Folder(address)
        with leased(bucket, _TAKEN.format(address)) as lease:
            yield Bucket(bucket, lease)
    elif "://" in address:
        raise UsageError(f"{address}: profiles are stored in a folder, or below an address such as s3://bucket/prefix")
    else:
        with locked(Path(address) / "lock", _TAKEN.format(address)):
            yield Folder(Path(address))
