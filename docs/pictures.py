"""Previews of the dashboards for the README and the docs, with the demo's data: `make pictures`.

They are not screenshots of Grafana: matplotlib draws each panel of the dashboard's JSON with its place, title and data.
The panels of folded rows are left out.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

import matplotlib as mpl

mpl.use("Agg")

from matplotlib import dates
from matplotlib import pyplot as plt

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "tests" / "data"), str(HERE.parent / "tests" / "servers")]

from boards import boards  # noqa: E402 - the repository's own folders come first
from demo_history import NOW, OFTEN, STORY, demo  # noqa: E402
from exporter.demo.scenario import BROKEN_FEATURE, MODEL  # noqa: E402

FOLDER = HERE / "pictures"
CHOSEN = {"version": ".+", "window": "1h", "feature": ".+", "model": ".+", "role": ".*", "segment": "^$", "state": "0"}
CHOSEN |= {"__range": "7d", "__interval": "12h", "__rate_interval": "2d"}
CHOICES = {"feature": CHOSEN | {"model": MODEL, "feature": BROKEN_FEATURE}, "fleet": CHOSEN | {"window": ".+"}}
COLOURS = {"red": "#d44a3a", "orange": "#eb7b18", "green": "#56a64b", "blue": "#3274d9", "transparent": "white"}
NOTE = "Preview drawn by docs/pictures.py from the dashboard's JSON and the demo's data; not a Grafana screenshot."
ROWS_SHOWN = 10
BLOCKS = "▁▂▃▄▅▆▇█"

Series = list[dict[str, Any]]


def picture(board: Mapping[str, Any], address: str, chosen: Mapping[str, str], path: Path) -> None:
    """Draw a dashboard, without its folded rows, into a PNG file."""
    panels = [panel for panel in board["panels"] if panel["type"] != "row"]
    height = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in panels)
    figure = plt.figure(figsize=(14, 0.36 * height + 0.9), facecolor="#f4f5f5")
    figure.text(0.008, 1 - 0.3 / figure.get_figheight(), board["title"], fontsize=12, fontweight="bold")
    figure.text(0.008, 0.1 / figure.get_figheight(), NOTE, fontsize=7, color="#666666")
    for panel in panels:
        draw(figure, panel, height, [query_result(target, address, chosen) for target in panel["targets"]], chosen)
    path.parent.mkdir(exist_ok=True)
    figure.savefig(path, dpi=72, pil_kwargs={"optimize": True})
    plt.close(figure)


def draw(figure: Any, panel: Mapping[str, Any], height: int, results: list[Series], chosen: Mapping[str, str]) -> None:
    """Draw a panel on its card; like Grafana's, the grid has 24 columns."""
    place, unit = panel["gridPos"], 0.36 / figure.get_figheight()
    left, low = (
        0.006 + place["x"] / 24 * 0.988,
        0.25 / figure.get_figheight() + (height - place["y"] - place["h"]) * unit,
    )
    card = (left + 0.003, low + 0.1 * unit, place["w"] / 24 * 0.988 - 0.006, (place["h"] - 0.2) * unit)
    figure.add_artist(
        plt.Rectangle(card[:2], *card[2:], facecolor="white", edgecolor="#d8d9da", linewidth=0.6, zorder=-1)
    )
    title = re.sub(r"\$(\w+)", lambda match: chosen.get(match[1], match[0]), panel["title"])
    figure.text(card[0] + 0.005, card[1] + card[3] - 0.7 * unit, title, fontsize=8)
    axes = figure.add_axes((card[0] + 0.006, card[1] + 0.3 * unit, card[2] - 0.012, card[3] - 1.4 * unit))
    DRAW[panel["type"]](axes, panel, results)
    if not any(results) and panel["type"] != "stat":
        text = panel["fieldConfig"]["defaults"]["noValue"]
        axes.text(0.5, 0.5, text, fontsize=7, color="#666666", ha="center", va="center", transform=axes.transAxes)
    if axes.axison:
        _within(figure, axes)


def _within(figure: Any, axes: Any) -> None:
    """Shrink axes so that they fit their place together with the texts beside and below them."""
    outer = axes.get_position()
    taken = axes.get_tightbbox(figure.canvas.get_renderer()).transformed(figure.transFigure.inverted())
    beside, below = outer.x0 - taken.x0, outer.y0 - taken.y0
    axes.set_position((outer.x0 + beside, outer.y0 + below, outer.width - beside - 0.004, outer.height - below))


def query_result(target: Mapping[str, Any], address: str, chosen: Mapping[str, str]) -> Series:
    """Return the result of a panel's query from Prometheus, over the week or for now."""
    query = {"query": re.sub(r"\$(\w+)", lambda match: chosen.get(match[1], match[0]), target["expr"])}
    path = "query"
    if target.get("range"):
        path = "query_range"
        query |= {"start": f"{(NOW - STORY).timestamp()}", "end": f"{NOW.timestamp()}"}
        query |= {"step": f"{OFTEN.total_seconds()}"}
    else:
        query["time"] = f"{NOW.timestamp()}"
    with urlopen(f"{address}/api/v1/{path}?{urlencode(query)}") as response:  # noqa: S310 - a loopback address
        result: Series = json.load(response)["data"]["result"]
    return result


