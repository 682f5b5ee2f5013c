"""The journal of a run, and putting back what it did: letter by letter, or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from virtprov.actions.edit import journal, undo
from virtprov.actions.edit.apply import Work
from virtprov.actions.edit.guest_report import GuestReport
from virtprov.actions.edit.journal import Entry, Journal
from virtprov.actions.run.plan import RunContext
from virtprov.host.connection import Host, connect
from virtprov.support.errors import ProvError, UsageError
from virtprov.support.user_files import state

HOSTS = Path(__file__).resolve().parents[3] / "data" / "hosts"
DOMAIN = """<domain type='test'><name>{name}</name><memory>65536</memory><vcpu>1</vcpu>
<os><type>hvm</type></os><devices><graphics type='vnc' passwd='sesame'/></devices></domain>"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    path = tmp_path / "place.xml"
    path.write_text("<node>" + "".join(DOMAIN.format(name=name) for name in ("a", "b", "c")) + "</node>")
    with connect(f"test://{path}") as host:
        yield host


def documents(host: Host) -> dict[str, str]:
    return {name: host.guests.xml(name, inactive=True, secure=True) for name in host.guests.names()}


def change(host: Host, *names: str, to: int = 4, book: Journal | None = None, cut_off: bool = False) -> Journal:
    """Give guests so many processors, as a run does; `cut_off` before it notes what came of the last one."""
    book = book or journal.begin(host, None)
    places = {}
    for name in names:
        before = host.guests.xml(name, inactive=True, secure=True)
        uuid = host.guests.find(name).uuid  # type: ignore[union-attr]
        after = before.replace("static'>1<", f"static'>{to}<")
        assert after != before
        places[name] = book.note(Entry(name, uuid, before, after))
    book.sync()
    for name, place in places.items():
        uuid, now = host.guests.store_definition(name, book.entry(place).after or "")
        if not (cut_off and name == names[-1]):
            book.note_stored(place, uuid, now)
    if cut_off:
        book.sync()
        book._log.close()
    else:
        book.finish()
    return book


def put_back(context: RunContext, *words: str, uri: str | None = None, keep_going: bool = False) -> list[str]:
    """Undo the last run; returns the names of guests that were put back."""
    history, meant = undo.last(uri, list(words))
    planned: list[GuestReport] = []
    try:
        for _, answer in undo.plan(context.host, history, meant):
            if isinstance(answer, GuestReport):
                planned.append(answer)
            elif not keep_going:
                raise answer
        Work(context).all(planned)
        history.undone([past.place for past in meant])
    finally:
        history.close()
    return [each.name for each in planned if each.first]


def test_a_run_is_put_back_letter_by_letter(host: Host, context_of: Callable[[Any], RunContext]) -> None:
    before = documents(host)
    assert "sesame" in before["a"]
    change(host, "a", "b")
    assert documents(host) != before
    assert put_back(context_of(host)) == ["a", "b"]
    assert documents(host) == before


def test_undo_after_undo_goes_back_run_by_run(host: Host, context_of: Callable[[Any], RunContext]) -> None:
    first = documents(host)
    change(host, "a")
    second = documents(host)
    change(host, "b", "c")
    put_back(context_of(host))
    assert documents(host) == second
    put_back(context_of(host))
    assert documents(host) == first
    with pytest.raises(ProvError, match="there is no run to undo"):
        put_back(context_of(host))


def test_a_guest_that_somebody_changed_since_is_left_alone(host: Host, context_of: Callable[[Any], RunContext]) -> None:
    before = documents(host)
    change(host, "a", "b")
    host.guests.store_definition("b", documents(host)["b"].replace(">4<", ">5<"))
    after = documents(host)
    with pytest.raises(ProvError, match="the definition of 'b' has been changed since that run"):
        put_back(context_of(host))
    assert documents(host) == after
    assert put_back(context_of(host), keep_going=True) == ["a"]
    assert documents(host) == {**after, "a": before["a"]}


def test_a_guest_that_is_gone(host: Host, context_of: Callable[[Any], RunContext]) -> None:
    change(host, "a", "b")
    host.guests.destroy("b")
    host.guests.undefine("b")
    with pytest.raises(ProvError, match="'b' is no longer defined"):
        put_back(context_of(host))


def test_a_run_that_was_cut_off_is_put_back(host: Host, context_of: Callable[[Any], RunContext]) -> None:
    before = documents(host)
    book = journal.begin(host, None)
    book.note(Entry("c", host.guests.find("c").uuid, before["c"], before["c"].replace(">1<", ">4<")))  # type: ignore[union-attr]
    change(host, "a", "b", book=book, cut_off=True)
    assert put_back(context_of(host)) == ["a", "b"]  # c is as it was
    assert documents(host) == before


