"""Check JSON output against the schemas that are shipped, which are taken more strictly here than by programs.

A program must ignore keys that it does not know. Here, an object has just the keys that its schema names.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

from virtprov.cli.install import json_schema

MADE_UP = "made up"
"""The name for objects that only a test prints."""


@cache
def validator(name: str) -> Draft202012Validator:
    """Return the strict validator of a schema."""
    return Draft202012Validator(strict(json_schema.read(name)))


def strict(schema: Any) -> Any:
    """Return a schema that refuses unknown keys."""
    if isinstance(schema, list):
        return [strict(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    parts = {key: strict(part) for key, part in schema.items()}
    return {"additionalProperties": False, **parts} if "required" in parts else parts


def problems(name: str, body: object) -> list[str]:
    """Return what in an object is not as its schema says."""
    plain = json.loads(json.dumps(body))
    return [f"{error.json_path}: {error.message}" for error in validator(name).iter_errors(plain)]


def check(name: str, body: object) -> None:
    """Raise AssertionError for an object that is not as its schema says."""
    if name != MADE_UP:
        assert problems(name, body) == []
