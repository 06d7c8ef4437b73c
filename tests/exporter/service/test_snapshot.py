"""The exposition that a scrape reads."""

from __future__ import annotations

import subprocess
import zlib
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.exposition import generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from exporter import catalogue
from exporter.samples.windows import Sample
from exporter.service import snapshot as exposition
from exporter.service.snapshot import Renderer, render

PSI = Sample(catalogue.FEATURE_PSI, ("fraud", "v3", "age", "1h", "", ""), 0.25)
ROWS = Sample(catalogue.WINDOW_ROWS, ("fraud", catalogue.INFERENCE, "1h"), 2000)
BUILT = Sample(catalogue.PROFILES_BUILT_TOTAL, ("fraud", catalogue.INFERENCE), 7)
SUCCESS = Sample(catalogue.SPEC_RELOAD_SUCCESS, (), 1)


def _samples(text: bytes) -> dict[str, list[tuple[dict[str, str], float]]]:
    found: dict[str, list[tuple[dict[str, str], float]]] = {}
    for family in parse_text(text.decode()):
        for sample in family.samples:
            found.setdefault(sample.name, []).append((sample.labels, sample.value))
    return found


def test_every_sample_is_exposed_with_its_labels_and_the_models_constant_labels() -> None:
    snapshot = render([ROWS, PSI, BUILT, SUCCESS], {"fraud": {"env": "prod"}, "churn": {"env": "test"}})
    samples = _samples(snapshot.text)
    labels = {"model": "fraud", "version": "v3", "feature": "age", "window": "1h", "env": "prod"}
    assert samples[PSI.metric.name] == [(labels, 0.25)]
    assert samples[BUILT.metric.name] == [({"model": "fraud", "stream": "inference", "env": "prod"}, 7.0)]
    assert samples[SUCCESS.metric.name] == [({}, 1.0)]


def test_families_are_in_the_order_of_the_catalogue_with_its_help_and_kind() -> None:
    families = list(parse_text(render([BUILT, ROWS, PSI], {}).text.decode()))
    assert [family.name for family in families] == [
        PSI.metric.name,
        ROWS.metric.name,
        BUILT.metric.name.removesuffix("_total"),
    ]
    assert [family.type for family in families] == ["gauge", "gauge", "counter"]
    assert [family.documentation for family in families] == [PSI.metric.help, ROWS.metric.help, BUILT.metric.help]


def test_a_metric_without_samples_is_absent() -> None:
    assert _samples(render([PSI], {}).text).keys() == {PSI.metric.name}


def test_openmetrics_has_the_same_samples_and_one_end() -> None:
    snapshot = render([PSI, BUILT], {})
    pieces, content_type = snapshot.exposition([ROWS], {}, openmetrics=True)
    body = b"".join(pieces)
    assert content_type.startswith("application/openmetrics-text")
    assert body.count(b"# EOF") == 1
    assert body.endswith(b"# EOF\n")
    names = {sample.name for family in parse_openmetrics(body.decode()) for sample in family.samples}
    assert {PSI.metric.name, BUILT.metric.name, ROWS.metric.name, "process_cpu_seconds_total"} <= names


def test_both_formats_have_the_gauges_of_the_process() -> None:
    pieces, content_type = render([PSI], {}).exposition([ROWS], {}, openmetrics=False)
    assert content_type.startswith("text/plain")
    assert "process_resident_memory_bytes" in _samples(b"".join(pieces))


