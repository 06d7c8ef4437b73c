"""Statements in Athena's dialect: what each function becomes, and that names and values stay what they are."""

from __future__ import annotations

import math
from datetime import date, datetime, timedelta, timezone

import duckdb
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from athena_server import duckdb_text
from exporter.sources.engine import Parameter, quoted
from exporter.sources.tables.dialect import athena_text


@pytest.mark.parametrize(
    ("text", "translated"),
    [
        ("RANGE_BUCKET(-a, @list)", "WIDTH_BUCKET(-a, (ARRAY[-2.5E0, 1e-07]))"),
        ("a IN UNNEST(@texts)", "a IN ('it''s', '')"),
        ("a IN UNNEST(@nothing)", "a IN (NULL)"),
        ("IS_INF(a) OR IS_NAN(a)", "IS_INFINITE(a) OR IS_NAN(a)"),
        ("DIV(a - 1, @whole)", "((a - 1) / 7)"),
        ("a / 1000000", "CAST(a AS DOUBLE) / 1000000"),
        ("MOD(a + 3, 168)", "(a + 3) % 168"),
        ("UNIX_SECONDS(a)", "CAST(FLOOR(TO_UNIXTIME(a)) AS BIGINT)"),
        ("UNIX_MICROS(CAST(a AS TIMESTAMP))",
         "CAST(ROUND(TO_UNIXTIME(CAST(a AS TIMESTAMP(6) WITH TIME ZONE)) * 1E6) AS BIGINT)"),
        ("TO_JSON_STRING(a)", "CAST(a AS VARCHAR)"),
        ("IFNULL(a, @infinite)", "COALESCE(a, CAST('Infinity' AS DOUBLE))"),
        ("COUNTIF(a = 0)", "COUNT_IF(a = 0)"),
        ("RTRIM(a, '0')", "TRIM(TRAILING '0' FROM a)"),
        ('`a"b` + `c d`', '"a""b" + "c d"'),
    ],
)  # fmt: skip
def test_each_construct_means_the_same_in_athena(text: str, translated: str) -> None:
    parameters = {
        "list": Parameter("FLOAT64", [-2.5, 1e-7]),
        "texts": Parameter("STRING", ["it's", ""]),
        "nothing": Parameter("STRING", []),
        "whole": Parameter("INT64", 7),
        "infinite": Parameter("FLOAT64", math.inf),
    }
    assert athena_text(f"SELECT {text} AS x", parameters) == f"SELECT {translated} AS x"


def test_times_are_written_in_utc_with_all_their_digits() -> None:
    utc = "CAST(CAST(AT_TIMEZONE(CAST(a AS TIMESTAMP(6) WITH TIME ZONE), 'UTC') AS TIMESTAMP(6)) AS VARCHAR)"
    assert athena_text("SELECT FORMAT_TIMESTAMP('%F %H:%M:%E6S', a, 'UTC')", {}) == f"SELECT {utc}"


@pytest.mark.parametrize(
    ("parameter", "literal"),
    [
        (Parameter("TIMESTAMP", datetime(2026, 11, 23, 10)), "TIMESTAMP '2026-11-23 10:00:00'"),  # noqa: DTZ001
        (
            Parameter("TIMESTAMP", datetime(2026, 11, 23, 10, 0, 0, 5, timezone(timedelta(0)))),
            "TIMESTAMP '2026-11-23 10:00:00.000005'",
        ),
        (Parameter("DATE", date(2026, 11, 23)), "DATE '2026-11-23'"),
        (Parameter("FLOAT64", math.nan), "CAST('NaN' AS DOUBLE)"),
        (Parameter("FLOAT64", -math.inf), "CAST('-Infinity' AS DOUBLE)"),
        (Parameter("FLOAT64", 3), "CAST(3 AS DOUBLE)"),
        (Parameter("BOOL", True), "TRUE"),
        (Parameter("INT64", -5), "-5"),
    ],
)
def test_values_are_literals_of_their_type(parameter: Parameter, literal: str) -> None:
    assert athena_text("SELECT @value", {"value": parameter}) == f"SELECT {literal}"


def test_long_arrays_are_concatenated() -> None:
    """Trino refuses an array of 255 elements."""
    text = athena_text(
        "SELECT RANGE_BUCKET(a, @edges)", {"edges": Parameter("FLOAT64", [float(n) for n in range(450)])}
    )
    assert [part.count(",") + 1 for part in text.split("ARRAY[")[1:]] == [200, 200, 50]
    crossed = athena_text(f"SELECT f FROM t CROSS JOIN UNNEST([{', '.join(map(str, range(300)))}]) AS f", {})
    assert crossed.count("ARRAY[") == 2


def test_a_parameter_that_is_missing_is_an_error() -> None:
    with pytest.raises(KeyError, match="gone"):
        athena_text("SELECT @gone", {})


NAMES = st.text(st.characters(exclude_characters="`\\", codec="utf-8"), min_size=1, max_size=20).filter(str.isprintable)
HOSTILE = st.sampled_from(
    ["'; DROP TABLE t; --", "' OR '1'='1", "\\'", "/*", "--", "@x", "\ue000x\ue001", "${x}", "\n'"]
)


@given(NAMES, st.one_of(st.text(max_size=30), HOSTILE))
@example("user.country", "US")
@example(".", "")
def test_hostile_names_and_values_stay_names_and_values(name: str, value: str) -> None:
    """The engine gives the value back under the name, whatever both are; neither is ever a part of the statement."""
    if "\0" in value or any("\ud800" <= letter <= "\udfff" for letter in value):
        return  # no text of any column
    text = athena_text(
        f"SELECT {quoted(name)}, {quoted(name)} IN UNNEST(@v_list) AS same FROM (SELECT @v AS {quoted(name)}) AS t",
        {"v": Parameter("STRING", value), "v_list": Parameter("STRING", [value])},
    )
    with duckdb.connect() as engine:
        result = engine.sql(duckdb_text(text))
        assert result.columns[0] == name
        assert result.fetchall() == [(value, True)]