# ------------------------------------------------------------------------------------------------ panels


def tile(axes: Any, panel: Mapping[str, Any], results: list[Series]) -> None:
    """Draw a stat: its value as text, on its colour."""
    axes.set_axis_off()
    field = panel["fieldConfig"]
    if not results[0]:
        text, colour = field["defaults"]["noValue"], "#808080"
    else:
        series = results[0][0]
        value = float(series["value"][1])
        named = {each["matcher"]["options"]: each["properties"][0]["value"] for each in field["overrides"]}
        names = [label for label in series["metric"].values() if label in named]
        text = f"{shown(value, field['defaults'].get('unit', 'none'))} {' '.join(names)}"
        colour = named[names[0]]["fixedColor"] if names else step(field["defaults"]["thresholds"]["steps"], value)
    axes.add_patch(plt.Rectangle((0, 0), 1, 1, color=COLOURS.get(colour, colour), transform=axes.transAxes))
    axes.text(0.5, 0.5, text, color="white", ha="center", va="center", fontsize=11, transform=axes.transAxes)


def lines(axes: Any, panel: Mapping[str, Any], results: list[Series]) -> None:
    """Draw a time series: thresholds dashed and references dotted, as in the panel's overrides."""
    styles = {
        each["matcher"]["options"]: {item["id"]: item["value"] for item in each["properties"]}
        for each in panel["fieldConfig"]["overrides"]
    }
    for target, result in zip(panel["targets"], results, strict=True):
        style = styles.get(target["refId"], {})
        fill = style.get("custom.lineStyle", {}).get("fill")
        colour = style.get("color", {}).get("fixedColor")
        for series in result:
            times, values = moments(series)
            axes.plot(
                times,
                values,
                {"dash": "--", "dot": ":"}.get(fill or "", "-"),
                color=COLOURS.get(colour, colour),
                linewidth=1.1,
                label=None if fill else legend(target["legendFormat"], series["metric"]),
            )
    for level in panel["fieldConfig"]["defaults"].get("thresholds", {}).get("steps", [])[1:]:
        axes.axhline(level["value"], linestyle="--", linewidth=0.8, color=COLOURS.get(level["color"], level["color"]))
    in_time(axes)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(fontsize=6, loc="upper left", frameon=False, ncols=2)


def states(axes: Any, panel: Mapping[str, Any], results: list[Series]) -> None:
    """Draw a state timeline or a status history: a bar for each series, in the colour of its state."""
    defaults = panel["fieldConfig"]["defaults"]
    options = defaults["mappings"][0]["options"] if "mappings" in defaults else None
    width = timedelta(days=1) if panel.get("interval") == "1d" else OFTEN
    rows = [(target, series) for target, result in zip(panel["targets"], results, strict=True) for series in result]
    for place, (_target, series) in enumerate(rows):
        times, values = moments(series)
        for at, value in zip(times, values, strict=True):
            colour = (
                options.get(str(int(value)), {"color": "#808080"})["color"]
                if options
                else step(defaults["thresholds"]["steps"], value)
            )
            axes.barh(place, width, left=at, height=0.75, color=COLOURS.get(colour, colour))
    names = [legend(target["legendFormat"], series["metric"]) for target, series in rows]
    for place, name in enumerate(names):
        axes.text(0.005, place, name, fontsize=6.5, va="center", transform=axes.get_yaxis_transform())
    axes.set_yticks([])
    in_time(axes)


def rows_of(axes: Any, panel: Mapping[str, Any], results: list[Series]) -> None:
    """Draw a table, sorted by its first sort key."""
    axes.set_axis_off()
    columns, table = joined(panel, results)
    overrides = {
        each["matcher"]["options"]: {item["id"]: item["value"] for item in each["properties"]}
        for each in panel["fieldConfig"]["overrides"]
    }
    columns = [title for title in columns if not overrides.get(title, {}).get("custom.hidden")]
    first = panel["options"]["sortBy"][0]["displayName"]
    table.sort(key=lambda row: -float(row.get(first, "-inf")))
    cells, colours = [], []
    for row in table[:ROWS_SHOWN]:
        made = [cell(row.get(title), overrides.get(title, {})) for title in columns]
        cells.append([text for text, _ in made])
        colours.append([colour for _, colour in made])
    if cells:
        drawn = axes.table(
            cells, cellColours=colours, colLabels=columns, loc="upper center", cellLoc="center", edges="closed"
        )
        drawn.auto_set_font_size(False)  # noqa: FBT003 - matplotlib's own way
        drawn.set_fontsize(7)


