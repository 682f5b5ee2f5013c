"""An edit that is already true changes nothing: every leaf of our guests set to its own value, and to another one."""

from __future__ import annotations

from pathlib import Path

import leaves
import pytest

from virtprov.actions.edit.changing import outcome
from virtprov.actions.edit.changing.changes import EDIT, EditRequest
from virtprov.actions.edit.changing.original import Source, from_bytes
from virtprov.guest.write import gather
from virtprov.guest.write.select import Selector

TOP = Path(__file__).resolve().parents[3]
GUESTS = sorted((TOP / "tests" / "data" / "guests").glob("*.xml"))


def edited(source: Source, request: EditRequest) -> outcome.EditResult:
    return outcome.make((request,), source, outcome.ApplyOptions(), None)


@pytest.mark.parametrize("file", GUESTS, ids=lambda file: file.stem)
def test_its_own_value_changes_nothing(file: Path) -> None:
    source = from_bytes(file.read_bytes())
    found = list(leaves.own_edits(source.stored.guest))
    assert len(found) > 20
    for own in found:
        made = edited(source, own.request)
        assert (own.words, made.diff) == (own.words, "")
        assert made.text == source.stored.text


@pytest.mark.parametrize("file", GUESTS, ids=lambda file: file.stem)
def test_another_value_does(file: Path) -> None:
    source = from_bytes(file.read_bytes())
    changed = 0
    for own in leaves.own_edits(source.stored.guest):
        text = own.words[-1]
        if text[-1].isdigit() and "port=" not in text and "unit=" not in text:
            uses, _ = gather.group_uses(own.request.group, [text + "1"])
            assert edited(source, own.request._replace(uses=tuple(uses))).diff, own.words
            changed += 1
    assert changed > 10


SAME = [
    ("graphics", "port=5901"),
    ("graphics", "listen=127.0.0.1"),
    ("cpu", "Skylake-Client"),
    ("cpu", "match=exact"),
    ("memory", "maxmemory=4096"),
    ("controller", "address.slot=1"),
    ("vcpus", "4"),
    ("metadata", "description=Many spellings of what means the same."),
    ("sysinfo", "type=fwcfg"),
]


@pytest.mark.parametrize(("group", "text"), SAME)
def test_in_the_words_of_a_user(group: str, text: str) -> None:
    source = from_bytes((TOP / "tests" / "data" / "guests" / "workstation.xml").read_bytes())
    uses, _ = gather.group_uses(group, [text])
    assert edited(source, EditRequest(EDIT, group, tuple(uses), Selector())).diff == ""
