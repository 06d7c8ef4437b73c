"""An alertmanager.yml as prometheus-operator's AlertmanagerConfig, and what that cannot say.

The names are those of the API's v1alpha1, which every release of the Operator serves, or of v1beta1. Of what is said
here they differ in one: the time intervals of the whole object.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Final

from exporter import catalogue
from exporter.errors import RenderError
from generator.options import Options
from generator.targets import kubernetes
from generator.targets.utc_hours import in_utc

_MATCHER: Final = re.compile(r'\s*([a-zA-Z_]\w*)\s*(=~|!~|!=|=)\s*(?:"((?:[^"\\]|\\.)*)"|([^"\\{},]*?))\s*', re.DOTALL)
_ESCAPES: Final = {"\\n": "\n", '\\"': '"', "\\\\": "\\"}
_UNIT: Final = {"url": "URL", "tls": "TLS", "id": "ID"}
_MOUNT: Final = PurePosixPath("/etc/alertmanager/secrets")
"""Where the Operator mounts `<secret>/<key>`."""
_PAIRS: Final = frozenset(("details", "headers"))
"""Mappings that the API wants as lists of key and value."""
_MATCHERS: Final = {"matchers": "matchers", "source_matchers": "sourceMatch", "target_matchers": "targetMatch"}
_INTERVALS: Final = {"v1alpha1": "muteTimeIntervals", "v1beta1": "timeIntervals"}
_LIMITED: Final = frozenset(("years", "months", "days_of_month"))


@dataclass(frozen=True, slots=True)
class Translation:
    """The object, and a remark for each thing that it says otherwise or not at all."""

    document: dict[str, Any]
    remarks: tuple[str, ...]


def translate(routing: Mapping[str, Any], options: Options) -> Translation:
    """An alertmanager.yml as an AlertmanagerConfig.

    Args:
        routing: the whole configuration.
        options: where the object goes, the version of its API, and the Secret for files that no Secret is mounted at.

    Raises:
        RenderError: when a matcher cannot be read.
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
        document, (*_of_namespaces(options), *_of_hours(routing), *secrets.remarks(), *_of_mail(routing))
    )


def _of_namespaces(options: Options) -> Iterator[str]:
    yield (
        f"the Operator lets it see only alerts of the namespace {options.namespace or 'that it is in'}, unless"
        " Alertmanager's alertmanagerConfigMatcherStrategy.type is None;"
        f" {catalogue.EXPORTER_DOWN.name} has no namespace, so without that it reaches nobody and silences nothing"
    )
    yield "an alert that no receiver is named for ends here: it does not go on to Alertmanager's default receiver"


def _of_hours(routing: Mapping[str, Any]) -> Iterator[str]:
    for interval in routing.get("time_intervals", ()):
        for zone in sorted({one.get("location", "UTC") for one in interval["time_intervals"]} - {"UTC"}):
            yield (
                f"it has no time zones: the hours {interval['name']} of {zone} are written in UTC, wide enough for"
                " every offset of the year, and with a new law of clocks they are to be generated anew"
            )


def _of_mail(routing: Mapping[str, Any]) -> Iterator[str]:
    if any("email_configs" in receiver for receiver in routing["receivers"]):
        yield "it has no global settings: the mail server stands in each receiver of mail"


def _root(route: Mapping[str, Any]) -> dict[str, Any]:
    """The route that an object begins with, which must not take what is for others: our branch, when it is alone."""
    branches = route.get("routes", ())
    return {**route, "routes": [], **branches[0]} if len(branches) == 1 else dict(route)


def _route(route: Mapping[str, Any]) -> dict[str, Any]:
    renamed = _renamed({key: value for key, value in route.items() if key != "routes"})
    return renamed | ({"routes": [_route(child) for child in route["routes"]]} if route.get("routes") else {})


def _renamed(data: Mapping[str, Any]) -> dict[str, Any]:
    return {
        _MATCHERS.get(key) or _camel(key): [_matcher(text) for text in value] if key in _MATCHERS else value
        for key, value in data.items()
    }


def _matcher(text: str) -> dict[str, str]:
    match = _MATCHER.fullmatch(text)
    if match is None:
        raise RenderError(f"alertmanager/alertmanager.yml: the matcher {text} cannot be read")
    name, kind, quoted, bare = match.groups()
    value = re.sub(r"\\[n\"\\]", lambda escape: _ESCAPES[escape[0]], quoted) if quoted is not None else bare
    return {"name": name, "matchType": kind, "value": value}


def _hours(interval: Mapping[str, Any]) -> dict[str, Any]:
    limited = [sorted(_LIMITED & one.keys()) for one in interval["time_intervals"]]
    if any(limited):
        keys = ", ".join(sorted({key for one in limited for key in one}))
        raise RenderError(f"alertmanager/alertmanager.yml: time interval {interval['name']}: {keys} cannot be in UTC")
    shifted = [one for given in interval["time_intervals"] for one in in_utc(given)]
    return {
        "name": interval["name"],
        "timeIntervals": [one | {"times": [_renamed(time) for time in one["times"]]} for one in shifted],
    }


def _receiver(receiver: Mapping[str, Any], world: Mapping[str, Any], secrets: _Secrets) -> dict[str, Any]:
    mail = {"smarthost": world.get("smtp_smarthost"), "from": world.get("smtp_from")}
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
    return sorted({file for one in settings for file in _named(one)})


def _named(data: Mapping[str, Any]) -> Iterator[str]:
    """The files that settings name, and those within them."""
    for key, value in data.items():
        if key.endswith("_file"):
            yield value
        elif isinstance(value, Mapping) and key not in _PAIRS:
            yield from _named(value)


def _camel(key: str) -> str:
    first, *others = key.split("_")
    return first + "".join(_UNIT.get(word, word.capitalize()) for word in others)


class _Secrets:
    """Which key of which Secret holds what a file holds: as the Operator mounts it, or else by the file's own name."""

    def __init__(self, files: list[str], secret: str) -> None:
        elsewhere = [file for file in files if not _mounted(file)]
        short = {file: _key_of(PurePosixPath(file).name) for file in elsewhere}
        times = Counter(short.values())
        self._places = {file: _mounted(file) or (secret, "") for file in files}
        for file in elsewhere:
            self._places[file] = (secret, short[file] if times[short[file]] == 1 else _key_of(file.strip("/")))

    def selector(self, file: str) -> dict[str, str]:
        """What the API wants in a file's place."""
        name, key = self._places[file]
        return {"name": name, "key": key}

    def remarks(self) -> Iterator[str]:
        """Where what each file holds must be."""
        for file, (name, key) in self._places.items():
            yield f"it reads no files: what {file} holds must be the key {key} of the Secret {name}"


def _mounted(file: str) -> tuple[str, str] | None:
    parts = PurePosixPath(file).parts
    inside = PurePosixPath(file).is_relative_to(_MOUNT) and len(parts) == len(_MOUNT.parts) + 2
    return (parts[-2], parts[-1]) if inside and all(_key_of(part) == part for part in parts[-2:]) else None


def _key_of(text: str) -> str:
    return re.sub(r"[^\w.-]", "-", text, flags=re.ASCII)[-253:]