def test_long_label_values_are_cut_at_a_whole_character() -> None:
    sample = Sample(catalogue.FEATURE_PSI, ("fraud", "v", "é" * 150, "1h", "", ""), 1.0)
    ((labels, _),) = _samples(render([sample], {}).text)[PSI.metric.name]
    assert labels[catalogue.FEATURE] == "é" * (catalogue.MAX_LABEL_BYTES // 2)


def test_values_that_are_equal_after_the_cut_give_one_series() -> None:
    names = ["x" * 200 + end for end in "ab"]
    samples = [Sample(catalogue.FEATURE_PSI, ("fraud", "v", name, "1h", "", ""), i) for i, name in enumerate(names)]
    assert [value for _, value in _samples(render(samples, {}).text)[PSI.metric.name]] == [0.0]


@given(st.text(max_size=60))
def test_any_text_survives_as_a_label_value(text: str) -> None:
    text = text.encode("utf-8", "replace").decode()
    sample = Sample(catalogue.FEATURE_PSI, ("fraud", "v", text, "1h", "", ""), 1.0)
    ((labels, _),) = _samples(render([sample], {}).text)[PSI.metric.name]
    assert labels.get(catalogue.FEATURE, "") == text


def test_an_empty_label_is_left_out() -> None:
    sample = Sample(catalogue.FEATURE_PSI, ("fraud", "v", "age", "1h", "", "country=US"), 1.0)
    ((labels, _),) = _samples(render([sample], {}).text)[PSI.metric.name]
    assert labels == {"model": "fraud", "version": "v", "feature": "age", "window": "1h", "segment": "country=US"}


def test_labels_that_do_not_fit_the_metric_are_an_error() -> None:
    with pytest.raises(ValueError, match="zip"):
        render([Sample(catalogue.FEATURE_PSI, ("fraud",), 1.0)], {})


def _histogram(version: str) -> list[Sample]:
    buckets, rows, total = catalogue.PREDICTION_SCORE.series
    labels = ("fraud", version, "1h", "")
    ends = [Sample(buckets, (*labels, end), count) for end, count in (("0.5", 3), ("1.0", 4), ("+Inf", 4))]
    return [*ends, Sample(rows, labels, 4), Sample(total, labels, 1.5)]


def test_a_histogram_is_one_family_in_the_order_of_its_buckets() -> None:
    _, family = parse_openmetrics(render([*_histogram("v1"), PSI, *_histogram("v2")], {}).openmetrics.decode())
    assert (family.name, family.type) == (catalogue.PREDICTION_SCORE.name, "gaugehistogram")
    ends = ["0.5", "1.0", "+Inf", None, None]
    assert [sample.labels.get(catalogue.LE) for sample in family.samples] == ends * 2
    assert [sample.value for sample in family.samples] == [3, 4, 4, 4, 1.5] * 2


def test_the_text_format_has_the_same_names_for_the_series_of_a_histogram() -> None:
    snapshot = render(_histogram("v1"), {"fraud": {"env": "prod"}})
    named = {sample.name for family in parse_openmetrics(snapshot.openmetrics.decode()) for sample in family.samples}
    assert named == _samples(snapshot.text).keys() == {part.name for part in catalogue.PREDICTION_SCORE.series}


def test_promtool_accepts_every_metric() -> None:
    samples = [
        Sample(part, tuple("+Inf" if name == catalogue.LE else name for name in part.labels), 1.0)
        for metric in catalogue.METRICS
        for part in metric.series
    ]
    pieces, _ = render(samples, {}).exposition((), {}, openmetrics=False)
    result = subprocess.run(["promtool", "check", "metrics"], input=b"".join(pieces), capture_output=True, check=False)
    assert (result.returncode, result.stdout, result.stderr) == (0, b"", b"")


NAMES = ["fraud", "churn", "pricing"]
KINDS = [metric for metric in catalogue.METRICS if metric.labels[:1] == (catalogue.MODEL,)]


@st.composite
def parts(draw: st.DrawFn) -> dict[str, list[Sample]]:
    """Samples of some models: of a few metrics, with a few labels each."""

    def of(name: str) -> st.SearchStrategy[list[Sample]]:
        def sample(metric: catalogue.Metric, text: str, value: float) -> list[Sample]:
            of_label = {catalogue.MODEL: name, catalogue.LE: "+Inf"}
            return [
                Sample(part, tuple(of_label.get(each, text) for each in part.labels), value) for part in metric.series
            ]

        return st.lists(
            st.builds(sample, st.sampled_from(KINDS), st.text('a\\\n"#é', max_size=4), st.floats(width=32)), max_size=4
        ).map(lambda groups: [each for group in groups for each in group])

    return {name: draw(of(name)) for name in draw(st.permutations(NAMES))}


@given(st.lists(parts(), min_size=1, max_size=3))
def test_parts_give_what_the_client_writes_of_all_samples_at_once(publishes: list[dict[str, list[Sample]]]) -> None:
    labels = {"fraud": {"env": "prod"}}
    renderer = Renderer()
    for models in publishes:
        joined = renderer.render({name: (samples, labels) for name, samples in models.items()})
        families = [family for _, family in exposition._families([s for each in models.values() for s in each], labels)]
        assert joined.text == generate_latest(exposition._Families(families))
        assert joined.openmetrics == generate_openmetrics(exposition._Families(families))


def test_only_a_part_that_changed_is_rendered_again(monkeypatch: pytest.MonkeyPatch) -> None:
    rendered: list[Sequence[Sample]] = []
    whole = exposition._rendered
    monkeypatch.setattr(
        exposition, "_rendered", lambda samples, labels: rendered.append(samples) or whole(samples, labels)
    )
    renderer, other = Renderer(), Sample(catalogue.FEATURE_PSI, ("churn", "v3", "age", "1h", "", ""), 0.5)
    renderer.render({"fraud": ([PSI], {}), "churn": ([other], {})})
    higher = Sample(PSI.metric, PSI.labels, 0.75)
    values = _samples(renderer.render({"fraud": ([higher], {}), "churn": ([other], {})}).text)[PSI.metric.name]
    assert [value for _, value in values] == [0.75, 0.5]
    assert rendered == [[PSI], [other], [higher]]
    renderer.render({"churn": ([other], {"churn": {"env": "test"}})})
    assert rendered[3:] == [[other]]


def test_a_snapshot_is_compressed_once_and_one_member_with_what_a_scrape_adds(monkeypatch: pytest.MonkeyPatch) -> None:
    snapshot, sizes = render([PSI], {}), list[int]()
    deflated = exposition._deflated
    monkeypatch.setattr(exposition, "_deflated", lambda data, flush: sizes.append(len(data)) or deflated(data, flush))
    bodies = [b"".join(snapshot.exposition((), {}, openmetrics=True, compressed=True)[0]) for _ in range(3)]
    assert sizes.count(len(snapshot.openmetrics) - len(b"# EOF\n")) == 1
    member = zlib.decompressobj(16 + zlib.MAX_WBITS)  # like curl, it ends with the first member, and checks its sums
    plain = member.decompress(bodies[2])
    assert (member.eof, member.unused_data) == (True, b"")
    assert plain.startswith(snapshot.openmetrics.removesuffix(b"# EOF\n"))
    assert plain.endswith(b"\n# EOF\n")
