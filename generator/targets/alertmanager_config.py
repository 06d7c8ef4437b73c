"""An alertmanager.yml as an AlertmanagerConfig of prometheus-operator, with remarks on what that cannot express.

The API version is v1alpha1, which every release of the Operator serves, or v1beta1. For the keys that are used here the
two differ only in the name of the object's time intervals.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Final

from exporter import catalogue
from exporter.errors import RenderError
from generator.layout import ROUTING
from generator.options import Options
from generator.routing.matchers import parse
from generator.targets import kubernetes
from generator.targets.utc_hours import in_utc

_UNIT: Final = {"url": "URL", "tls": "TLS", "id": "ID"}
_MOUNT: Final = PurePosixPath("/etc/alertmanager/secrets")
"""The folder in which the Operator mounts `<secret>/<key>`."""
_PAIRS: Final = frozenset(("details", "headers"))
"""The mappings that the API has as lists of key and value."""
_MATCHERS: Final = {"matchers": "matchers", "source_matchers": "sourceMatch", "target_matchers": "targetMatch"}
_INTERVALS: Final = {"v1alpha1": "muteTimeIntervals", "v1beta1": "timeIntervals"}
_LIMITED: Final = frozenset(("years", "months", "days_of_month"))


@dataclass(frozen=True, slots=True)
class Translation:
    """The object, and a remark for each part that it expresses in another way or not at all."""

    document: dict[str, Any]
    remarks: tuple[str, ...]


def translate(routing: Mapping[str, Any], options: Options) -> Translation:
    """Translate an alertmanager.yml into an AlertmanagerConfig.

    Args:
        routing: the whole configuration.
        options: the namespace, the API version, and the Secret that replaces files which are not in a mounted Secret.

    Raises:
        RenderError: when a matcher is invalid, or a time interval cannot be expressed in UTC.
    """
    secrets = _Secrets(_files(routing["receivers"]), options.secret)
    spec = {
        "route": _route(_root(routing["route"])),
        "receivers": [_receiver(receiver, routing.get("global", {}), secrets) for receiver in routing["receivers"]],
        "inhibitRules": [_renamed(rule) for rule in routing.get("inhibit_rules", ())],
        _INTERVALS[options.alertmanager_config]: [_hours(interval) for interval in routing.get("time_intervals", ())],
    }
    document = kubernetes.alertmanager_config({key: value for key, value in spec.items() if value}, options)
    return Translation(
        document, (*_namespace_remarks(options), *_hours_remarks(routing), *secrets.remarks(), *_mail_remarks(routing))
    )


def _namespace_remarks(options: Options) -> Iterator[str]:
    namespace = f"namespace {options.namespace}" if options.namespace else "object's own namespace"
    yield (
        f"the Operator restricts the routes to alerts of the {namespace}, unless Alertmanager has"
        f" alertmanagerConfigMatcherStrategy.type None; {catalogue.EXPORTER_DOWN.name} has no namespace, so with the"
        " restriction it reaches no receiver and inhibits nothing"
    )
    yield "an alert for which the spec names no receiver is dropped: it does not reach Alertmanager's default receiver"


def _hours_remarks(routing: Mapping[str, Any]) -> Iterator[str]:
    for interval in routing.get("time_intervals", ()):
        for zone in sorted({one.get("location", "UTC") for one in interval["time_intervals"]} - {"UTC"}):
            yield (
                f"there are no time zones: the hours {interval['name']} of {zone} are given in UTC and cover every UTC"
                " offset of the year; generate them again when the clock-change rules change"
            )


def _mail_remarks(routing: Mapping[str, Any]) -> Iterator[str]:
    if any("email_configs" in receiver for receiver in routing["receivers"]):
        yield "there are no global settings: each email receiver has the mail server"


def _root(route: Mapping[str, Any]) -> dict[str, Any]:
    """Return the object's root route, which must not match other alerts: our only branch, or else the whole tree."""
    branches = route.get("routes", ())
    return {**route, "routes": [], **branches[0]} if len(branches) == 1 else dict(route)


def _route(route: Mapping[str, Any]) -> dict[str, Any]:
    renamed = _renamed({key: value for key, value in route.items() if key != "routes"})
    return renamed | ({"routes": [_route(child) for child in route["routes"]]} if route.get("routes") else {})


