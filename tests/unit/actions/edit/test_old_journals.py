"""Journals that release 0.1.0 wrote are read, and put back: samples of them stand in tests/data/journals.

They were written by `virtprov-xml a --edit --vcpus 4` (one-guest), `"[bc]" --edit --vcpus 4 --autostart yes`
(several-guests), XML on standard input with `--define` (new-guest), and `"*" --edit --memory 32` (killed), which was
killed when the second definition was stored.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.standin import StandIn
from virtprov.actions.edit import journal, undo
from virtprov.actions.edit.apply import Work
from virtprov.actions.edit.guest_report import GuestReport
from virtprov.actions.run.plan import RunContext
from virtprov.host.facts.info import GuestInfo
from virtprov.support.errors import ProvError
from virtprov.support.user_files import state

SAMPLES = Path(__file__).resolve().parents[3] / "data" / "journals"
SUFFIX = "-00000000001795969680-1.jsonl"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


class Shelf(StandIn):
    """A host that keeps definitions letter by letter, whichever libvirt is installed here."""

    is_alive = True
    uri = "test:///tmp/place.xml"

    def __init__(self) -> None:
        self.kept: dict[str, tuple[str, str]] = {}
        self.starts: dict[str, bool] = {}

    def guests_find(self, key: str) -> GuestInfo | None:
        for uuid, (name, _) in self.kept.items():
            if key in (uuid, name):
                return GuestInfo(name, uuid, None, "shut off", False, True)
        return None

    def guests_stored_definition(self, uuid: str) -> str | None:
        return self.kept[uuid][1] if uuid in self.kept else None

    def guests_store_definition(self, name: str, xml: str) -> tuple[str, str]:
        uuid = next(uuid for uuid, (known, _) in self.kept.items() if known == name)
        self.kept[uuid] = (name, xml)
        return uuid, xml

    def guests_undefine(self, key: str, *, nvram: bool) -> None:
        del self.kept[key]

    def guests_autostart(self, name: str) -> bool:
        return self.starts.get(name, False)

    def guests_set_autostart(self, name: str, on: bool) -> None:
        self.starts[name] = on


def put_there(sample: str, *, left: Callable[[dict[str, Any]], bool]) -> tuple[Shelf, list[dict[str, Any]]]:
    """The sample in the state directory, and the host as that run left it: `left` says which guests were changed."""
    shutil.copy(SAMPLES / sample, Path(state.directory()) / f"edit{SUFFIX}")
    lines = [json.loads(line) for line in (SAMPLES / sample).read_text().splitlines() if line.endswith("}")]
    guests = [line["guest"] for line in lines if "guest" in line]
    shelf = Shelf()
    for guest in guests:
        now = guest["after"] if left(guest) else guest["before"]
        shelf.kept[guest["uuid"]] = (guest["name"], now)
        if guest["autostart"]:
            shelf.starts[guest["name"]] = guest["autostart"][1]
    return shelf, guests


def undone(shelf: Shelf, context_of: Callable[[Any], RunContext]) -> list[str]:
    """Undo the last run; returns the names of guests that were put back."""
    history, meant = undo.last(None, [])
    assert history.run.uri == "test:///tmp/place.xml" == history.run.asked
    reports = []
    for _, answer in undo.plan(shelf, history, meant):  # type: ignore[arg-type]
        assert isinstance(answer, GuestReport), answer
        reports.append(answer)
    Work(context_of(shelf)).all(reports)
    history.undone([past.place for past in meant])
    history.close()
    return [report.name for report in reports if report.first]


@pytest.mark.parametrize(("sample", "names"), [("one-guest.jsonl", ["a"]), ("several-guests.jsonl", ["b", "c"])])
def test_guests_are_put_back_letter_by_letter(
    sample: str, names: list[str], context_of: Callable[[Any], RunContext]
) -> None:
    shelf, guests = put_there(sample, left=lambda guest: True)
    assert undone(shelf, context_of) == names
    assert [shelf.guests.stored_definition(guest["uuid"]) for guest in guests] == [guest["before"] for guest in guests]
    assert not any(shelf.starts.values())
    with pytest.raises(ProvError, match="there is no run to undo"):
        undo.last(None, [])


def test_a_run_that_was_killed_is_put_back(context_of: Callable[[Any], RunContext]) -> None:
    shelf, guests = put_there("killed.jsonl", left=lambda guest: guest["name"] in ("a", "b"))
    assert undone(shelf, context_of) == ["a", "b"]
    assert all(shelf.guests.stored_definition(guest["uuid"]) == guest["before"] for guest in guests)


def test_a_guest_that_the_run_made_goes_again(context_of: Callable[[Any], RunContext]) -> None:
    shelf, _ = put_there("new-guest.jsonl", left=lambda guest: True)
    assert list(shelf.kept) == ["6695eb01-f6a4-8304-79aa-97f2502e1009"]
    assert undone(shelf, context_of) == ["new"] and shelf.kept == {}


@pytest.mark.parametrize("sample", ["one-guest.jsonl", "several-guests.jsonl"])
def test_what_was_changed_since_is_left_alone(sample: str) -> None:
    shelf, guests = put_there(sample, left=lambda guest: True)
    name = guests[0]["name"]
    shelf.guests.store_definition(name, guests[0]["after"].replace("65536", "70000"))
    history, meant = undo.last(None, [])
    (_, answer), *_ = undo.plan(shelf, history, meant)  # type: ignore[arg-type]
    history.close()
    assert (
        isinstance(answer, ProvError)
        and answer.message == f"the definition of '{name}' has been changed since that run"
    )


def test_a_journal_of_a_newer_release_is_named_and_left_alone(context_of: Callable[[Any], RunContext]) -> None:
    shelf, _ = put_there("one-guest.jsonl", left=lambda guest: True)
    newer = Path(state.directory()) / "edit-00000000009995969680-1.jsonl"
    newer.write_text('{"virtprov":2,"of":"a later form"}\n')
    warned: list[str] = []
    history, _ = undo.last(None, [], warned.append)
    history.close()
    assert warned == [f"'{newer}' was written by a newer release of virtprov, so it is ignored"]
    assert undone(shelf, context_of) == ["a"]


def test_a_journal_of_a_newer_release_is_not_removed_with_the_old_ones() -> None:
    oldest = Path(state.directory()) / "edit-00000000000000000001-1.jsonl"
    oldest.write_text('{"virtprov":2}\n')
    (Path(state.directory()) / "edit-00000000000000000002-1.jsonl").write_text('{"virtprov":1}\n')

    class Host:
        is_recorded = False
        uri = "test:///default"

    for _ in range(journal.KEPT):
        journal.begin(Host(), None).finish()  # type: ignore[arg-type]
    assert oldest.exists() and len(state.listing(journal.KIND)) == journal.KEPT + 1
