from __future__ import annotations

import base64
import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.sources.formats.payload_rows import PayloadMismatch
from exporter.sources.formats.payloads import Shape, Writer
from exporter.spec.json_path import parse_path

KSERVE = Shape(Writer.KSERVE, ("age", "country"), ("score",))
TRITON = Shape(Writer.TRITON)
SAGEMAKER = Shape(Writer.SAGEMAKER, ("age", "country"), ("score",))


def event(**body: Any) -> dict[str, Any]:
    return {"specversion": "1.0", "id": "r1", "time": "2026-11-22T14:00:00Z", "data": body}


def paths(**texts: str) -> Shape:
    return Shape(paths={name: parse_path(text) for name, text in texts.items()})


class TestKServe:
    def test_a_request_and_its_response_are_halves(self) -> None:
        request = KSERVE.payload(event(instances=[[31, "US"], [45, None]]))
        response = KSERVE.payload(event(predictions=[0.25, [0.5]]))
        assert (request.complete, response.complete) == (False, False)
        assert request.response is None
        assert request.request == [{"age": 31, "country": "US"}, {"age": 45, "country": None}]
        assert response.response == [{"score": 0.25}, {"score": 0.5}]
        assert (request.id, request.shared) == ("r1", {"time": "2026-11-22T14:00:00Z"})
        assert (response.id, response.shared) == ("r1", {})

    def test_objects_name_their_columns(self) -> None:
        payload = Shape(Writer.KSERVE).payload(event(instances=[{"age": 31}], predictions=[{"p": 0.5, "class": "a"}]))
        assert payload.rows() == [{"id": "r1", "time": "2026-11-22T14:00:00Z", "age": 31, "p": 0.5, "class": "a"}]

    def test_values_without_names_are_numbered(self) -> None:
        payload = Shape(Writer.KSERVE).payload(event(instances=[[1, 2]], predictions=[3]))
        (row,) = payload.rows()
        assert (row["request[0]"], row["request[1]"], row["response[0]"]) == (1, 2, 3)

    def test_several_rows_have_ids_of_their_own(self) -> None:
        payload = KSERVE.payload(event(instances=[[1, "a"], [2, "b"]], predictions=[0.1, 0.2]))
        assert [(row["id"], row["age"], row["score"]) for row in payload.rows()] == [("r1-0", 1, 0.1), ("r1-1", 2, 0.2)]

    @pytest.mark.parametrize(
        "line",
        [
            {"id": "r1", "data": json.dumps({"predictions": [1]})},
            {"id": "r1", "data_base64": base64.b64encode(b'{"predictions": [1]}').decode()},
            {"id": "r1", "predictions": [1]},
        ],
    )
    def test_data_may_be_text_or_base64_or_the_line_itself(self, line: dict[str, Any]) -> None:
        assert KSERVE.payload(line).response == [{"score": 1}]

    def test_paths_add_columns_of_the_line(self) -> None:
        shape = Shape(Writer.KSERVE, paths={"model": parse_path("$.source"), "absent": parse_path("$.x")})
        assert shape.payload({**event(predictions=[]), "source": "v3"}).shared == {"model": "v3"}

    @pytest.mark.parametrize(
        ("line", "why"),
        [
            (event(other=[]), "it has neither instances nor predictions"),
            ({"data": {"instances": []}}, "it has no id"),
            ({"id": "", "data": {"instances": []}}, "it has no id"),
            ({"id": "r1", "data": [1]}, "its data are not a JSON object"),
            (event(instances={"age": 1}), "its request is not a list"),
            (event(instances=[[1]]), "a row of its request has 1 values, and the spec names 2"),
        ],
    )
    def test_another_line_is_refused(self, line: dict[str, Any], why: str) -> None:
        with pytest.raises(PayloadMismatch, match=f"^{why}$"):
            KSERVE.payload(line)

    def test_a_response_of_other_rows_is_refused(self) -> None:
        payload = KSERVE.payload(event(instances=[[1, "a"]], predictions=[1, 2]))
        with pytest.raises(PayloadMismatch, match=r"^its request has 1 rows, and its response 2$"):
            payload.rows()


