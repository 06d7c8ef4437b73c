"""What the content of a file of any format must be, and its errors as errors of this package."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import pyarrow as pa

from exporter.errors import FileUnreadable, SkipReason, SourceError
from exporter.sources.source import Selection, StoredObject


@contextmanager
def content_errors(
    item: StoredObject,
    store_error: Callable[[StoredObject, OSError], SourceError | None],
    form: str = "Parquet",
    hint: str = "",
) -> Iterator[None]:
    """Turn errors while a file is open into errors of this package.

    Args:
        item: the file.
        store_error: returns the error for an `OSError` that the store caused; `None` when the content caused it.
        form: the name of the format that the content should have.
        hint: what to do where it has another.

    Raises:
        FileUnreadable: the file was deleted, or has another format, or is truncated or corrupt.
        SourceError: the result of `store_error`.
    """
    try:
        yield
    except FileNotFoundError:
        raise FileUnreadable(f"{item.path}: was deleted after it was listed", SkipReason.CHANGED) from None
    except (OSError, UnicodeDecodeError, pa.ArrowException) as error:
        error_of_store = store_error(item, error) if isinstance(error, OSError) else None
        message = f"{item.path}: cannot be read as {form}: {one_line(error)}{hint}"
        raise error_of_store or FileUnreadable(message) from None


def one_line(words: object) -> str:
    """Return a message on one line of at most 500 characters."""
    return " ".join(str(words).split())[:500]


def refuse_changed(file: pa.NativeFile, item: StoredObject) -> None:
    """Refuse an open file that has another size than it was listed with.

    Raises:
        FileUnreadable: it has.
    """
    if file.size() != item.size:
        message = f"{item.path}: changed while it was read: {file.size()} bytes, {item.size} as listed"
        raise FileUnreadable(message, SkipReason.CHANGED)


def repeated_columns(names: Iterable[str], selection: Selection) -> dict[str, str]:
    """Return the selected columns whose name several columns of a file have, each with the reason not to read it."""
    counts = Counter(names)
    return {
        name: f"{counts[name]} columns have this name" for name in dict.fromkeys(selection.columns) if counts[name] > 1
    }
