from __future__ import annotations

import pytest

from exporter.sources.near_names import missing_column, nearest_name


@pytest.mark.parametrize(
    ("name", "present", "end"),
    [
        ("userId", ("age", "userid"), '; the column is named "userid" here'),
        ("user_id", ("age", "USER_ID", "user_ids"), '; the column is named "USER_ID" here'),
        ("Straße", ("STRASSE",), '; the column is named "STRASSE" here'),
        ("country_code", ("age", "contry_code"), '; did you mean "contry_code"?'),
        ("country", ("age", "score"), ""),
        ("country", (), ""),
    ],
)
def test_the_name_that_may_be_meant(name: str, present: tuple[str, ...], end: str) -> None:
    assert nearest_name(name, present) == end
    assert missing_column(name, present) == f"the column is missing{end}"
