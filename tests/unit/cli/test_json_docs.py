"""docs/reference/json.md and json-edits.md name the keys that are printed."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
PRINTED = {
    "A failure": "xml/refuse-json.out",
    "virtprov-install": "install/json-made.out",
    "virtprov-clone": "clone/json.out",
    "One guest": "xml/define-json.out",
}


def section(heading: str) -> str:
    pages = [(ROOT / "docs" / "reference" / f"{name}.md").read_text() for name in ("json", "json-edits")]
    (text,) = [found for page in pages if (found := page.partition(f"\n## {heading}\n")[2].partition("\n## ")[0])]
    return text


@pytest.mark.parametrize("heading", PRINTED)
def test_the_example_has_the_keys_that_are_printed(heading: str) -> None:
    example = json.loads(re.findall(r"```json\n(.*?)```", section(heading), re.DOTALL)[0])
    printed = json.loads((ROOT / "tests" / "golden" / PRINTED[heading]).read_text())
    assert list(example) == list(printed)
    if "error" in printed:
        assert list(example["error"]) == list(printed["error"])


@pytest.mark.parametrize("heading", PRINTED)
def test_the_table_names_every_key(heading: str) -> None:
    named = set(re.findall(r"`([a-z_]+)(?:\[\]\.[a-z]+)?`", section(heading)))
    printed = json.loads((ROOT / "tests" / "golden" / PRINTED[heading]).read_text())
    printed = printed.get("error", printed)
    assert set(printed) <= named


def test_what_media_hold_is_described_key_by_key() -> None:
    text = section("virtprov-install").partition("### The contents of media")[2]
    printed = json.loads((ROOT / "tests" / "golden" / "install" / "json-identify.out").read_text())[0]
    example = json.loads(re.findall(r"```json\n(.*?)```", text, re.DOTALL)[0])[0]
    assert list(example) == list(printed)
    assert set(printed) <= set(re.findall(r"`([a-z_]+)`", text))


def test_what_a_host_can_do_is_described_key_by_key() -> None:
    text = section("virtprov-install").partition("### What a host can do")[2].partition("\n### ")[0]
    printed = json.loads((ROOT / "tests" / "golden" / "install" / "json-doctor.out").read_text())
    example = json.loads(re.findall(r"```json\n(.*?)```", text, re.DOTALL)[0])
    named = set(re.findall(r"`(?:[a-z]+\[\]\.)?([a-z_]+)`", text)) | {"warnings"}
    assert list(example) == list(printed) and set(printed) <= named
    assert list(example["checks"][0]) == list(printed["checks"][0]) and set(printed["checks"][0]) <= named


def test_a_removal_is_described_key_by_key() -> None:
    text = section("virtprov-install").partition("### Removing guests")[2]
    printed = json.loads((ROOT / "tests" / "golden" / "install" / "json-remove.out").read_text())
    example = json.loads(re.findall(r"```json\n(.*?)```", text, re.DOTALL)[0])
    named = set(re.findall(r"`(?:[a-z]+\[\]\.)*([a-z]+)`", text))
    for keys, known in zip(levels(example), levels(printed), strict=True):
        assert keys == known and set(keys) <= named


def levels(facts: dict[str, Any]) -> list[list[str]]:
    guest = facts["guests"][0]
    return [list(facts), list(guest), list(guest["things"][0])]


def test_every_kind_of_thing_is_described() -> None:
    from virtprov.actions.remove.things import _WORDS

    text = section("virtprov-install").partition("### Removing guests")[2]
    (row,) = [line for line in text.splitlines() if "things[].kind" in line]
    assert set(_WORDS) <= set(re.findall(r"`([a-z-]+)`", row))


def test_systems_are_described_key_by_key() -> None:
    printed = json.loads((ROOT / "tests" / "golden" / "install" / "json-osinfo-list.out").read_text())
    assert set(printed) == {"systems", "warnings"}
    assert set(printed["systems"][0]) <= set(re.findall(r"`([a-z_]+)`", section("virtprov-install")))


def test_every_state_is_described() -> None:
    from virtprov.cli.install.closing import _SENTENCES

    assert set(_SENTENCES) <= set(re.findall(r"\| `([a-z]+)` \|", section("virtprov-install")))


def test_several_guests_are_described_key_by_key() -> None:
    text = section("Several guests")
    example = json.loads(re.findall(r"```json\n(.*?)```", text, re.DOTALL)[0])
    printed = json.loads((ROOT / "tests" / "golden" / "xml" / "fleet-json.out").read_text())
    assert list(example) == list(printed)
    assert list(example["guests"][0]) == list(printed["guests"][0])
    assert set(printed) <= set(re.findall(r"`([a-z_]+)`", text))
    effects = json.loads((ROOT / "tests" / "golden" / "xml" / "fleet-json.out").read_text())["guests"][0]["effects"]
    assert {f"effects[].{key}" for key in effects[0]} <= set(re.findall(r"`([a-z_.\[\]]+)`", section("One guest")))


def test_what_is_undone_is_described_key_by_key() -> None:
    text = section("`--undo`")
    example = json.loads(re.findall(r"```json\n(.*?)```", text, re.DOTALL)[0])
    assert list(example) == ["undone", "uri", "time", "guests", "changed", "unchanged", "failed", "warnings"]
