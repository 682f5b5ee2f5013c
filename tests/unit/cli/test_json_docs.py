"""docs/json.md names the keys that are printed."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PRINTED = {
    "A failure": "xml/refuse-json.out",
    "virtprov-clone": "clone/json.out",
    "virtprov-xml": "xml/define-json.out",
}


def section(heading: str) -> str:
    text = (ROOT / "docs" / "json.md").read_text()
    return text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


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
