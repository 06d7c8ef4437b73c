"""Statements in Redshift's dialect: sqlglot translates them from GoogleSQL.

Redshift has PostgreSQL's syntax and fewer functions: no arrays to unnest, no lists of VALUES, no test for NaN. It takes
a backslash in a text for an escape, so no text has one. Times are without a zone, in UTC. All names are quoted, since
many words are reserved. Source: docs.aws.amazon.com/redshift/latest/dg, "Amazon Redshift and PostgreSQL".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Final

import sqlglot
from sqlglot import expressions as exp

from exporter.sources.engine import Kind, Parameter, Scalar
from exporter.sources.tables.dialect import LEFT, RIGHT, translated, with_dots

_VALUE: Final = "\ue003"
"""After a parameter's name in a translated text, and before a value that is looked up in it."""
_MARK: Final = re.compile(f"{LEFT}([a-z_0-9]+)(?:{_VALUE}([^{RIGHT}]*))?{RIGHT}")
_DIALECT: Final = "redshift"
_EPOCH: Final = "TIMESTAMP '1970-01-01 00:00:00'"
_STAMP: Final = "'YYYY-MM-DD HH24:MI:SS.US'"
_INFINITY: Final = "CAST('Infinity' AS DOUBLE PRECISION)"
_TEXT: Final = "VARCHAR(64)"
"""The type of a number or a time as text. Redshift sets memory aside for the width of a type, and plain VARCHAR is 256
wide."""


def redshift_text(text: str, parameters: Mapping[str, Parameter]) -> str:
    """Return a statement in Redshift's dialect, with its parameters as literals.

    Args:
        text: GoogleSQL. It has arrays only in `RANGE_BUCKET`, `IN UNNEST` and `CROSS JOIN UNNEST`.
        parameters: the values of its parameters.

    Raises:
        KeyError: it names a parameter that is missing.
    """
    return _MARK.sub(lambda mark: _written(parameters[mark[1]], mark[2]), _template(text))


def _written(parameter: Parameter, value: str | None) -> str:
    """Return a parameter as a literal, or its values as a list, or as the number of those not above a `value`."""
    given = parameter.value
    if not isinstance(given, Sequence) or isinstance(given, str):
        return _literal(parameter.kind, given)
    if value is not None:
        return _bucket(value, [float(each) for each in given if isinstance(each, int | float)])
    # No row has such a text: blanks at the end are cut, see `Redshift`, and no text of Redshift has a NUL.
    possible = [each for each in given if not isinstance(each, str) or not (each.endswith(" ") or "\0" in each)]
    return ", ".join(_literal(parameter.kind, each) for each in possible) or "NULL"


def _bucket(value: str, edges: Sequence[float]) -> str:
    """Return the expression of how many edges are not above a number, by bisection: eight comparisons for 256 edges.

    The edges are texts of no type yet, so they become numbers as exactly as those of a file do, never through DECIMAL.
    """

    def searched(low: int, high: int) -> str:
        if low == high:
            return str(low)
        middle = (low + high) // 2
        below, above = searched(low, middle), searched(middle + 1, high)
        return f"CASE WHEN {value}<'{edges[middle]!r}' THEN {below} ELSE {above} END"

    return searched(0, len(edges))


def _literal(kind: Kind, value: Scalar) -> str:  # noqa: PLR0911 - one for each type
    match value:
        case str():
            parts = ("'" + part.replace("'", "''") + "'" for part in value.split("\\"))
            text = " || CHR(92) || ".join(parts)
            return f"({text})" if "\\" in value else text
        case datetime() if value.tzinfo is not None:
            return f"CAST('{value.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}+00' AS TIMESTAMPTZ)"
        case datetime():
            return f"TIMESTAMP '{value:%Y-%m-%d %H:%M:%S.%f}'"
        case date():
            return f"DATE '{value:%Y-%m-%d}'"
        case bool():
            return "TRUE" if value else "FALSE"
        case int() if kind != "FLOAT64":
            return str(value)
        case _:
            return _float(float(value))


def _float(number: float) -> str:
    names = {"inf": "Infinity", "-inf": "-Infinity", "nan": "NaN"}
    return f"CAST('{names.get(repr(number), repr(number))}' AS DOUBLE PRECISION)"


