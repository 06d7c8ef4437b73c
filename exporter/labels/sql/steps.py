"""The steps of the statement that counts predictions and their labels.

They compute what `exporter.labels.join` and `exporter.labels.outcomes` compute from rows. Each prediction is crossed
with what it counts for, such as the bin of its score and the cell of its label's delay. These entries are counted by
partition, group and segment. The statement also counts the rows of each partition of labels that belong to each
partition of predictions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from exporter.labels.evaluation import Evaluation
from exporter.labels.outcomes import DELAY_EDGES
from exporter.sources.engine import JOINED_ROWS, ROWS, SLOT
from exporter.sql.groups import GroupBy, chosen
from exporter.sql.logs import Logs, id_expression, label_rows_query, microseconds_expression, number_expression

SCORE: Final = 0
DELAY: Final = 1
IMPROPER: Final = 2
NEAR: Final = 3
DUPLICATES: Final = 4
CORRECTIONS: Final = 5
TOO_EARLY: Final = 6
MATCHED: Final = 7
LEFT_OUT: Final = 8
INVALID_LABEL: Final = 9
INVALID_SCORE: Final = 10
INVALID_PERCENT: Final = 11
"""What a row of the result counts: predictions by the bin of their score, labels by the cell of their delay, scores
that are no probabilities, scores within each tolerance of the label, labels that repeat or correct another or are older
than their prediction, rows of a partition of labels that were joined, predictions that were left out by reason,
predictions that cannot be judged: their label is none of the model's, their score is no probability, or a percentage.
"""

UNKNOWN_TRUTH: Final = -1
"""The truth of a prediction without a label."""

_MICROS: Final = 1_000_000
_SUMS: Final = ("scores", "truths", "squared", "squared_squares", "losses", "loss_squares")

_JOINED: Final = f"""SELECT p.{SLOT} AS {SLOT}, {{names}}p.score AS score, p.made_at AS made_at,
  IF({{unjudged}}, NULL, a.label) AS label, a.label AS given,
  IF(a.label = @infinity, NULL, a.labelled_at) AS labelled_at, a.label_rows AS label_rows, a.least < a.most AS disputed
