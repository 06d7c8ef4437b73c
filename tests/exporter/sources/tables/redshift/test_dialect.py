"""Statements in Redshift's dialect: what each function becomes, and that names and values stay what they are."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime
from itertools import pairwise

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from exporter.sources.engine import Parameter, quoted
from exporter.sources.tables.redshift.dialect import redshift_text
from exporter.sql.columns import category_column
from redshift_server import RedshiftServer

DP = "DOUBLE PRECISION"


@pytest.mark.parametrize(
    ("text", "translated"),
    [
        ("RANGE_BUCKET(-a, @list)",
         """CASE WHEN -"a"<'1e-07' THEN CASE WHEN -"a"<'-2.5' THEN 0 ELSE 1 END ELSE 2 END"""),
        ("a IN UNNEST(@texts)", """"a" IN ('it''s', '')"""),
        ("a IN UNNEST(@nothing)", '"a" IN (NULL)'),
        ("a IN UNNEST(@impossible)", '"a" IN (NULL)'),
        ("IS_INF(a)", f"""(ABS("a") = CAST('Infinity' AS {DP}))"""),
        ("IS_NAN(a)",
         f"""CASE WHEN ("a") <= CAST('Infinity' AS {DP}) THEN FALSE WHEN ("a") IS NULL THEN NULL ELSE TRUE END"""),
        ("DIV(a - 1, @whole)", '(("a" - 1) / (7))'),
        ("a / 1000000", f'CAST("a" AS {DP}) / 1000000'),
        ("GREATEST(a, 1.0)", f"""GREATEST("a", CAST('1.0' AS {DP}))"""),
        ("MOD(a + 3, 168)", '("a" + 3) % 168'),
        ("UNIX_SECONDS(CAST(a AS TIMESTAMP))",
         """DATEDIFF(second, TIMESTAMP '1970-01-01 00:00:00', CAST("a" AS TIMESTAMP))"""),
        ("UNIX_MICROS(a)", """DATEDIFF(microsecond, TIMESTAMP '1970-01-01 00:00:00', "a")"""),
        ("DATETIME(a, 'UTC')", """"a" AT TIME ZONE 'UTC'"""),
        ("FORMAT_TIMESTAMP('%F %H:%M:%E6S', a, 'UTC')", """TO_CHAR("a", 'YYYY-MM-DD HH24:MI:SS.US')"""),
        ("FORMAT_DATETIME('%F %H:%M:%E6S', a)", """TO_CHAR("a", 'YYYY-MM-DD HH24:MI:SS.US')"""),
        ("REGEXP_CONTAINS(a, r'^x[.]0+$')", """"a" ~ '^x[.]0+$'"""),
        ("CAST(a AS STRING)", 'CAST("a" AS VARCHAR(64))'),
        ("IFNULL(a, @infinite)", f"""COALESCE("a", CAST('Infinity' AS {DP}))"""),
        ("COUNTIF(a = 0)", 'SUM(CASE WHEN "a" = 0 THEN 1 ELSE 0 END)'),
        ("RAND() < @share", f"RANDOM() < CAST('0.5' AS {DP})"),
        ('`a"b` + `c d` + `e.f`', '"a""b" + "c d" + "e.f"'),
    ],
)  # fmt: skip
def test_each_construct_means_the_same_in_redshift(text: str, translated: str) -> None:
    parameters = {
        "list": Parameter("FLOAT64", [-2.5, 1e-7]),
        "texts": Parameter("STRING", ["it's", ""]),
        "nothing": Parameter("STRING", []),
        "impossible": Parameter("STRING", ["blank ", "\0"]),
        "whole": Parameter("INT64", 7),
        "infinite": Parameter("FLOAT64", math.inf),
        "share": Parameter("FLOAT64", 0.5),
    }
    assert redshift_text(f"SELECT {text} AS x", parameters) == f'SELECT {translated} AS "x"'


def test_numbers_of_an_array_are_rows() -> None:
    crossed = redshift_text("SELECT f FROM t CROSS JOIN UNNEST([-1, 0]) AS f", {})
    assert crossed == 'SELECT "f" FROM "t" CROSS JOIN (SELECT -1 AS "f" UNION ALL SELECT 0) AS "f_list"'


@pytest.mark.parametrize(
    ("parameter", "literal"),
    [
        (Parameter("DATETIME", datetime(2026, 11, 23, 10)), "TIMESTAMP '2026-11-23 10:00:00.000000'"),  # noqa: DTZ001
        (
            Parameter("TIMESTAMP", datetime(2026, 11, 23, 10, 0, 0, 5, UTC)),
            "CAST('2026-11-23 10:00:00.000005+00' AS TIMESTAMPTZ)",
        ),
        (Parameter("DATE", date(2026, 11, 23)), "DATE '2026-11-23'"),
        (Parameter("FLOAT64", math.nan), f"CAST('NaN' AS {DP})"),
        (Parameter("FLOAT64", -math.inf), f"CAST('-Infinity' AS {DP})"),
        (Parameter("FLOAT64", 3), f"CAST('3.0' AS {DP})"),
        (Parameter("BOOL", True), "TRUE"),
        (Parameter("INT64", -5), "-5"),
        (Parameter("STRING", "\\'"), "('' || CHR(92) || '''')"),
    ],
)
def test_values_are_literals_of_their_type(parameter: Parameter, literal: str) -> None:
    assert redshift_text("SELECT @value", {"value": parameter}) == f"SELECT {literal}"


def test_a_parameter_that_is_missing_is_an_error() -> None:
    with pytest.raises(KeyError, match="gone"):
        redshift_text("SELECT @gone", {})


def _rows(server: RedshiftServer, text: str, **values: Parameter) -> list[tuple[object, ...]]:
    return server.execute(redshift_text(text, values))[1]


def test_a_number_is_in_the_bin_of_its_own_bits(redshift_server: RedshiftServer) -> None:
    """Each edge, and the floats just beside it: no edge may be rounded on its way, such as by decimals."""
    edges = [0.1 + 0.2, 1 / 3, 1e-300, 123456789.12345679, 1e22]
    edges = sorted([*edges, *(-edge for edge in edges), 5e-324])
    values = [
        each for edge in edges for each in (math.nextafter(edge, -math.inf), edge, math.nextafter(edge, math.inf))
    ]
    redshift_server.load("log", pa.table({"a": values}))
    text = "SELECT a, RANGE_BUCKET(a, @edges) AS place FROM `ml`.`log`"
    counted = _rows(redshift_server, text, edges=Parameter("FLOAT64", edges))
    assert counted == [(value, sum(edge <= value for edge in edges)) for value in values]


def test_a_float_is_named_by_all_its_digits_where_the_engine_writes_fifteen(redshift_server: RedshiftServer) -> None:
    near = [0.1 + 0.2, 1 / 3, 1e300 / 3, 2**53 - 1.0, -1.5e-280, 1e308 / 3, 123456.123456789012]
    values = [*near, *(math.nextafter(each, 0) for each in near), 0.1, -0.0, math.inf, -math.inf, math.nan, None, 1e22]
    redshift_server.load("log", pa.table({"a": pa.array([*values, 1.7976931348623157e308, 5e-324], pa.float64())}))
    column = category_column("a", "FLOAT64")
    for digits in (0, 1):
        redshift_server.execute(f"SET extra_float_digits = {digits}")
        names = [name for (name,) in _rows(redshift_server, f"SELECT {column.name} AS x FROM `ml`.`log`")]
        redshift_server.execute("RESET extra_float_digits")
        named = [column.named(str(name)) for name in names if name is not None]
        known = [each for each in values if each is not None and not math.isnan(each)]
        assert list(map(float, named))[: len(known)] == known, "but for the ends of what a float holds"
        assert sum(" " in str(name) for name in names) > 0 or digits, "some floats need a second text"


def test_seconds_and_microseconds_are_whole_also_before_the_epoch(redshift_server: RedshiftServer) -> None:
    times = [datetime(1969, 12, 31, 23, 59, 59, 999_999, UTC), datetime(2026, 1, 2, 3, 4, 5, 678, UTC)]
    redshift_server.load("log", pa.table({"t": pa.array(times, pa.timestamp("us", "UTC"))}))
    text = "SELECT UNIX_SECONDS(DATETIME(t, 'UTC')) AS s, UNIX_MICROS(DATETIME(t, 'UTC')) AS us FROM `ml`.`log`"
    assert _rows(redshift_server, text) == [(-1, -1), (1767323045, 1767323045000678)]


NAMES = st.text(st.characters(exclude_characters="`\\", codec="utf-8"), min_size=1, max_size=15).filter(str.isprintable)
HOSTILE = st.sampled_from(
    ["'; DROP TABLE t; --", "' OR '1'='1", "\\'", "\\", "/*", "--", "@x", "\ue000x\ue001", "${x}", "\n'", "%s", ":a"]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(NAMES, st.one_of(st.text(max_size=30), HOSTILE))
@example("user.country", "US")
@example(".", "")
def test_hostile_names_and_values_stay_names_and_values(redshift_server: RedshiftServer, name: str, value: str) -> None:
    """The engine gives the value back under the name, whatever both are; neither is ever a part of the statement."""
    if "\0" in value or value.endswith(" ") or any("\ud800" <= letter <= "\udfff" for letter in value):
        return  # no text of any column
    text = (
        f"SELECT {quoted(name)}, {quoted(name)} IN UNNEST(@v_list) AS same_text "
        f"FROM (SELECT CAST(@v AS STRING) AS {quoted(name)}) AS t"
    )
    given = {"v": Parameter("STRING", value), "v_list": Parameter("STRING", [value])}
    columns, rows = redshift_server.execute(redshift_text(text, given))
    assert columns[0].name == name
    assert rows == [(value, True)]


def test_bins_are_found_by_few_comparisons() -> None:
    text = redshift_text("SELECT RANGE_BUCKET(a, @e)", {"e": Parameter("FLOAT64", [float(n) for n in range(256)])})
    depth = {"CASE": 1, "END": -1}
    steps = [depth[word] for word in text.split() if word in depth]
    deepest = max(sum(steps[: end + 1]) for end, _ in enumerate(pairwise(steps)))
    assert deepest == 9
    assert len(text) < 15_000, "six such features fit in a statement"