@lru_cache(maxsize=64)
def _template(text: str) -> str:
    """Return a statement in Redshift's dialect, with a mark for each parameter."""
    return with_dots(_sql(translated(text, _translated)))


def _sql(node: exp.Expr) -> str:
    return node.sql(dialect=_DIALECT, identify=True, unsupported_level=sqlglot.ErrorLevel.RAISE)


def _translated(node: exp.Expr) -> exp.Expr:  # noqa: PLR0911, PLR0912 - one for each function
    """Return an expression of GoogleSQL as one that means the same in Redshift."""
    match node:
        case exp.RangeBucket():
            return exp.Var(this=f"{LEFT}{node.expression.name.strip(LEFT + RIGHT)}{_VALUE}{_sql(node.this)}{RIGHT}")
        case exp.Unnest() if node.args.get("alias"):
            return _listed(node)
        case exp.Literal() if not node.is_string and not node.is_int:  # it would be DECIMAL
            return exp.Var(this=_float(float(node.name)))
        case exp.IsNan():  # whether NaN is above every number, as in PostgreSQL, or comparable with none
            return _case("WHEN {0} <= {1} THEN FALSE WHEN {0} IS NULL THEN NULL ELSE TRUE", node.this, _INFINITY)
        case exp.IsInf():
            return exp.Var(this=f"(ABS({_sql(node.this)}) = {_INFINITY})")
        case exp.IntDiv():
            return exp.Var(this=f"(({_sql(node.this)}) / ({_sql(node.expression)}))")
        case exp.UnixSeconds():  # counts the seconds that begin in between, so it rounds down
            return exp.Var(this=f"DATEDIFF(second, {_EPOCH}, {_sql(node.this)})")
        case exp.UnixMicros():
            return exp.Var(this=f"DATEDIFF(microsecond, {_EPOCH}, {_sql(node.this)})")
        case exp.TimeToStr():
            return exp.Var(this=f"TO_CHAR({_sql(node.this.this)}, {_STAMP})")
        case exp.Datetime():
            return exp.AtTimeZone(this=node.this, zone=exp.Literal.string("UTC"))
        case exp.JSONFormat():
            return _float_text(_sql(node.this))
        case exp.TryCast():  # of a number to an integer
            return _case("WHEN {0} >= {1} AND {0} < {2} THEN CAST({0} AS BIGINT)", node.this, *map(_float, _WHOLE))
        case exp.Cast() if node.to.is_type(exp.DType.TIMESTAMPTZ):
            return exp.Cast(this=node.this, to=exp.DataType(this=exp.DType.TIMESTAMP))
        case exp.Cast() if node.to.is_type(exp.DType.TEXT):
            return exp.Var(this=f"CAST({_sql(node.this)} AS {_TEXT})")
        case _:
            return node


_WHOLE: Final = (-(2.0**63), 2.0**63)


def _case(form: str, value: exp.Expr, *others: str) -> exp.Var:
    return exp.Var(this=f"CASE {form.format(f'({_sql(value)})', *others)} END")


def _float_text(number: str) -> exp.Var:
    """Return the expression of one or two texts whose sum is a float.

    A float is written with 15 digits, which may be another float. What is missing then is a few units of its last
    place, and 15 digits are enough for it. At the very ends of what a float holds, its 15 digits may be no float.
    """
    text, size = f"CAST({number} AS {_TEXT})", f"ABS({number})"
    read = f"CAST({text} AS DOUBLE PRECISION)"
    ends = f"{size} > {_float(1e308)} OR {size} < {_float(1e-290)}"
    rest = f"CASE WHEN {ends} THEN '' WHEN {read} = {number} THEN '' ELSE ' ' || CAST({number} - {read} AS {_TEXT}) END"
    return exp.Var(this=f"({text} || {rest})")


def _listed(node: exp.Unnest) -> exp.Subquery:
    """Return the numbers of an array as rows of a query; a list of VALUES cannot be a table there."""
    (array,), (column,) = node.expressions, node.args["alias"].columns
    rows = " UNION ALL ".join(
        f'SELECT {_sql(each)} AS "{column.name}"' if place == 0 else f"SELECT {_sql(each)}"
        for place, each in enumerate(array.expressions)
    )
    query = sqlglot.parse_one(rows, read=_DIALECT)
    return exp.Subquery(this=query, alias=exp.TableAlias(this=exp.to_identifier(f"{column.name}_list")))