FROM numbered AS p LEFT JOIN (SELECT * FROM ranked_labels WHERE turn = 1) AS a ON p.id = a.id
WHERE p.turn = 1"""
_MATCHED: Final = f"""SELECT p.{SLOT} AS {SLOT}, l.{SLOT} AS cell, COUNT(*) AS n
FROM numbered AS p JOIN labels AS l ON p.id = l.id
WHERE p.turn = 1
GROUP BY p.{SLOT}, l.{SLOT}"""


def outcome_steps(
    logs: Logs, evaluation: Evaluation, grouping: GroupBy, *, binary: bool, bins: int
) -> Iterator[tuple[str, str]]:
    """Return the steps of the statement, by name."""
    columns, types = logs.prediction_columns, logs.made
    time = microseconds_expression(types, columns.timestamp, columns.timestamp_unit)
    made_at = f"IFNULL({time}, @made_from + {SLOT} * @made_grain)"
    score = number_expression(types, columns.score)
    read = [*grouping.values, f"{id_expression(types, columns.prediction_id)} AS id", f"{score} AS score"]
    yield "read_predictions", f"SELECT {SLOT}, {', '.join(read)}, {made_at} AS made_at\nFROM {ROWS}"
    finite = "score IS NOT NULL AND NOT (IS_NAN(score) OR IS_INF(score))"
    start = f"@made_from + {SLOT} * @made_grain"
    outside = f"made_at < {start} - @made_spare OR made_at >= {start} + @made_grain + @made_spare"
    lacking = (
        f"CASE WHEN id IS NULL THEN 0 WHEN NOT ({finite}) THEN 1 WHEN made_at = @unreadable THEN 3 "
        f"WHEN {outside} THEN 4 ELSE NULL END AS lacking"
    )
    yield "checked", f"SELECT *, {lacking}\nFROM read_predictions"
    newest = f"ROW_NUMBER() OVER (PARTITION BY {SLOT}, id ORDER BY made_at DESC, score DESC) AS turn"
    yield "numbered", f"SELECT *, {newest}\nFROM checked\nWHERE lacking IS NULL"
    yield "all_labels", label_rows_query(logs, JOINED_ROWS, binary=binary)
    yield "labels", "SELECT * FROM all_labels WHERE rejected = 0"
    order = "ROW_NUMBER() OVER (PARTITION BY id ORDER BY labelled_at DESC, label DESC) AS turn"
    repeats = "COUNT(*) OVER (PARTITION BY id) AS label_rows, MIN(label) OVER (PARTITION BY id) AS least"
    yield (
        "ranked_labels",
        f"SELECT id, label, labelled_at, {order}, {repeats}, MAX(label) OVER (PARTITION BY id) AS most\nFROM labels",
    )
    names = "".join(f"p.{name} AS {name}, " for name in grouping.row_names)
    outside = " OR p.score < 0 OR p.score > 1" if evaluation.probabilities else ""
    yield "joined", _JOINED.format(names=names, unjudged=f"a.label = @infinity{outside}")
    yield "evaluated", _evaluated(binary=binary, bins=bins)
    yield "listed", _listed(grouping, weights := _entries(evaluation))
    yield "entries", _crossed(grouping, weights)
    yield "counted", _counted(grouping)
    yield from _limited(grouping)
    yield "matched", _MATCHED
    lacking_rows = f"FROM checked WHERE lacking IS NOT NULL GROUP BY {SLOT}, lacking"
    yield "lacking_rows", f"SELECT {SLOT}, lacking AS cell, COUNT(*) AS n {lacking_rows}"
    yield "repeated", f"SELECT {SLOT}, 2 AS cell, COUNT(*) AS n FROM numbered WHERE turn > 1 GROUP BY {SLOT}"


def _evaluated(*, binary: bool, bins: int) -> str:
    bucket = f"{bins} - RANGE_BUCKET(-score, @edges)" if bins else "0"
    miss = "score - label"
    sure = "IF(label > 0, score, 1 - score)"
    certain = f"-LN(LEAST(GREATEST({sure}, @certain), 1 - @certain))"
    loss = certain if binary else f"ABS({miss})"
    truth = "CAST(label AS INT64)" if binary else "1"
    return (
        f"SELECT *, {bucket} AS bin, IF(label IS NULL, {UNKNOWN_TRUTH}, {truth}) AS truth, "
        f"IF(score >= @threshold, 1, 0) AS decided, {miss} AS miss, "
        f"{_product(miss)} AS squared, "
        f"IF(label IS NULL, NULL, {loss}) AS loss, labelled_at - made_at AS waited\nFROM joined"
    )


class _Weight(NamedTuple):
    """What a prediction counts for: its kind and cell, as expressions, and how many times."""

    kind: str
    cell: str
    weight: str


def _entries(evaluation: Evaluation) -> list[_Weight]:
    delay = f"LEAST(CAST(CEIL(LN(GREATEST(waited / {_MICROS}, 1.0)) / @width) AS INT64), {len(DELAY_EDGES)})"
    invalid_score = f"IF(score > 1 AND score <= 100, {INVALID_PERCENT}, {INVALID_SCORE})"
    entries = [
        _Weight(f"{SCORE}", "bin", "1"),
        _Weight(f"{DELAY}", delay, "IF(waited >= 0, 1, 0)"),
        _Weight(f"{IMPROPER}", "0", "IF(label IS NOT NULL AND (score < 0 OR score > 1), 1, 0)"),
        _Weight(f"{DUPLICATES}", "0", "IF(disputed, 0, label_rows - 1)"),
        _Weight(f"{CORRECTIONS}", "0", "IF(disputed, label_rows - 1, 0)"),
        _Weight(f"{TOO_EARLY}", "0", "IF(waited < 0, 1, 0)"),
        _Weight(f"{INVALID_LABEL}", "0", "IF(given = @infinity, 1, 0)"),
        _Weight(invalid_score, "0", "IF(label IS NULL AND given < @infinity, 1, 0)"),
    ]
    near = (f"IF(ABS(miss) <= @near{place}, 1, 0)" for place in range(len(evaluation.tolerances)))
    return entries + [_Weight(f"{NEAR}", f"{place}", weight) for place, weight in enumerate(near)]


def _listed(grouping: GroupBy, entries: Sequence[_Weight]) -> str:
    """Return the step with the kind, the cell and the weight of each entry of a prediction."""
    names = "".join(f"{name}, " for name in grouping.row_names)
    columns = [
        f"{each.kind} AS kind{place}, {each.cell} AS cell{place}, {each.weight} AS weight{place}"
        for place, each in enumerate(entries)
    ]
    values = f"score, label, squared, loss, truth, decided,\n  {(',' + chr(10) + '  ').join(columns)}"
    return f"SELECT {SLOT}, {names}{values}\nFROM evaluated"


def _crossed(grouping: GroupBy, entries: Sequence[_Weight]) -> str:
    """Return the step with a row for each entry of each prediction, and, where there are segments, for each segment."""
    kind, cell, weight = (
        f"{chosen('entry', {place: f'{name}{place}' for place in range(len(entries))}, '0')} AS {name}"
        for name in ("kind", "cell", "weight")
    )
    names = "".join(f"{value}, " for value in grouping.entry_values)
    columns = f"score, label, squared, loss, truth, decided, {kind}, {cell}, {weight}"
    places = ", ".join(map(str, range(len(entries))))
    return f"SELECT {SLOT}, {names}{columns}\nFROM listed CROSS JOIN UNNEST([{places}]) AS entry{grouping.crossed}"


def _counted(grouping: GroupBy) -> str:
    groups = "".join(f"{name}, " for name in grouping.names)
    present = " AND segment_name IS NOT NULL" if grouping.segments else ""
    sums = ", ".join(
        f"SUM(IF(kind = {SCORE}, {value}, NULL)) AS {name}"
        for name, value in (
            ("scores", "IF(truth >= 0, score, NULL)"),
            ("truths", "label"),
            ("squared", "squared"),
            ("squared_squares", _product("squared")),
            ("losses", "loss"),
            ("loss_squares", _product("loss")),
        )
    )
    return (
        f"SELECT {SLOT}, {groups}kind, cell, truth, decided, SUM(weight) AS n, {sums}\n"
        f"FROM entries\nWHERE weight > 0{present}\n"
        f"GROUP BY {SLOT}, {groups}kind, cell, truth, decided"
    )


def _product(value: str) -> str:
    """Return the expression of a value's square; infinite, or 0, beyond what a float holds with others of its kind."""
    ends = f"WHEN ABS({value}) > 1e150 THEN @infinity WHEN ABS({value}) < 1e-150 THEN 0.0"
    return f"CASE {ends} ELSE ({value}) * ({value}) END"


