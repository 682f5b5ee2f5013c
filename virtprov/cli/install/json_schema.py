"""`--json-schema`: the JSON Schemas of all that `--output json` prints.

They are the files of cli/schemas, without the parts that several of them share: these are in `shared.json`, and a
schema that is printed contains those that it uses. A schema has its version in its `$id`. New keys do not change the
version: a program must ignore keys that it does not know.
"""

from __future__ import annotations

import os

from virtprov.support.errors import UsageError, nearest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from virtprov.cli.printing.output import Output

SHARED = "shared"
"""The file with the parts that several schemas share."""
_FOLDER = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "schemas")


def main(name: str, output: Output) -> int:
    """Print the schema `name`, with "" the list of all; returns the exit status. Raises UsageError."""
    import json

    if name:
        output.document(json.dumps(read(name), indent=2), always=True)
        return 0
    entries = [_describe(each) for each in names()]
    rows = [(each["name"], str(each["version"]), f"{each['title']} ({each['printed_by']})") for each in entries]
    output.table(("NAME", "VERSION", "CONTENTS"), rows)
    output.object("json-schema", {"schemas": entries})
    return 0


def names() -> list[str]:
    """Return the names of all schemas, sorted."""
    found = (os.path.splitext(file) for file in os.listdir(_FOLDER))
    return sorted(name for name, ending in found if ending == ".json" and name != SHARED)


def read(name: str) -> dict[str, Any]:
    """Return a schema with all its parts; raises UsageError if there is none of this name."""
    if name not in names():
        hint = nearest(name, names()) or "`virtprov-install --json-schema` lists them"
        raise UsageError(f"unknown JSON schema '{name}'", hint=hint)
    schema, shared = _load(name), _load(SHARED)["$defs"]
    parts: dict[str, Any] = {}
    todo = list(_references(schema))
    while todo:
        part = todo.pop()
        if part not in parts:
            parts[part] = shared[part]
            todo += _references(shared[part])
    return {**schema, "$defs": {part: parts[part] for part in sorted(parts)}} if parts else schema


def _load(name: str) -> dict[str, Any]:
    import json

    with open(os.path.join(_FOLDER, f"{name}.json"), encoding="utf-8") as stream:
        found: dict[str, Any] = json.load(stream)
    return found


def _references(schema: object) -> Iterator[str]:
    """Yield the names of the shared parts that a schema refers to."""
    if isinstance(schema, dict):
        if isinstance(schema.get("$ref"), str):
            yield schema["$ref"].rpartition("/")[2]
        schema = list(schema.values())
    if isinstance(schema, list):
        for part in schema:
            yield from _references(part)


def _describe(name: str) -> dict[str, Any]:
    schema = _load(name)
    version = int(schema["$id"].rpartition(":")[2])
    return {"name": name, "version": version, "title": schema["title"], "printed_by": schema["description"]}