class TestTriton:
    @staticmethod
    def tensor(name: str, shape: list[int], data: Any) -> dict[str, Any]:
        return {"name": name, "shape": shape, "datatype": "FP32", "data": data}

    @pytest.mark.parametrize("data", [[1, 2, 3, 4], [[1, 2], [3, 4]]])
    def test_tensors_are_rows_by_their_first_dimension(self, data: Any) -> None:
        tensors = [self.tensor("x", [2, 2], data), self.tensor("country", [2, 1], ["US", "DE"])]
        assert TRITON.payload(event(inputs=tensors)).request == [
            {"x[0]": 1, "x[1]": 2, "country": "US"},
            {"x[0]": 3, "x[1]": 4, "country": "DE"},
        ]

    def test_names_of_the_spec_go_through_all_tensors(self) -> None:
        shape = Shape(Writer.TRITON, ("a", "b", "c"), ("score",))
        tensors = [self.tensor("x", [1, 2], [1, 2]), self.tensor("y", [1], [3])]
        assert shape.payload(event(inputs=tensors)).request == [{"a": 1, "b": 2, "c": 3}]
        assert shape.payload(event(outputs=[self.tensor("output__0", [1, 1], [0.5])])).response == [{"score": 0.5}]

    def test_no_rows(self) -> None:
        assert TRITON.payload(event(inputs=[self.tensor("x", [0, 2], [])])).request == []

    @pytest.mark.parametrize(
        ("tensors", "why"),
        [
            ([{"name": "x", "shape": [1]}], "a tensor has no data: binary data are not read"),
            ([{"shape": [1], "data": [1]}], "a tensor has no name or no shape"),
            ([{"name": "x", "shape": [-1, -1], "data": [1]}], "the tensor x of shape [-1, -1] has 1 values"),
            ([{"name": "x", "shape": [2], "data": [1]}], "the tensor x of shape [2] has 1 values"),
            (
                [{"name": n, "shape": [k], "data": [0] * k} for n, k in (("x", 1), ("y", 2))],
                "its request has tensors of 1 and 2 rows",
            ),
            ("text", "its request is not a list of tensors"),
        ],
    )
    def test_another_line_is_refused(self, tensors: Any, why: str) -> None:
        with pytest.raises(PayloadMismatch) as caught:
            TRITON.payload(event(inputs=tensors))
        assert str(caught.value) == why