def _limited(grouping: GroupBy) -> Iterator[tuple[str, str]]:
    """The steps that limit the number of texts of each key, in each partition."""
    capped = grouping.capped
    rows = f"IF(kind = {SCORE}{' AND segment = -1' if grouping.segments else ''}, n, 0)"
    weights = "".join(f", SUM({rows}) OVER (PARTITION BY {SLOT}, key{place}) AS rows{place}" for place in capped)
    yield "weighed", f"SELECT *{weights}\nFROM counted"
    ranks = "".join(
        f", DENSE_RANK() OVER (PARTITION BY {SLOT} ORDER BY rows{place} DESC, key{place}) AS rank{place}"
        for place in capped
    )
    yield "ranked", f"SELECT *{ranks}\nFROM weighed"
    texts = {name: name for name in grouping.names}
    texts |= {f"key{place}": f"IF(rank{place} <= @most{place}, key{place}, @other{place})" for place in capped}
    renamed = "".join(f"{expression} AS {name}, " for name, expression in texts.items())
    yield "renamed", f"SELECT {SLOT}, {renamed}kind, cell, truth, decided, n, {', '.join(_SUMS)}\nFROM ranked"
    by = f"{SLOT}, {''.join(f'{name}, ' for name in grouping.names)}kind, cell, truth, decided"
    sums = ", ".join(f"SUM({name}) AS {name}" for name in ("n", *_SUMS))
    yield "summed", f"SELECT {by}, {sums}\nFROM renamed\nGROUP BY {by}"


def outcome_select(grouping: GroupBy) -> str:
    """Return the query that selects the result of all steps."""
    names = grouping.names
    plain = "".join(f"{name}, " for name in names)
    nothing = "".join(f"{'0' if name == 'segment' else 'CAST(NULL AS STRING)'} AS {name}, " for name in names)
    sums = ", ".join(f"CAST(NULL AS FLOAT64) AS {name}" for name in _SUMS)
    others = "".join(
        f"\nUNION ALL SELECT {SLOT}, {nothing}{kind} AS kind, cell, 0 AS truth, 0 AS decided, n, {sums} FROM {step}"
        for kind, step in ((MATCHED, "matched"), (LEFT_OUT, "lacking_rows"), (LEFT_OUT, "repeated"))
    )
    return f"SELECT {SLOT}, {plain}kind, cell, truth, decided, n, {', '.join(_SUMS)} FROM summed{others}"
