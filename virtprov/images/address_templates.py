"""Addresses with parts that change: `debian-13-generic-{arch}-{build}.qcow2`."""

from __future__ import annotations

import re

from virtprov.support.frozen import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_PART = re.compile(r"\{([a-z]+)\}")
_BUILD = r"(?P<build>[0-9][A-Za-z0-9._~+]*(?:-[0-9][A-Za-z0-9._~+]*)*)"
"""A build begins with a digit, as does each part of it: `20260823-2579`, `10.2-20260526.0`; never `latest`."""
_REVISION = r"(?P<revision>r?[0-9]+)"
_LONGEST = 512


def fill(template: str, values: Mapping[str, str]) -> str:
    """Return a template with the values; parts without one stay as they are."""
    return _PART.sub(lambda part: values.get(part[1], part[0]), template)


def needs_build(template: str) -> bool:
    """Return whether a template has a part whose value is only in an index or a list of files."""
    return "{build}" in template or "{revision}" in template


def base_name(url: str) -> str:
    """Return the last part of an address."""
    return url.partition("?")[0].partition("#")[0].rstrip("/").rpartition("/")[2]


def with_build(template: str, build: str) -> str:
    """Return a template for one build; {revision} becomes what follows the last dash of the build."""
    if "{revision}" not in template:
        return fill(template, {"build": build})
    number, _, revision = build.rpartition("-")
    return fill(template, {"build": number or build, "revision": revision})


class NamePattern(Record):
    """The names that match a template."""

    template: str

    def build_of(self, name: str) -> str | None:
        """Return the build in a name; None if the name does not match the template."""
        if len(name) > _LONGEST:
            return None
        groups = {"{build}": _BUILD, "{revision}": _REVISION}
        expression, seen = "", set()
        for piece in re.split(r"(\{build\}|\{revision\})", self.template):
            expression += f"(?P={piece[1:-1]})" if piece in seen else groups.get(piece) or re.escape(piece)
            seen.update({piece} & groups.keys())
        match = re.fullmatch(expression, name)
        if match is None:
            return None
        result = match.groupdict()
        return "-".join(filter(None, (result.get("build"), result.get("revision"))))


def order_of(build: str) -> tuple[int, ...]:
    """Return the key by which builds are sorted: their numbers."""
    return tuple(int(number[:18]) for number in re.findall("[0-9]+", build))
