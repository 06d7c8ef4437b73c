"""Content negotiation of HTTP (RFC 9110, section 12): which of two forms a client prefers, by its quality values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence


def prefers(header: str, wanted: Sequence[str], other: Sequence[str]) -> bool:
    """Return whether a client prefers one form to another.

    Args:
        header: the value of `Accept` or `Accept-Encoding`.
        wanted: what a header can call the one form, the most precise first: a name, then wildcards.
        other: the same for the other form.

    Returns:
        True when the one form has the higher quality, or the same and the header names it. A form that the header does
        not mention has quality 0.
    """
    qualities = _qualities(header)
    mine, theirs = (next((qualities[name] for name in names if name in qualities), 0.0) for names in (wanted, other))
    return mine > theirs or (mine == theirs > 0 and wanted[0] in qualities)


def _qualities(header: str) -> dict[str, float]:
    """Return the quality of each name in a header, from 0 to 1; of a name that is given twice, the highest."""
    qualities: dict[str, float] = {}
    for name, quality in _offers(header):
        qualities[name] = max(quality, qualities.get(name, 0.0))
    return qualities


def _offers(header: str) -> Iterator[tuple[str, float]]:
    for offer in header.lower().split(","):
        name, *parameters = (part.strip() for part in offer.split(";"))
        given = (parameter.partition("=")[2] for parameter in parameters if parameter.partition("=")[0].strip() == "q")
        if name:
            yield name, _number(next(given, "1"))


def _number(text: str) -> float:
    """Return a quality from 0 to 1; 0 for what is not one, so that a mistake selects nothing."""
    try:
        quality = float(text)
    except ValueError:
        return 0.0
    return quality if 0 <= quality <= 1 else 0.0
