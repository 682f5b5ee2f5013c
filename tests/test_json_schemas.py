"""Every object of --output json has a schema and follows it: those of the golden tests and of docs/reference/json*.md.

Besides, `conftest.py` checks each object that a command prints during the tests.
"""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.json_schemas import check, problems
from virtprov.cli.install import json_schema

TOP = Path(__file__).resolve().parents[1]
CLI = TOP / "virtprov" / "cli"
GOLDEN = [
    path.with_suffix(".out")
    for path in sorted((TOP / "tests" / "golden").glob("*/*.cmd"))
    if re.search(r"--output[ =]json", path.read_text()) and path.with_suffix(".out").read_text()
]
DOCS = "".join((TOP / "docs" / "reference" / f"{name}.md").read_text() for name in ("json", "json-edits"))
EXAMPLES = re.findall(r"```json\n(.*?)```", DOCS, re.DOTALL)
SHOWN = ("error", "install", "doctor", "identify", "remove", "clone", "edit", "edit-many", "undo")
"""The schemas of the examples in the documentation, in their order."""


def printing_calls() -> list[tuple[str, str | None]]:
    """Return where objects are printed, and the name of the schema there; None if it is not written there."""
    found = []
    for path in sorted(CLI.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                name = node.func.attr
                if name in ("object", "emit") or (name == "items" and node.args):
                    first = node.args[0]
                    word = str(first.value) if isinstance(first, ast.Constant) else None
                    found.append((f"{path.relative_to(CLI)}:{node.lineno}", word))
    return found


def test_every_object_that_goes_out_has_a_schema() -> None:
    calls = printing_calls()
    assert [place for place, name in calls if name not in json_schema.names()] == []
    assert sorted({name for _, name in calls if name}) == json_schema.names(), "a schema that nothing follows"


def test_nothing_goes_out_beside_that() -> None:
    writes = re.compile(r"json\.dumps|safe_streams\.exactly")
    found = {path.name for path in CLI.rglob("*.py") if writes.search(path.read_text())}
    assert found == {"output.py", "json_schema.py"}


@pytest.mark.parametrize("name", json_schema.names())
def test_a_schema_is_one(name: str) -> None:
    schema = json_schema.read(name)
    Draft202012Validator.check_schema(schema)
    assert re.fullmatch(rf"urn:virtprov:json-schema:{name}:[1-9][0-9]*", schema["$id"])
    assert schema["title"] and schema["description"]
    assert f"`{name}`" in DOCS


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_expected_output_follows_a_schema(path: Path) -> None:
    body = json.loads(path.read_text())
    if "$schema" in body:  # it is a schema itself
        Draft202012Validator.check_schema(body)
        return
    assert len([name for name in json_schema.names() if not problems(name, body)]) == 1


@pytest.mark.parametrize(("name", "example"), list(zip(SHOWN, EXAMPLES, strict=True)))
def test_the_examples_of_the_documentation_follow_theirs(name: str, example: str) -> None:
    check(name, json.loads(example))


@pytest.mark.parametrize(
    "change",
    [
        lambda body: body.pop("uri"),
        lambda body: body.update(state=None),
        lambda body: body.update(state="asleep"),
        lambda body: body.update(new=1),
        lambda body: body["stages"][0].update(seconds="1"),
        lambda body: body["stages"][0].pop("at"),
    ],
)
def test_another_object_is_noticed(change: Any) -> None:
    body = json.loads(EXAMPLES[1])
    assert problems("install", body) == []
    change(body)
    assert problems("install", body) != []


def test_programs_may_meet_new_keys() -> None:
    body = {**json.loads(EXAMPLES[1]), "of_a_later_release": 1}
    assert Draft202012Validator(json_schema.read("install")).is_valid(body)


def test_every_stage_and_every_kind_of_failure_is_listed() -> None:
    from virtprov.actions.run import stages
    from virtprov.cli.app import KINDS

    known = {value for name, value in vars(stages).items() if name.isupper() and isinstance(value, str)}
    assert set(json_schema.read("install")["$defs"]["stage"]["properties"]["stage"]["enum"]) == known
    kinds = json_schema.read("error")["properties"]["error"]["properties"]["kind"]["enum"]
    assert set(kinds) == {*KINDS.values(), "failed", "interrupted", "bug"}