class TestSageMaker:
    @staticmethod
    def line(given: Any, returned: Any, **event: str) -> dict[str, Any]:
        metadata = {"eventId": "e1", "inferenceTime": "2026-11-22T14:00:00Z", **event}
        return {"captureData": {"endpointInput": given, "endpointOutput": returned}, "eventMetadata": metadata}

    @staticmethod
    def part(data: str, kind: str = "text/csv", encoding: str = "CSV") -> dict[str, str]:
        return {"observedContentType": kind, "mode": "INPUT", "data": data, "encoding": encoding}

    @pytest.mark.parametrize(
        ("given", "returned"),
        [
            (part("31,US\n45,\n"), part("0.25\n0.5")),
            (part("31,US\n45,\n"), part("0.25,0.5", "text/csv; charset=utf-8")),
            (
                part(base64.b64encode(b"31,US\r\n45,").decode(), encoding="BASE64"),
                part("[0.25, 0.5]", "application/json", "JSON"),
            ),
            (
                part('{"instances": [["31", "US"], ["45", null]]}', "application/json", "JSON"),
                part('{"predictions": [{"score": "0.25"}, {"score": "0.5"}]}', "application/json", "JSON"),
            ),
            (
                part('["31", "US"]\n["45", null]', "application/jsonlines", "JSON"),
                part('{"score": "0.25"}\n{"score": "0.5"}', "application/jsonlines", "JSON"),
            ),
        ],
    )
    def test_csv_and_json_become_rows(self, given: Any, returned: Any) -> None:
        rows = SAGEMAKER.payload(self.line(given, returned)).rows()
        assert [(row["id"], row["age"], row["country"], float(row["score"])) for row in rows] == [
            ("e1-0", "31", "US", 0.25),
            ("e1-1", "45", None, 0.5),
        ]
        assert {row["time"] for row in rows} == {"2026-11-22T14:00:00Z"}

    def test_the_callers_id_is_preferred(self) -> None:
        line = self.line(self.part("31,US"), self.part("1"), inferenceId="mine")
        assert SAGEMAKER.payload(line).rows()[0]["id"] == "mine"

    def test_a_request_alone_is_a_row_without_a_response(self) -> None:
        (row,) = SAGEMAKER.payload(self.line(self.part("31,US"), None)).rows()
        assert row == {"id": "e1", "time": "2026-11-22T14:00:00Z", "age": "31", "country": "US"}

    def test_one_json_object_is_one_row(self) -> None:
        shape = Shape(Writer.SAGEMAKER)
        given = self.part('{"age": 31}', "application/json", "JSON")
        (row,) = shape.payload(self.line(given, self.part('{"p": 1}', "application/json", "JSON"))).rows()
        assert (row["age"], row["p"]) == (31, 1)

    @pytest.mark.parametrize("line", [{}, {"captureData": 1, "eventMetadata": {}}])
    def test_another_line_is_refused(self, line: dict[str, Any]) -> None:
        with pytest.raises(PayloadMismatch, match=r"^it has no captureData or no eventMetadata$"):
            SAGEMAKER.payload(line)


class TestPaths:
    def test_a_line_is_one_row(self) -> None:
        payload = paths(age="$.user.age", score="$.out[0]").payload({"user": {"age": 31}, "out": [0.5]})
        assert payload.rows() == [{"age": 31, "score": 0.5}]

    def test_with_a_star_a_line_is_a_row_for_each_item(self) -> None:
        shape = paths(id="$.id", age="$.rows[*].age", score="$.scores[*]", absent="$.other[*]")
        payload = shape.payload({"id": "r1", "rows": [{"age": 1}, {}], "scores": [0.1, 0.2]})
        assert payload.rows() == [
            {"id": "r1", "age": 1, "score": 0.1, "absent": None},
            {"id": "r1", "age": None, "score": 0.2, "absent": None},
        ]
        assert shape.payload({"id": "r1", "rows": []}).rows() == []

    @pytest.mark.parametrize(
        ("shape", "why"),
        [
            (paths(a="$.x[*]", b="$.y[*]"), "its lists have 1 and 2 items"),
            (paths(a="$.z"), "it has nothing at any of the paths"),
            (paths(a="$.z[*]", b="$.id"), "it has no list at the paths with [*]"),
        ],
    )
    def test_another_line_is_refused(self, shape: Shape, why: str) -> None:
        with pytest.raises(PayloadMismatch) as caught:
            shape.payload({"id": "r1", "x": [1], "y": [1, 2]})
        assert str(caught.value) == why


_KEYS = (
    *("id", "data", "instances", "predictions", "inputs", "outputs", "name", "shape", "captureData", "eventMetadata"),
    *("endpointInput", "endpointOutput", "encoding", "observedContentType", "data_base64"),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "1,2", "[1]", '{"a": [1]}', "\ud800"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_KEYS), inner, max_size=4),
    max_leaves=20,
)


@pytest.mark.parametrize("shape", [KSERVE, TRITON, SAGEMAKER, paths(a="$.data[*].name", b="$.id")])
@given(line=st.dictionaries(st.sampled_from(["id", "data", "captureData", "eventMetadata"]), JSON))
def test_any_line_is_rows_or_refused(shape: Shape, line: dict[str, Any]) -> None:
    with suppress(ValueError):
        payload = shape.payload(line)
        if payload.complete:
            assert all(isinstance(row, dict) for row in payload.rows())
