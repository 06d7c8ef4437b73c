from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from exporter.spec import value_types as values
from exporter.spec.value_types import Bytes, format_bytes, format_duration, parse_duration


def reads(kind: Any, value: object) -> Any:
    return TypeAdapter(kind).validate_python(value)


def refusal(kind: Any, value: object) -> str:
    with pytest.raises(ValidationError) as caught:
        reads(kind, value)
    return caught.value.errors()[0]["msg"].removeprefix("Value error, ")


def pattern(kind: Any) -> re.Pattern[str]:
    return re.compile(TypeAdapter(kind).json_schema()["pattern"])


class TestDuration:
    @pytest.mark.parametrize(
        ("text", "seconds"),
        [("90s", 90), ("15m", 900), ("1h30m", 5400), ("7d", 604_800), ("1w2d3h4m5s", 788_645), ("0h1s", 1)],
    )
    def test_is_parsed_as_in_prometheus(self, text: str, seconds: int) -> None:
        assert parse_duration(text) == timedelta(seconds=seconds)

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "1",
            "h",
            "1h1h",
            "1m1h",
            "-1h",
            "1.5h",
            " 1h",
            "1H",
            "500ms",
            "\N{ARABIC-INDIC DIGIT ONE}h",
            60,
            None,
            True,
        ],
    )
    def test_other_values_are_refused(self, text: object) -> None:
        with pytest.raises(ValueError, match="must be a duration such as"):
            parse_duration(text)

    @pytest.mark.parametrize("text", ["0s", "0w0d", "3661d", "99999999999999999999999s"])
    def test_is_positive_and_at_most_ten_years(self, text: str) -> None:
        with pytest.raises(ValueError, match="must be longer than 0s and at most 10 years"):
            parse_duration(text)

    @pytest.mark.parametrize(
        ("hours", "text"), [(1, "1h"), (24, "24h"), (48, "48h"), (49, "2d1h"), (72, "3d"), (168, "7d"), (1.5, "1h30m")]
    )
    def test_up_to_two_days_are_written_in_hours(self, hours: float, text: str) -> None:
        assert format_duration(timedelta(hours=hours)) == text

    @given(st.integers(1, 3660 * 86_400))
    def test_a_written_duration_is_parsed_back(self, seconds: int) -> None:
        duration = timedelta(seconds=seconds)
        assert parse_duration(format_duration(duration)) == duration

    @given(st.integers(1, 3660 * 86_400))
    def test_the_schema_accepts_written_durations(self, seconds: int) -> None:
        assert pattern(values.Duration).search(format_duration(timedelta(seconds=seconds)))

    @given(st.text("0123456789wdhms", max_size=6))
    def test_the_schema_accepts_parsed_durations(self, text: str) -> None:
        try:
            parse_duration(text)
        except ValueError:
            return
        assert pattern(values.Duration).search(text)

    def test_a_timedelta_is_accepted_and_serialized(self) -> None:
        assert reads(values.Duration, timedelta(hours=3)) == timedelta(hours=3)
        assert TypeAdapter(values.Duration).dump_json(timedelta(days=7)) == b'"7d"'


class TestDay:
    @pytest.mark.parametrize("value", [date(2026, 8, 31), "2026-08-31"])
    def test_is_a_date_or_its_text(self, value: object) -> None:
        assert reads(values.Day, value) == date(2026, 8, 31)

    @pytest.mark.parametrize(
        "value", ["2026-02-30", "christmas", "", 20_260_831, 0, True, None, datetime(2026, 8, 31, tzinfo=UTC)]
    )
    def test_other_values_are_refused(self, value: object) -> None:
        assert refusal(values.Day, value) == "must be a date such as 2026-08-31"

    @pytest.mark.parametrize("value", [date(1969, 12, 31), date(2200, 1, 1), date.min, date.max])
    def test_is_between_1970_and_2199(self, value: date) -> None:
        assert refusal(values.Day, value) == "must be between 1970 and 2199"