def pairs(axes: Any, panel: Mapping[str, Any], results: list[Series]) -> None:
    """Draw a bar chart: a pair of bars for each bin."""
    columns, table = joined(panel, results)
    table.sort(key=lambda row: str(row[columns[0]]))
    for offset, title, colour in ((-0.2, columns[1], "#3274d9"), (0.2, columns[2], "#808080")):
        values = [float(row.get(title, 0)) for row in table]
        axes.barh([place + offset for place in range(len(table))], values, height=0.4, color=colour, label=title)
    for place, row in enumerate(table):
        axes.text(0.005, place, row[columns[0]], fontsize=6.5, va="center", transform=axes.get_yaxis_transform())
    axes.set_yticks([])
    axes.invert_yaxis()
    axes.tick_params(labelsize=6)
    axes.legend(fontsize=6, frameon=False, loc="lower right")


DRAW = {"stat": tile, "timeseries": lines, "state-timeline": states, "status-history": states}
DRAW |= {"table": rows_of, "barchart": pairs}


# ------------------------------------------------------------------------------------------------ data


def joined(panel: Mapping[str, Any], results: list[Series]) -> tuple[list[str], list[dict[str, str]]]:
    """Return the columns and rows that Grafana's transformations merge and organize make of a panel's results."""
    [order] = [each["options"] for each in panel["transformations"] if each["id"] == "organize"]
    shared = [set(result[0]["metric"]) for result in results if result]
    keys = sorted(set.intersection(*shared)) if shared else []
    table: dict[tuple[str, ...], dict[str, str]] = {}
    for target, result in zip(panel["targets"], results, strict=True):
        for series in result:
            row = table.setdefault(tuple(series["metric"][key] for key in keys), {})
            row |= {order["renameByName"].get(name, name): value for name, value in series["metric"].items()}
            kind = "Trend" if target.get("range") else "Value"
            column = f"{kind} #{target['refId']}"
            column = column if column in order["renameByName"] else kind  # the only table of a panel has no id
            row[order["renameByName"].get(column, column)] = (
                trend(series) if target.get("range") else series["value"][1]
            )
    return [order["renameByName"].get(name, name) for name in order["indexByName"]], list(table.values())


def trend(series: Mapping[str, Any]) -> str:
    """Return a sparkline of block characters."""
    values = moments(series)[1]
    parts = [max(values[at : at + len(values) // 14 + 1]) for at in range(0, len(values), len(values) // 14 + 1)]
    most = max(parts) or 1.0
    return "".join(BLOCKS[round(max(part, 0) / most * (len(BLOCKS) - 1))] for part in parts)


def cell(value: str | None, override: Mapping[str, Any]) -> tuple[str, str]:
    """Return a cell's text and colour."""
    if value is None:
        return "", "white"
    if "unit" not in override or override.get("custom.cellOptions", {}).get("type") == "sparkline":
        return value, "white"
    for mapping in override.get("mappings", []):
        state = mapping["options"].get(str(int(float(value))))
        if state:
            return state["text"], COLOURS.get(state["color"], state["color"])
    steps = override.get("thresholds", {}).get("steps")
    colour = step(steps, float(value)) if steps else "white"
    return shown(float(value), override["unit"]), COLOURS.get(colour, colour)


def shown(value: float, unit: str) -> str:
    """Return a value with its unit, in few digits."""
    if unit == "percentunit":
        return f"{value:.1%}"
    if unit == "s":
        return f"{value / 3600:.1f} h" if value >= 3600 else f"{value:.1f} s"
    return f"{value:.2g} {unit.removeprefix('suffix:')}" if unit.startswith("suffix:") else f"{value:,.4g}"


def step(steps: list[Mapping[str, Any]], value: float) -> str:
    """Return the colour of the highest step at or below a value."""
    return [each["color"] for each in steps if each["value"] is None or value >= each["value"]][-1]


def moments(series: Mapping[str, Any]) -> tuple[list[datetime], list[float]]:
    """Return the times and values of a series."""
    return [datetime.fromtimestamp(at, UTC) for at, _ in series["values"]], [float(v) for _, v in series["values"]]


def legend(template: str, labels: Mapping[str, str]) -> str:
    """Return a series' name, as Grafana makes it from its labels."""
    return re.sub(r"\{\{(\w+)\}\}", lambda match: labels.get(match[1], ""), template).strip()


def in_time(axes: Any) -> None:
    """Format axes for the week."""
    axes.set_xlim(NOW - STORY, NOW)
    axes.xaxis.set_major_formatter(dates.DateFormatter("%a %d", tz=UTC))
    axes.tick_params(labelsize=6)
    axes.tick_params(axis="y", direction="in", pad=-16)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder, demo(Path(folder)) as past:
        for name, each in boards(past.loaded.spec).items():
            picture(each, past.address, CHOICES.get(name, CHOSEN), FOLDER / f"{name}.png")
            sys.stdout.write(f"wrote docs/pictures/{name}.png\n")