def test_what_the_host_added_after_a_cut_is_known(host: Host, context_of: Callable[[Any], RunContext]) -> None:
    """The test driver gives a network card a target of its own: the run could not note it."""
    before = documents(host)
    book = journal.begin(host, None)
    after = before["a"].replace("<devices>", "<devices><interface type='user'/>")
    book.note(Entry("a", host.guests.find("a").uuid, before["a"], after))  # type: ignore[union-attr]
    book.sync()
    book._log.close()
    _, now = host.guests.store_definition("a", after)
    assert "<mac" in now and "<mac" not in after
    assert put_back(context_of(host)) == ["a"]
    assert documents(host) == before


def test_a_guest_that_the_run_made_goes_again(host: Host, context_of: Callable[[Any], RunContext]) -> None:
    before = documents(host)
    book = journal.begin(host, None)
    place = book.note(Entry("new", "", None, DOMAIN.format(name="new")))
    book.sync()
    book.note_stored(place, *host.guests.store_definition("new", DOMAIN.format(name="new")))
    book.finish()
    assert "new" in documents(host)
    put_back(context_of(host))
    assert documents(host) == before


def test_autostart_is_put_back(host: Host, context_of: Callable[[Any], RunContext]) -> None:
    book = journal.begin(host, None)
    text = documents(host)["a"]
    book.note(Entry("a", host.guests.find("a").uuid, text, None, (False, True)))  # type: ignore[union-attr]
    book.sync()
    host.guests.set_autostart("a", True)
    book.finish()
    assert put_back(context_of(host)) == ["a"]
    assert not host.guests.autostart("a") and documents(host)["a"] == text


def test_some_guests_of_a_run(host: Host, context_of: Callable[[Any], RunContext]) -> None:
    before = documents(host)
    change(host, "a", "b")
    change(host, "c")
    assert put_back(context_of(host), "a") == ["a"]
    with pytest.raises(ProvError, match="there is no run that changed 'a'"):
        put_back(context_of(host), "a")
    with pytest.raises(UsageError, match="changed 'c' but not 'b'"):
        put_back(context_of(host), "c", "b")
    assert put_back(context_of(host), "[bc]") == ["c"]
    assert put_back(context_of(host)) == ["b"]
    assert documents(host) == before


def test_runs_of_other_hosts_are_left_alone(host: Host, context_of: Callable[[Any], RunContext]) -> None:
    change(host, "a")
    with pytest.raises(ProvError, match="there is no run on qemu:///system to undo"):
        put_back(context_of(host), uri="qemu:///system")
    assert put_back(context_of(host), uri=host.uri) == ["a"]


def test_a_run_that_goes_on_is_left_alone(host: Host, context_of: Callable[[Any], RunContext]) -> None:
    book = journal.begin(host, None)
    book.note(Entry("a", "", "x", "y"))
    book.sync()
    with pytest.raises(state.Busy):
        put_back(context_of(host))
    book.discard()


def test_only_the_last_runs_are_kept(host: Host) -> None:
    for _ in range(journal.KEPT + 3):
        book = journal.begin(host, None)
        book.finish()
    assert len(state.listing(journal.KIND)) == journal.KEPT


def test_a_recorded_host_needs_none() -> None:
    with connect(f"recorded://{HOSTS / 'kvm'}") as host:
        book = journal.begin(host, None)
        assert book.entry(book.note(Entry("a", "u", None, "<x/>"))).after == "<x/>"
        book.finish()
    assert state.listing(journal.KIND) == []


@pytest.mark.parametrize("head", ["5", "[1]", '{"virtprov":1}', '{"virtprov":1,"uri":5,"asked":"x","time":1}'])
def test_a_file_that_tells_of_no_run_is_passed_over(head: str) -> None:
    lines = state.Lines.create(journal.KIND)
    Path(lines.path).write_text(f"{head}\n")
    assert list(journal.runs()) == []


@pytest.mark.parametrize("line", ["7", '{"guest":{"name":"web"}}', '{"guest":5}'])
def test_a_damaged_journal_is_said_to_be_one(line: str) -> None:
    lines = state.Lines.create(journal.KIND)
    lines.append({"virtprov": journal.FORM, "uri": "test:///default", "asked": "test:///default", "time": 1})
    lines.close()
    with Path(lines.path).open("a") as file:
        file.write(f"{line}\n")
    (run,) = journal.runs()
    with pytest.raises(ProvError, match="is corrupt, so the changes of that run cannot be undone"):
        journal.History(run)
