"""Statements in the dialect of another engine: sqlglot translates them from GoogleSQL.

sqlglot passes functions that it does not know through unchanged, so those that a statement may use and that mean
something else elsewhere are translated here. Names stay quoted. Values become literals, which no engine can take for
anything else: a text has its quotes doubled, a number is written as one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Final

import sqlglot
from sqlglot import expressions as exp

from exporter.sources.engine import Kind, Parameter, Scalar

LEFT, RIGHT = "\ue000", "\ue001"
"""Around a parameter's name in a translated text: no identifier and no other text of a statement has these."""
_ARRAY: Final = "#"
"""After the name of a parameter that is an array by itself, and not the list of an `IN`."""
_MARK: Final = re.compile(f"{LEFT}([a-z_0-9]+)({_ARRAY}?){RIGHT}")
_NAME: Final = re.compile("`[^`]*`")
_DOT: Final = "\ue002"
"""In place of a dot in a quoted name, which sqlglot would take for the end of a table's name, as BigQuery has it."""
_ELEMENTS: Final = 200
"""Elements of one array in a text; Trino takes 254."""
_TYPES: Final = exp.DType


def athena_text(text: str, parameters: Mapping[str, Parameter]) -> str:
    """Return a statement in Athena's dialect, with its parameters as literals.

    Args:
        text: GoogleSQL. It has arrays only in `RANGE_BUCKET`, `IN UNNEST` and `CROSS JOIN UNNEST`.
        parameters: the values of its parameters.

    Raises:
        KeyError: it names a parameter that is missing.
    """
    return _MARK.sub(lambda mark: _written(parameters[mark[1]], array=bool(mark[2])), _athena_template(text))


def _written(parameter: Parameter, *, array: bool) -> str:
    """Return a parameter as a literal, or its values as a list of literals; an empty list holds only NULL."""
    value = parameter.value
    if not isinstance(value, Sequence) or isinstance(value, str):
        return _literal(parameter.kind, value)
    values = [_literal(parameter.kind, each) for each in value]
    return _concatenated(values) if array else ", ".join(values) or "NULL"


def _concatenated(values: Sequence[str]) -> str:
    """Return an array, in parts that are short enough."""
    parts = (", ".join(values[start : start + _ELEMENTS]) for start in range(0, len(values), _ELEMENTS))
    return f"({' || '.join(f'ARRAY[{part}]' for part in parts)})"


def _literal(kind: Kind, value: Scalar) -> str:  # noqa: PLR0911 - one for each type
    match value:
        case str():
            return "'" + value.replace("'", "''") + "'"
        case float() if math.isfinite(value):
            digits = repr(value)
            return digits if "e" in digits else f"{digits}E0"
        case float():
            return f"CAST('{'NaN' if math.isnan(value) else 'Infinity' if value > 0 else '-Infinity'}' AS DOUBLE)"
        case datetime():
            # Without a zone it is compared with both kinds of columns, in UTC, and both can use it to skip files.
            return f"TIMESTAMP '{value:%Y-%m-%d %H:%M:%S}{f'.{value:%f}' if value.microsecond else ''}'"
        case date():
            return f"DATE '{value:%Y-%m-%d}'"
        case bool():
            return "TRUE" if value else "FALSE"
        case _:
            return f"CAST({value} AS DOUBLE)" if kind == "FLOAT64" else str(value)


@lru_cache(maxsize=64)
def _athena_template(text: str) -> str:
    """Return a statement in Athena's dialect, with a mark for each parameter."""
    tree = translated(text, _for_athena)
    return with_dots(tree.sql(dialect="athena", unsupported_level=sqlglot.ErrorLevel.RAISE))


def translated(text: str, translate: Callable[[exp.Expr], exp.Expr]) -> exp.Expr:
    """Return a statement of GoogleSQL with a mark for each parameter, and what `translate` returns for each other part.

    Its names have no dots until `with_dots` writes them.
    """
    tree = sqlglot.parse_one(_NAME.sub(lambda name: name[0].replace(".", _DOT), text), read="bigquery")
    for node in reversed(list(tree.bfs())):  # what is inside comes first
        marked = _marked(node)
        new = translate(node) if marked is None else marked
        if new is not node:
            node.replace(new)
    return tree


def with_dots(text: str) -> str:
    """Return a translated text with the dots of its names."""
    return text.replace(_DOT, ".")


def _marked(node: exp.Expr) -> exp.Expr | None:
    """Return the mark of a parameter, or the list of a parameter that is an array; None for anything else."""
    match node:
        case exp.Parameter():
            return exp.Var(this=f"{LEFT}{node.name}{RIGHT}")
        case exp.In() if node.args.get("unnest"):
            (values,) = node.args["unnest"].expressions
            return exp.In(this=node.this, expressions=[values])
        case _:
            return None


def _for_athena(node: exp.Expr) -> exp.Expr:  # noqa: PLR0911 - one for each function
    """Return an expression of GoogleSQL as one that means the same in Athena, which is Trino."""
    match node:
        case exp.RangeBucket():  # both count the elements that are not above the value
            return exp.Anonymous(this="WIDTH_BUCKET", expressions=[node.this, _array(node.expression)])
        case exp.Array() if len(node.expressions) > _ELEMENTS:
            return exp.Var(this=_concatenated([each.sql(dialect="trino") for each in node.expressions]))
        case exp.IsInf():
            return exp.Anonymous(this="IS_INFINITE", expressions=[node.this])
        case exp.IntDiv():  # integers are divided as integers there
            return exp.Paren(
                this=exp.Div(this=_paren(node.this), expression=_paren(node.expression), typed=True, safe=False)
            )
        case exp.UnixSeconds():
            return _whole(exp.Floor(this=_unix_time(node.this)))
        case exp.UnixMicros():  # a double holds seconds to the quarter of a microsecond until 2106
            micros = exp.Mul(this=_unix_time(node.this), expression=exp.Literal.number("1E6"))
            return _whole(exp.Round(this=micros))
        case exp.TimeToStr():  # a timestamp is written like this, with all its digits
            return exp.cast(_plain_time(node.this.this), "VARCHAR", dialect="trino")
        case exp.JSONFormat():
            return exp.cast(node.this, "VARCHAR", dialect="trino")
        case exp.Cast() if node.to.is_type(_TYPES.TIMESTAMPTZ):
            return exp.Cast(this=node.this, to=_micros(_TYPES.TIMESTAMPTZ))
        case _:
            return node


def _array(values: exp.Expr) -> exp.Expr:
    return exp.Var(this=values.name.replace(RIGHT, _ARRAY + RIGHT)) if isinstance(values, exp.Var) else values


def _paren(value: exp.Expr) -> exp.Expr:
    return exp.Paren(this=value) if isinstance(value, exp.Binary) else value


def _whole(number: exp.Expr) -> exp.Expr:
    return exp.cast(number, "BIGINT", dialect="trino")


def _unix_time(moment: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this="TO_UNIXTIME", expressions=[moment])


def _plain_time(moment: exp.Expr) -> exp.Expr:
    """Return a time in UTC without a zone, in microseconds."""
    zoned = exp.Cast(this=moment, to=_micros(_TYPES.TIMESTAMPTZ))
    return exp.Cast(this=exp.AtTimeZone(this=zoned, zone=exp.Literal.string("UTC")), to=_micros(_TYPES.TIMESTAMP))


def _micros(kind: exp.DType) -> exp.DataType:
    return exp.DataType(this=kind, expressions=[exp.DataTypeParam(this=exp.Literal.number(6))])
