"""virtprov-install --json-schema: the list, and single schemas with their parts."""

from __future__ import annotations

import json

import pytest

from virtprov.cli.install import command, json_schema
from virtprov.support.errors import UsageError

Captured = pytest.CaptureFixture[str]


def test_a_schema_has_the_parts_that_it_uses_and_no_others() -> None:
    assert set(json_schema.read("info")["$defs"]) == {"disk", "uuid", "warnings"}
    assert set(json_schema.read("edit")["$defs"]) == {
        "change", "cloud_init", "effect", "permission", "uuid", "volume", "warnings",
    }, "also those of its parts"  # fmt: skip
    assert "$defs" not in json_schema.read("error")


def test_every_shared_part_is_used() -> None:
    used = {part for name in json_schema.names() for part in json_schema.read(name).get("$defs", {})}
    assert used == set(json_schema._load(json_schema.SHARED)["$defs"])


@pytest.mark.parametrize("output", ["text", "json"])
def test_one_schema(output: str, capsys: Captured) -> None:
    assert command.main(["--json-schema", "clone", "--output", output]) == 0
    assert json.loads(capsys.readouterr().out) == json_schema.read("clone")


def test_the_list(capsys: Captured) -> None:
    assert command.main(["--json-schema"]) == 0
    rows = [line.split()[:2] for line in capsys.readouterr().out.splitlines()]
    assert rows[0] == ["NAME", "VERSION"] and [name for name, _ in rows[1:]] == json_schema.names()
    assert command.main(["--json-schema", "--output", "json"]) == 0
    (first, *_) = json.loads(capsys.readouterr().out)["schemas"]
    assert first == {
        "name": "clean-up",
        "version": 1,
        "title": "what interrupted runs have left",
        "printed_by": "virtprov-install --clean-up",
    }


@pytest.mark.parametrize("name", ["nothing", "shared", "../schemas/error"])
def test_another_name(name: str) -> None:
    with pytest.raises(UsageError, match="unknown JSON schema"):
        command.main(["--json-schema", name])
