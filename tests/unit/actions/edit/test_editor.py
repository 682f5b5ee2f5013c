"""One edit of many guests: which are meant, all or none, and what is left in the journal."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.standin import StandIn
from virtprov.actions.edit import choice, journal
from virtprov.actions.edit.apply import Aborted, Work
from virtprov.actions.edit.changing.changes import ADD, EDIT, REMOVE, EditRequest
from virtprov.actions.edit.changing.outcome import ApplyOptions
from virtprov.actions.edit.choice import Choice
from virtprov.actions.edit.editor import Edit, Editor
from virtprov.actions.edit.guest_report import GuestReport
from virtprov.actions.edit.journal import Journal
from virtprov.actions.run import definition
from virtprov.actions.run.artifacts.pools_and_volumes import Volume
from virtprov.actions.run.plan import RunContext
from virtprov.actions.run.trail import FileTrail
from virtprov.guest.write import gather
from virtprov.guest.write.select import Selector
from virtprov.host.connection import Host, connect
from virtprov.support.errors import HostError, ProvError, UsageError
from virtprov.support.user_files import lock, state

DOMAIN = """<domain type='test'><name>{name}</name><memory>65536</memory><vcpu>{vcpus}</vcpu>
<os><type>hvm</type></os><devices>{devices}</devices></domain>"""
NAMES = ("db1", "db2", "web1", "web2", "web3")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    """A host with five guests; web2 has four processors already, db2 is off."""
    text = "".join(
        DOMAIN.format(name=name, vcpus=4 if name == "web2" else 1, devices="<input type='tablet'/>" * (name == "db1"))
        for name in NAMES
    )
    path = tmp_path / "place.xml"
    path.write_text(f"<node>{text}</node>")
    with connect(f"test://{path}") as host:
        host.guests.destroy("db2")
        yield host


class Stubborn(StandIn):
    """A host that refuses to store the definition of one guest, the first time or always."""

    def __init__(self, host: Host, name: str, *, after: int = 0) -> None:
        self.real, self.name, self.after = host, name, after
        self.stored: list[str] = []

    def guests_store_definition(self, name: str, xml: str) -> tuple[str, str]:
        self.stored.append(name)
        if name == self.name and self.stored.count(name) > self.after:
            raise HostError(f"cannot define the guest '{name}': no")
        stored: tuple[str, str] = self.real.guests.store_definition(name, xml)
        return stored


def documents(host: Any) -> dict[str, str]:
    return {name: host.guests.xml(name, inactive=True, secure=True) for name in host.guests.names()}


def vcpus(count: int) -> EditRequest:
    return EditRequest(EDIT, "vcpus", tuple(gather.group_uses("vcpus", [str(count)])[0]))


def planned(
    host: Any,
    *requests: EditRequest,
    chosen: Choice = Choice(),  # noqa: B008  (frozen)
    book: Journal | None = None,
    jobs: int = 1,
    autostart: bool | None = None,
    verify: bool = False,
) -> tuple[list[GuestReport], list[tuple[str, ProvError]]]:
    edit = Edit(requests, ApplyOptions(define=True, verify=verify), autostart)
    good, bad = [], []
    for name, answer in Editor(host, edit, lambda: book or journal.passing()).all(
        choice.names(chosen, host), chosen, jobs
    ):
        if isinstance(answer, ProvError):
            bad.append((name, answer))
        elif answer is not None:
            good.append(answer)
    return good, bad


# -- which guests --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ((), NAMES),
        (("web*",), ("web1", "web2", "web3")),
        (("web[13]", "db?"), ("web1", "web3", "db1", "db2")),
        (("web2", "*", "db1"), ("web2", "db1", "db2", "web1", "web3")),
        (("db2", "db2"), ("db2",)),
    ],
)
def test_guests_are_taken_once_as_they_are_named(host: Host, words: tuple[str, ...], names: tuple[str, ...]) -> None:
    assert tuple(choice.names(Choice(words), host)) == names


def test_a_guest_by_id_and_uuid_is_the_same_guest(host: Host) -> None:
    info = host.guests.find("web1")
    assert info is not None
    assert choice.names(Choice((str(info.id), info.uuid, "web1")), host) == ["web1"]


def test_nothing_is_listed_for_plain_names(host: Host) -> None:
    class Unlisted(StandIn):
        real = host

        def guests_names(self) -> None:
            raise AssertionError("all guests are listed")

        def guests_documents(self) -> None:
            raise AssertionError("all guests are read")

    assert choice.names(Choice(("web1", "db1")), Unlisted()) == ["web1", "db1"]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("word", "message", "hint"),
    [("wbe1", "guest 'wbe1' not found on ", "did you mean 'web1'"), ("x*", "matches 'x\\*'", "virsh list")],
)
def test_a_word_that_means_nobody(host: Host, word: str, message: str, hint: str) -> None:
    with pytest.raises(HostError, match=message) as caught:
        choice.names(Choice(("web1", word)), host)
    assert hint in caught.value.hint


def test_state_and_document_choose_among_them(host: Host) -> None:
    def names(**how: Any) -> list[str]:
        return [each.name for each in planned(host, vcpus(2), chosen=Choice(**how))[0]]

    assert names(states=frozenset({"shut off"})) == ["db2"]
    assert names(states=frozenset({"running", "paused"})) == ["db1", "web1", "web2", "web3"]
    assert names(holds=lambda root: root.findtext("vcpu") == "4") == ["web2"]
    assert names(words=("db*",), holds=lambda root: root.findtext("vcpu") == "4") == []


# -- all or none ---------------------------------------------------------------------------------


@pytest.mark.parametrize("jobs", [1, 3])
def test_all_are_changed_but_those_that_are_so(host: Host, context_of: Callable[[Any], RunContext], jobs: int) -> None:
    before = documents(host)
    book = journal.begin(host, None)
    good, bad = planned(host, vcpus(4), book=book, jobs=jobs)
    assert not bad and documents(host) == before
    assert [each.name for each in good if each.first] == ["db1", "db2", "web1", "web3"]
    assert Work(context_of(host), jobs=jobs).all(good) == []
    after = documents(host)
    assert after["web2"] == before["web2"] and all(">4</vcpu>" in text for text in after.values())
    assert all(each.kept for each in good)


@pytest.mark.parametrize("jobs", [1, 3])
def test_one_that_is_refused_leaves_all_as_they_were(
    host: Host, context_of: Callable[[Any], RunContext], jobs: int
) -> None:
    before, stubborn = documents(host), Stubborn(host, "web1")
    good, _ = planned(stubborn, vcpus(4), book=journal.begin(host, None), jobs=jobs)
    with pytest.raises(Aborted, match="cannot define the guest 'web1': no") as caught:
        Work(context_of(stubborn), jobs=jobs).all(good)
    assert caught.value.failed == "web1" and caught.value.clean and caught.value.exit_code == 3
    assert "db1" in stubborn.stored and documents(host) == before


@pytest.mark.parametrize("jobs", [1, 3])
def test_one_that_is_refused_may_be_left_out(host: Host, context_of: Callable[[Any], RunContext], jobs: int) -> None:
    before, stubborn = documents(host), Stubborn(host, "web1")
    good, _ = planned(stubborn, vcpus(4), book=journal.begin(host, None), jobs=jobs)
    failed = Work(context_of(stubborn), keep_going=True, jobs=jobs).all(good)
    assert [name for name, _ in failed] == ["web1"]
    after = documents(host)
    assert after["web1"] == before["web1"] and ">4</vcpu>" in after["db1"] and ">4</vcpu>" in after["web3"]


def test_what_cannot_be_undone_is_said(host: Host, context_of: Callable[[Any], RunContext], told: Any) -> None:
    class Twice(Stubborn):
        def guests_store_definition(self, name: str, xml: str) -> tuple[str, str]:
            if name == "db1" and "db1" in self.stored:
                raise HostError("cannot define the guest 'db1': gone")
            return super().guests_store_definition(name, xml)

    twice = Twice(host, "web1")
    good, _ = planned(twice, vcpus(4), book=journal.begin(host, None))
    with pytest.raises(Aborted) as caught:
        Work(context_of(twice)).all(good)
    assert not caught.value.clean
    assert told.warned == ["could not undo \"Changing the definition of 'db1'\": cannot define the guest 'db1': gone"]


@pytest.mark.parametrize("jobs", [1, 3])
def test_what_is_made_for_many_is_noted_in_one_trail(
    host: Host, context_of: Callable[[Any], RunContext], jobs: int, tmp_path: Path
) -> None:
    context, seen = context_of(host), []
    context.trail = FileTrail("virtprov-xml", host, context.warn)

    class Made:
        label = "Making it"

        def __init__(self, name: str, fails: bool = False) -> None:
            self.name, self.fails = name, fails

        def do(self, context: RunContext) -> Any:
            with context.making(Volume(self.name, "p")) as entry:
                seen.append(len(state.listing("run")))
            if self.fails:
                raise HostError("no")
            return entry.note_removed

    def each(*bad: str) -> list[GuestReport]:
        made = [GuestReport(name, "") for name in "abc"]
        for one in made:
            one.first = (Made(one.name), Made(one.name, one.name in bad))
        return made

    assert Work(context, jobs=jobs).all(each()) == []
    assert seen == [1] * 6 and state.listing("run") == []
    context.trail = FileTrail("virtprov-xml", host, context.warn)
    with pytest.raises(Aborted):
        Work(context, jobs=jobs).all(each("b"))
    assert set(seen) == {1} and state.listing("run") == []


@pytest.mark.parametrize("jobs", [1, 3])
def test_an_interrupt_between_guests_undoes_all(host: Host, context_of: Callable[[Any], RunContext], jobs: int) -> None:
    before = documents(host)
    context = context_of(host)

    class Impatient(Stubborn):
        def guests_store_definition(self, name: str, xml: str) -> tuple[str, str]:
            if name == "db2":
                context.gate.pending = True  # as the handler of Ctrl-C does
            return super().guests_store_definition(name, xml)

    impatient = Impatient(host, "")
    context.host = impatient  # type: ignore[assignment]
    good, _ = planned(impatient, vcpus(4), book=journal.begin(host, None))
    with pytest.raises(KeyboardInterrupt):
        Work(context, jobs=jobs).all(good)
    assert impatient.stored and documents(host) == before


@pytest.mark.parametrize("jobs", [1, 3])
def test_an_interrupt_ends_the_waiting_for_another_run(
    host: Host, context_of: Callable[[Any], RunContext], monkeypatch: pytest.MonkeyPatch, jobs: int
) -> None:
    monkeypatch.setattr(lock, "SAY_AFTER", 0)
    before, context = documents(host), context_of(host)
    said: list[str] = []

    def say(sentence: str) -> None:
        said.append(sentence)
        context.gate.pending = True  # as the handler of Ctrl-C does
        if jobs > 1:  # the main thread hears it first, unless it waits for this very guest
            until = time.monotonic() + 5
            while context.gate.pending and time.monotonic() < until:
                time.sleep(0.01)

    context.say = say
    good, _ = planned(host, vcpus(4), book=journal.begin(host, None))
    info = host.guests.find("db2")
    assert info is not None
    began = time.monotonic()
    with definition.lock_guest(host, "db2", info.uuid, lambda: None, print), pytest.raises(KeyboardInterrupt):
        Work(context, jobs=jobs).all(good)
    assert time.monotonic() - began < lock.WAIT_SECONDS / 2
    assert said == ["waiting for another run of virtprov, which is changing 'db2'"]
    assert documents(host) == before


@pytest.mark.parametrize("jobs", [1, 3])
def test_guests_that_cannot_be_changed_are_told_in_order(host: Host, jobs: int) -> None:
    request = EditRequest(REMOVE, "input", (), Selector("1"))
    good, bad = planned(host, request, book=journal.begin(host, None), jobs=jobs)
    assert [each.name for each in good] == ["db1"] and [name for name, _ in bad] == ["db2", "web1", "web2", "web3"]
    assert {error.message for _, error in bad} == {"the guest has no input device"}


def test_the_schema_is_asked_before_anything_is_stored(host: Host) -> None:
    free = tuple(gather.group_uses("xml", ["./devices/nonsense/@x=1"])[0])
    good, bad = planned(host, EditRequest(EDIT, "xml", free), book=journal.begin(host, None))
    assert not good and len(bad) == 5
    assert all(isinstance(error, UsageError) and "nonsense" in error.message for _, error in bad)


def test_no_two_guests_get_one_name(host: Host) -> None:
    uses = tuple(gather.group_uses("metadata", ["name=x,uuid=9f3b1f0a-6a58-4b1c-8e0a-2f1c5b7d9e99"])[0])
    _, bad = planned(host, EditRequest(EDIT, "metadata", uses))
    assert len(bad) == 5 and "cannot get a new name or UUID together with other guests" in bad[0][1].message


def test_autostart_is_a_change_of_its_own(host: Host, context_of: Callable[[Any], RunContext]) -> None:
    host.guests.set_autostart("web1", True)
    good, _ = planned(host, book=journal.begin(host, None), autostart=True)
    assert [each.name for each in good if each.first] == ["db1", "db2", "web2", "web3"]
    Work(context_of(host)).all(good)
    assert all(host.guests.autostart(name) for name in NAMES)


@pytest.mark.parametrize(("request_", "so"), [("tablet", ["db1"]), ("mouse", [])])
def test_a_device_to_add_may_be_there(host: Host, request_: str, so: list[str]) -> None:
    uses = tuple(gather.group_uses("input", [request_])[0])
    good, bad = planned(host, EditRequest(ADD, "input", uses), verify=True)
    assert not bad and [each.name for each in good if not each.diff] == so
    assert all(not each.first for each in good)


def test_documents_wait_in_the_journal_for_its_owner_alone(host: Host) -> None:
    book = journal.begin(host, None)
    good, _ = planned(host, vcpus(4), book=book)
    book.sync()
    (path,) = state.listing(journal.KIND)
    assert os.stat(path).st_mode & 0o777 == 0o600
    entry = book.entry(good[0].place)
    assert entry.name == "db1" and entry.before == documents(host)["db1"] and ">4</vcpu>" in (entry.after or "")