def _renamed(data: Mapping[str, Any]) -> dict[str, Any]:
    return {
        _MATCHERS.get(key) or _camel(key): list(_matchers(value)) if key in _MATCHERS else value
        for key, value in data.items()
    }


def _matchers(texts: Iterable[str]) -> Iterator[dict[str, str]]:
    for text in texts:
        try:
            parsed = parse(text)
        except RenderError as problem:
            raise RenderError(f"{ROUTING}: {problem}") from None
        for matcher in parsed:
            yield {"name": matcher.name, "matchType": matcher.operator, "value": matcher.value}


def _hours(interval: Mapping[str, Any]) -> dict[str, Any]:
    limited = [sorted(_LIMITED & one.keys()) for one in interval["time_intervals"]]
    if any(limited):
        keys = ", ".join(sorted({key for one in limited for key in one}))
        raise RenderError(f"{ROUTING}: time interval {interval['name']}: {keys} cannot be converted to UTC")
    shifted = [one for given in interval["time_intervals"] for one in in_utc(given)]
    return {
        "name": interval["name"],
        "timeIntervals": [one | {"times": [_renamed(time) for time in one["times"]]} for one in shifted],
    }


def _receiver(receiver: Mapping[str, Any], settings: Mapping[str, Any], secrets: _Secrets) -> dict[str, Any]:
    mail = {"smarthost": settings.get("smtp_smarthost"), "from": settings.get("smtp_from")}
    return {"name": receiver["name"]} | {
        _camel(kind): [_settings((mail if kind == "email_configs" else {}) | one, secrets) for one in receiver[kind]]
        for kind in sorted(receiver.keys() - {"name"})
    }


def _settings(data: Mapping[str, Any], secrets: _Secrets) -> dict[str, Any]:
    return dict(_setting(key, value, secrets) for key, value in data.items())


def _setting(key: str, value: Any, secrets: _Secrets) -> tuple[str, Any]:
    if key.endswith("_file"):
        return _camel(key.removesuffix("_file")), secrets.selector(value)
    if key == "links":
        return "pagerDutyLinkConfigs", [{"href": link["href"], "alt": link["text"]} for link in value]
    if key in _PAIRS:
        return key, [{"key": name, "value": text} for name, text in value.items()]
    return _camel(key), _settings(value, secrets) if isinstance(value, Mapping) else value


def _files(receivers: list[dict[str, Any]]) -> list[str]:
    settings = [one for receiver in receivers for kind in receiver.keys() - {"name"} for one in receiver[kind]]
    return sorted({file for one in settings for file in _file_values(one)})


def _file_values(data: Mapping[str, Any]) -> Iterator[str]:
    """Yield the files that settings name, also in nested settings."""
    for key, value in data.items():
        if key.endswith("_file"):
            yield value
        elif isinstance(value, Mapping) and key not in _PAIRS:
            yield from _file_values(value)


def _camel(key: str) -> str:
    first, *others = key.split("_")
    return first + "".join(_UNIT.get(word, word.capitalize()) for word in others)


class _Secrets:
    """The Secret and key that replace each file: those that the Operator mounts there, or a key by the file's name."""

    def __init__(self, files: list[str], secret: str) -> None:
        elsewhere = [file for file in files if not _mounted(file)]
        short = {file: _key_of(PurePosixPath(file).name) for file in elsewhere}
        times = Counter(short.values())
        self._places = {file: _mounted(file) or (secret, "") for file in files}
        for file in elsewhere:
            self._places[file] = (secret, short[file] if times[short[file]] == 1 else _key_of(file.strip("/")))

    def selector(self, file: str) -> dict[str, str]:
        """Return the reference that replaces a file."""
        name, key = self._places[file]
        return {"name": name, "key": key}

    def remarks(self) -> Iterator[str]:
        """Yield a remark for each file."""
        for file, (name, key) in self._places.items():
            yield f"it cannot read files: put the content of {file} into the key {key} of the Secret {name}"


def _mounted(file: str) -> tuple[str, str] | None:
    parts = PurePosixPath(file).parts
    inside = PurePosixPath(file).is_relative_to(_MOUNT) and len(parts) == len(_MOUNT.parts) + 2
    return (parts[-2], parts[-1]) if inside and all(_key_of(part) == part for part in parts[-2:]) else None


def _key_of(text: str) -> str:
    return re.sub(r"[^\w.-]", "-", text, flags=re.ASCII)[-253:]
