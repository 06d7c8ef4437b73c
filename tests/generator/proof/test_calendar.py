"""The tests of the calendar pass, and fail with another calendar."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from examples import BODY, HOSTILE, model
from exporter import catalogue
from exporter.spec.loading import LoadedSpec
from generator.documents import render
from generator.serialization import from_yaml
from promtool import Document, verdict

WEEKEND = {"feature_psi": {"floor": 0.2, "weekdays": {"saturday": 0.3, "sunday": 0.3}}}
HOLIDAYS = {"dates": ["2026-11-26"], "like": "sunday"}


def spec(zone: str = "America/New_York", thresholds: Any = WEEKEND, **body: Any) -> LoadedSpec:
    return model(seasonality={"timezone": zone, "holidays": HOLIDAYS}, thresholds=thresholds, **body)


def documents(loaded: LoadedSpec) -> tuple[Document, Document | None]:
    """Return the rules of a model, and the test file of its calendar."""
    texts = {str(path): text for path, text in render([loaded]).items()}
    proof = texts.get(f"rules/tests/{loaded.spec.name}.calendar.yaml")
    return from_yaml(texts[f"rules/{loaded.spec.name}.yaml"]), proof and from_yaml(proof)


def proven(loaded: LoadedSpec) -> tuple[Document, Document]:
    rules, proof = documents(loaded)
    assert proof is not None
    return rules, proof


SPECS = {
    "west": spec(),
    "east": spec("Pacific/Auckland"),
    "half an hour of clocks": spec("Australia/Lord_Howe"),
    "no midnight": spec("America/Santiago"),
    "strict Saturday": spec("UTC", {"feature_psi": {"floor": 0.2, "weekdays": {"saturday": 0}}}),
    "one Wednesday": spec(thresholds={"drift_share": {"floor": 0.2, "weekdays": {"wednesday": 1}}}),
    "every day": spec(
        "UTC",
        {
            "prediction_mean_shift": {"floor": 1, "weekdays": {"monday": 1e-5, "tuesday": 2, "friday": 3, "sunday": 2}},
            "feature_null_ratio": {"floor": 0.1, "weekdays": {"sunday": 0.15}},
            "prediction_psi": {"floor": 0.01, "weekdays": {"sunday": 0.02}},
        },
    ),
    "days": spec(inference={**BODY["inference"], "grain": "24h"}, windows=["24h"]),
    "quarters": spec("Asia/Kathmandu", inference={**BODY["inference"], "grain": "15m", "delay": "3h"}),
    "slow, without constant labels": model(
        {"labels": {}}, thresholds=WEEKEND, refresh={"interval": "1h", "timeout": "1h"}
    ),
    "hostile": model(
        {"labels": {"env": HOSTILE}}, features=[{"name": HOSTILE, "type": "categorical"}], thresholds=WEEKEND
    ),
}


@pytest.mark.parametrize("loaded", SPECS.values(), ids=SPECS.keys())
def test_the_rules_pass_their_tests(loaded: LoadedSpec, tmp_path: Path) -> None:
    rules, proof = proven(loaded)
    assert len(proof["tests"]) >= 2
    passed, output = verdict(rules, proof, tmp_path)
    assert passed, output


def test_an_ordinary_and_a_drifted_saturday_a_holiday_and_the_nights_when_clocks_change() -> None:
    assert [group["name"] for group in proven(SPECS["west"])[1]["tests"]] == [
        "MLFeatureDriftHigh: fraud on an ordinary Saturday, 2026-01-03",
        "MLFeatureDriftHigh: fraud on a drifted Saturday, 2026-01-03",
        "MLFeatureDriftHigh: fraud on a holiday, 2026-11-26, that counts as a Sunday",
        "MLFeatureDriftHigh: fraud when clocks go forward, 2026-03-08",
        "MLFeatureDriftHigh: fraud when clocks go back, 2026-11-01",
    ]


def test_saturday_in_utc_still_fires_and_saturday_in_new_york_is_silent() -> None:
    ordinary = proven(SPECS["west"])[1]["tests"][0]
    expected_at = {minutes(check["eval_time"]): bool(check["exp_samples"]) for check in ordinary["promql_expr_test"]}
    # From a Thursday's midnight in UTC: Saturday is two days later there, and five hours and a window more in New York.
    saturday = 2 * 24 * 60
    assert expected_at[saturday + 5 * 60] is True  # the window until midnight in New York is the newest
    assert expected_at[saturday + 6 * 60] is True  # it is not any more, and Friday's alert lingers
    assert expected_at[saturday + 7 * 60] is False


@pytest.mark.parametrize(
    "body",
    [{}, {"thresholds": {"feature_psi": 0.2}}, {"thresholds": WEEKEND, "refresh": {"interval": "1d", "timeout": "6h"}}],
    ids=["no weekdays", "one floor", "slower than days"],
)
def test_without_cases_there_is_no_test_file(body: Any) -> None:
    assert documents(model(seasonality={"timezone": "America/New_York"}, **body))[1] is None


# ------------------------------------------------------------------------------------------ mutations

GAUGE = catalogue.WINDOW_DAY_OF_WEEK.name


@pytest.mark.parametrize(
    ("pattern", "wrong"),
    [
        (rf"({GAUGE}\{{[^}}]*\}})", r"(\1 * 0 + scalar(day_of_week()))"),  # UTC's weekday
        (rf"({GAUGE}\{{[^}}]*\}})", r"((\1 + 1) % 7)"),
        (r"== 6", "== 5"),
        (r"== 0", "== 1"),
        (r"== 6", "!= 6"),
        (r"<= 0\.3", "< 0.3"),
        (r"<= 0\.3", "<= 0.7"),
        (r"<= 0\.3", "> 0.3"),
        (r"\nunless \(", "\nand ("),
        (r"\nunless \((.|\n)*", ""),
        (r"\n    or\n", "\n    and\n"),
        (GAUGE, catalogue.CALENDAR_DAY_OF_WEEK.name),
        (r'stream="inference"', 'stream="labels"'),
        (r"container, feature,", "container,"),
        (r"version, stream", "version"),
        (r"ignoring \(instance, pod,", "ignoring (pod,"),
    ],
)
def test_a_rule_that_follows_another_calendar_fails(pattern: str, wrong: str, tmp_path: Path) -> None:
    rules, proof = proven(SPECS["west"])
    proof["tests"] = proof["tests"][:2]
    (rule,) = (each for group in rules["groups"] for each in group["rules"] if GAUGE in each["expr"])
    mutant = re.sub(pattern, wrong, rule["expr"])
    assert mutant != rule["expr"]
    alone = {"groups": [{"name": "one", "rules": [rule | {"expr": mutant}]}]}
    assert not verdict(alone, proof, tmp_path)[0]


def next_day(day: int, count: int, index: int) -> str:
    return f"{(day + 1) % 7}x{count}"


def five_hours_early(day: int, count: int, index: int) -> str:
    """Return the days of UTC instead of New York's: the first is shorter, the last longer."""
    return f"{day}x{count + {0: -5, 3: 5}.get(index, 0)}"


@pytest.mark.parametrize("wrong", [next_day, five_hours_early])
def test_a_gauge_of_another_calendar_fails(wrong: Callable[[int, int, int], str], tmp_path: Path) -> None:
    rules, proof = proven(SPECS["west"])
    ordinary = copy.deepcopy(proof["tests"][0])
    for one in ordinary["input_series"]:
        if one["series"].startswith(GAUGE):
            before, *days = one["values"].split()
            expected_at = [wrong(*map(int, text.split("x")), index) for index, text in enumerate(days)]
            one["values"] = " ".join([before, *expected_at])
    assert not verdict(rules, proof | {"tests": [ordinary]}, tmp_path)[0]


def minutes(duration: str) -> int:
    return int(duration[:-1]) * {"m": 1, "h": 60}[duration[-1]]