class TestTimeZone:
    @pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Kolkata"])
    def test_is_an_iana_zone(self, zone: str) -> None:
        assert reads(values.TimeZone, zone) == zone

    @pytest.mark.parametrize(
        "zone", ["", "EST5EDT4", "america/new_york", "America", "../UTC", "/etc/localtime", "localtime"]
    )
    def test_other_text_is_refused(self, zone: str) -> None:
        assert refusal(values.TimeZone, zone) == "must be an IANA time zone such as UTC or America/New_York"


class TestHours:
    @pytest.mark.parametrize(
        "hours",
        [
            "08:00-20:00",
            "00:00-24:00",
            "Mon 09:00-18:00",
            "Mon-Fri 09:00-18:00",
            "Sat-Sun 10:00-18:00",
            "Sun-Mon 10:00-18:00",
        ],
    )
    def test_are_a_range_of_a_day_on_some_weekdays(self, hours: str) -> None:
        assert reads(values.Hours, hours) == hours
        assert pattern(values.Hours).search(hours)

    @pytest.mark.parametrize(
        "hours",
        [
            "",
            "9-18",
            "9:00-18:00",
            "09:00-18:60",
            "09:00-24:30",
            "24:00-24:00",
            "Monday 09:00-18:00",
            "mon 09:00-18:00",
            "Mon-Fri",
            "Mon,Tue 09:00-18:00",
            "09:00-18:00\n",
            "0\N{ARABIC-INDIC DIGIT NINE}:00-18:00",
            "Mon\N{EN DASH}Fri 09:00-18:00",
        ],
    )
    def test_other_values_are_refused(self, hours: str) -> None:
        assert refusal(values.Hours, hours).startswith("must be hours such as")

    @pytest.mark.parametrize("hours", ["22:00-06:00", "09:00-09:00", "Fri 18:00-09:00"])
    def test_end_after_they_start(self, hours: str) -> None:
        assert refusal(values.Hours, hours) == "must end after the start, on the same day"


class TestText:
    @pytest.mark.parametrize("text", ["x", "Überfall", "a b", "a\u00a0b", "🦉", "x" * 1000])
    def test_is_one_line(self, text: str) -> None:
        assert reads(values.Text, text) == text

    @pytest.mark.parametrize(
        "text", ["", "x" * 1001, "a\nb", "\x00", "a\x7f", "a\x85b", "a\u2028b", "a\u2029", 5, True, None]
    )
    def test_other_text_is_refused(self, text: object) -> None:
        assert refusal(values.Text, text)


class TestName:
    @pytest.mark.parametrize("name", ["a", "9", "fraud-v3", "fraud_v3", "x" * 63])
    def test_is_lower_case(self, name: str) -> None:
        assert reads(values.Name, name) == name
        assert pattern(values.Name).search(name)

    @pytest.mark.parametrize("name", ["", "-a", "a-", "A", "a b", "a.b", "x" * 64, "a\n", "é"])
    def test_other_text_is_refused(self, name: str) -> None:
        assert refusal(values.Name, name).startswith("must be 1 to 63 lower-case letters")
        assert not pattern(values.Name).search(name.removesuffix("\n")) or name == "a\n"


