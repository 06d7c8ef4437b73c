"""Make local-bigquery 0.4.0 run on Python 3.11 and DuckDB 1.5: usage: adapt.py FOLDER

It is written for Python 3.13 and DuckDB 2; four places are newer than what it is given here, and one is slow. Each must
be found.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

_PLAIN_ARRAYS = """\
        if value is not None and parameter_type.type == "ARRAY" and parameter_type.arrayType.type in _PLAIN:
            values[name] = value
            expressions[name] = f"CAST(${name} AS {_duckdb_type(parameter_type)})"
            continue
"""


def replaced(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    if old not in text:
        raise SystemExit(f"{path}: {old!r} is not there: this is not local-bigquery 0.4.0")
    path.write_text(text.replace(old, new, 1))


def adapt(package: Path) -> None:
    metadata = package / "catalog" / "metadata.py"
    metadata.write_text(re.sub(r"^(\s*def \w+)\[R: Resource\]", r"\1", metadata.read_text(), flags=re.MULTILINE))
    declared = '\nfrom typing import TypeVar\nR = TypeVar("R", bound="Resource")\n\n\ndef _where'
    replaced(metadata, "\ndef _where", declared)  # PEP 695
    results = package / "engine" / "results.py"
    replaced(results, """{message.replace("'", "''")}""", "{quoted}")  # PEP 701
    start = '    return (\n        f"CASE WHEN list_bool_or'
    replaced(results, start, f"""    quoted = message.replace("'", "''")\n{start}""")
    connected = 'con = duckdb.connect(config={"TimeZone": "UTC"})'
    replaced(
        package / "engine" / "database.py",
        connected,
        "con = duckdb.connect(); con.execute(\"SET GLOBAL TimeZone='UTC'\")",
    )
    # an array that travels as JSON is parsed again for every row: of plain values DuckDB takes it as it is
    array = '        if parameter_type.type in ("ARRAY", "STRUCT", "RANGE"):\n'
    replaced(package / "sql" / "params.py", array, _PLAIN_ARRAYS + array)
    replaced(package / "sql" / "params.py", "\ndef _range", '\n_PLAIN = {"FLOAT64", "INT64", "STRING"}\n\n\ndef _range')
    for functions in package.rglob("geography.sql"):  # wants an extension that is fetched from elsewhere
        functions.unlink()


if __name__ == "__main__":
    adapt(Path(sys.argv[1]) / "local_bigquery")
