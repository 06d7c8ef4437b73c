"""Groups of rows that are counted together, and the labels of their series."""

from __future__ import annotations

from exporter.profiles.group import WHOLE, Group, Segment, largest_groups, segments_of, serving_groups, unsegmented

US = Segment("country_code", "US")


def test_a_segments_label_is_its_column_and_value_and_the_wholes_is_empty() -> None:
    assert US.label == "country_code=US"
    assert Segment("plan", "").label == "plan="
    assert WHOLE.label == ""


def test_labels_are_those_of_the_groups_series() -> None:
    assert Group("v3").labels == {"version": "v3", "role": "", "segment": ""}
    assert Group("v3", "champion", US).labels == {"version": "v3", "role": "champion", "segment": "country_code=US"}


def test_a_segment_is_within_its_version_and_role() -> None:
    assert Group("v3", "challenger").within(US) == Group("v3", "challenger", US)


def test_whole_groups_sort_first_and_can_be_selected() -> None:
    groups = [Group("v2", "a", US), Group("v2", "a"), Group("v1", "b"), Group("v1", "b", US)]
    assert sorted(groups) == [Group("v1", "b"), Group("v1", "b", US), Group("v2", "a"), Group("v2", "a", US)]
    assert unsegmented(groups) == [Group("v2", "a"), Group("v1", "b")]


def test_serving_groups_have_every_role_except_challenger() -> None:
    groups = [Group("v1"), Group("v1", "champion"), Group("v2", "challenger"), Group("v1", "champion", US)]
    assert serving_groups(groups) == groups[:2]


def test_the_segments_of_a_group_have_its_version_and_role() -> None:
    own, other = Group("v1", "champion"), Group("v1", "challenger")
    assert segments_of(own, [own, other, own.within(US), other.within(US)]) == [own.within(US)]


def test_the_largest_versions_count_all_roles_and_no_segments() -> None:
    rows = {Group("a", "x"): 5, Group("b", "x"): 4, Group("b", "y"): 3, Group("a", "x", US): 100}
    assert largest_groups(rows, 1) == [Group("b", "x"), Group("b", "y")]
    assert largest_groups(rows, 2) == [Group("b", "x"), Group("b", "y"), Group("a", "x")]