class TestNumber:
    @pytest.mark.parametrize(
        "kind", [values.Number, values.NonNegative, values.Positive, values.Ratio, values.OpenRatio]
    )
    @pytest.mark.parametrize(
        "value", [True, "0.5", "", None, [0.5], float("nan"), float("inf"), date(2026, 1, 1), 10**400]
    )
    def test_only_finite_numbers_are_accepted(self, kind: Any, value: object) -> None:
        assert refusal(kind, value)

    @pytest.mark.parametrize(
        ("kind", "accepted", "refused"),
        [
            (values.Number, [-1, 0, 1e300], []),
            (values.NonNegative, [0, 1], [-1e-9]),
            (values.Positive, [1e-9], [0, -1]),
            (values.Ratio, [0, 0.5, 1], [-0.01, 1.01, 99.5]),
            (values.OpenRatio, [0.001, 0.999], [0, 1, -1, 99.5]),
        ],
    )
    def test_is_in_its_range(self, kind: Any, accepted: list[float], refused: list[float]) -> None:
        assert [reads(kind, value) for value in accepted] == accepted
        assert all(refusal(kind, value) for value in refused)

    def test_the_message_names_the_range(self) -> None:
        assert refusal(values.OpenRatio, 99.5) == "must be between 0 and 1"
        assert refusal(values.OpenRatio, 1) == "must be more than 0 and less than 1"
        assert TypeAdapter(values.Positive).json_schema() == {"type": "number", "exclusiveMinimum": 0}

    @pytest.mark.parametrize("value", [True, 1.0, "1", None])
    def test_a_count_is_whole(self, value: object) -> None:
        assert refusal(values.Count, value)


class TestUrl:
    def test_may_have_a_place_for_the_alert(self) -> None:
        assert reads(values.AlertUrl, "https://wiki/{alert}/") == "https://wiki/{alert}/"
        assert reads(values.AlertUrl, "https://wiki/") == "https://wiki"
        assert refusal(values.AlertUrl, "{alert}") == "must be an http:// or https:// address"
        for url in ("https://wiki/{name}", "https://wiki/{{alert}}", "https://wiki/{alert}/{model}"):
            assert refusal(values.AlertUrl, url).startswith("must not have braces other than those of {alert}")

    @pytest.mark.parametrize("url", ["https://grafana/?orgId=1", "https://grafana/#/x"])
    def test_to_which_a_path_is_added_has_neither_query_nor_fragment(self, url: str) -> None:
        assert refusal(values.BaseUrl, url) == "must not contain ? or #: paths are added to its end"
        assert reads(values.BaseUrl, "https://grafana/sub/") == "https://grafana/sub"

    def test_the_last_slash_is_removed(self) -> None:
        assert reads(values.Url, "https://runbooks.example.com/ml/") == "https://runbooks.example.com/ml"
        assert reads(values.Url, "http://[::1]:8080?team=a@b") == "http://[::1]:8080?team=a@b"

    @pytest.mark.parametrize(
        "url",
        [
            "example.com",
            "ftp://example.com",
            "https://",
            "https:///x",
            "https://a b",
            'https://a/"',
            "https://a/{{ x }}",
        ],
    )
    def test_is_an_http_address(self, url: str) -> None:
        assert refusal(values.Url, url) == "must be an http:// or https:// address"

    @pytest.mark.parametrize("url", ["https://user:password@example.com", "http://token@example.com/x"])
    def test_contains_no_secret(self, url: str) -> None:
        assert "secrets do not belong in a spec" in refusal(values.Url, url)


def test_a_secret_is_the_path_of_its_file() -> None:
    assert reads(values.SecretFile, "/etc/secrets/key") == "/etc/secrets/key"
    assert "not the secret itself" in refusal(values.SecretFile, "3a1f00c4d2")


@pytest.mark.parametrize(
    ("written", "value"),
    [(1, 1), ("17", 17), ("500MB", 500 * 10**6), ("20GiB", 20 * 2**30), ("1TB", 10**12), ("3kB", 3000)],
)
def test_bytes(written: object, value: int) -> None:
    assert TypeAdapter(Bytes).validate_python(written) == value


@pytest.mark.parametrize("written", [0, -1, True, 1.5, "", "1.5GB", "0MB", "10 GB", "5Kb", "1kiB", None])
def test_other_values_are_not_bytes(written: object) -> None:
    with pytest.raises(ValidationError, match="must be a number of bytes such as 500MB"):
        TypeAdapter(Bytes).validate_python(written)


def test_bytes_are_written_with_a_unit() -> None:
    assert [format_bytes(value) for value in (7, 1500, 10**9, 123456789012)] == [
        "7 bytes",
        "1.5 kB",
        "1 GB",
        "123.5 GB",
    ]
