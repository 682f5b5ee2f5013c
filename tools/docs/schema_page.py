"""The page of the reference about JSON objects, from the schemas in virtprov/cli/schemas."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

TOP = Path(__file__).resolve().parents[2]
SCHEMAS = TOP / "virtprov" / "cli" / "schemas"
SHARED = "shared"
"""The schema whose definitions the others use."""


def schema_page() -> Iterator[str]:
    """Yield the lines of the page with the keys of every object."""
    yield "# Keys of the JSON objects\n"
    yield "For programmers who check what `--output json` prints. What the keys mean is on pages of their own: those of"
    yield "[virtprov-install and virtprov-clone](json.md), and of [virtprov-xml](json-edits.md)."
    yield "`virtprov-install --json-schema` prints the schemas themselves.\n"
    defs = json.loads((SCHEMAS / f"{SHARED}.json").read_text(encoding="utf-8")).get("$defs", {})
    for path in sorted(SCHEMAS.glob("*.json")):
        if path.stem == SHARED:
            continue
        schema = json.loads(path.read_text(encoding="utf-8"))
        yield f"## {path.stem}\n\n{schema['title']}: {schema['description']}\n"
        yield "| key | type |\n|---|---|"
        yield from (f"| `{key}` | {kind} |" for key, kind in keys(schema, {**defs, **schema.get("$defs", {})}, ""))
        yield ""


def keys(schema: dict[str, Any], defs: dict[str, Any], at: str) -> Iterator[tuple[str, str]]:
    """Yield every key in and below a schema with its type; `at` is the way to it."""
    schema = resolve(schema, defs)
    for choice in schema.get("anyOf", schema.get("oneOf", [])):
        yield from keys(choice, defs, at)
    if "items" in schema:
        yield from keys(schema["items"], defs, f"{at}[]")
    for name, value in schema.get("properties", {}).items():
        key = f"{at}.{name}".lstrip(".")
        yield key, kind(value, defs)
        yield from keys(value, defs, key)


def kind(schema: dict[str, Any], defs: dict[str, Any]) -> str:
    """Return the type of a value in words."""
    schema = resolve(schema, defs)
    choices = schema.get("anyOf", schema.get("oneOf"))
    if choices:
        return " or ".join(dict.fromkeys(kind(choice, defs) for choice in choices))
    if "enum" in schema or "const" in schema:
        values = schema.get("enum", [schema.get("const")])
        return ", ".join(f"`{json.dumps(value)}`" for value in values)
    types = schema.get("type", "any value")
    return types if isinstance(types, str) else " or ".join(types)


def resolve(schema: dict[str, Any], defs: dict[str, Any]) -> dict[str, Any]:
    """Return the definition that a schema refers to, otherwise the schema."""
    while "$ref" in schema:
        schema = defs[schema["$ref"].rpartition("/")[2]]
    return schema
