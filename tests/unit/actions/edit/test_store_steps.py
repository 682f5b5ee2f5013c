"""The steps that store a definition, and restore the one before a past run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from virtprov.actions.edit import journal
from virtprov.actions.edit.edit_plan import Target
from virtprov.actions.edit.journal import Entry, Journal
from virtprov.actions.edit.store_steps import RestoreDefinition, StoreDefinition
from virtprov.actions.run import definition
from virtprov.actions.run.artifacts.stored_guests import Definition
from virtprov.actions.run.plan import RunContext
from virtprov.actions.run.trail import FileTrail
from virtprov.host.connection import Host

WEB = "9f3b1f0a-6a58-4b1c-8e0a-2f1c5b7d9e01"
NEW = "<domain type='test'><name>new</name><uuid>{}</uuid><memory>65536</memory><os><type>hvm</type></os></domain>"
NEW = NEW.format(WEB.replace("9e01", "9e02"))
Around = Callable[[Any], RunContext]


@pytest.fixture
def book(home: object) -> Journal:
    return journal.passing()


@pytest.fixture
def context(place: Host, context_of: Around) -> RunContext:
    return context_of(place)


def stored(host: Host, uuid: str = WEB) -> str | None:
    return host.guests.stored_definition(uuid)


def changed(host: Host, book: Journal, *, before: str | None = None, to: str = "131072") -> StoreDefinition:
    """The step that gives the guest `web` other memory, planned with its definition, or with another one."""
    text = stored(host)
    assert text is not None
    known = text if before is None else before
    place = book.note(Entry("web", WEB, known, text.replace("65536", to)))
    return StoreDefinition(Target("web", WEB, known), place, book)


def result(book: Journal, place: int) -> Any:
    """What the journal says became of an entry: the digest of the definition after it; KeyError if it says nothing."""
    return {line["left"]: line["as"] for _, line in book._log if "left" in line}[place]


def test_store_replaces_the_definition_and_undo_restores_it(place: Host, context: RunContext, book: Journal) -> None:
    before = stored(place)
    step = changed(place, book)
    undo = step.do(context)
    now = stored(place)
    assert now is not None and ">131072<" in now and step.kept
    assert result(book, step.place) == definition.digest(now)
    assert undo is not None
    undo()
    assert stored(place) == before


def test_store_says_when_the_host_keeps_the_old_definition(place: Host, context: RunContext, book: Journal) -> None:
    step = changed(place, book, to="65536")
    step.do(context)
    assert not step.kept and result(book, step.place) is None


@pytest.mark.parametrize("call", ["look", "do"])
def test_store_refuses_a_definition_that_somebody_changed(
    call: str, place: Host, context: RunContext, book: Journal
) -> None:
    step = changed(place, book)
    place.guests.define((stored(place) or "").replace("65536", "262144"))
    theirs = stored(place)
    with pytest.raises(
        definition.DefinitionChanged, match="^the definition of 'web' has been changed in the meantime$"
    ):
        step.look(place) if call == "look" else step.do(context)
    assert stored(place) == theirs
    with pytest.raises(KeyError):
        result(book, step.place)


def test_undo_of_store_keeps_what_somebody_changed_since(place: Host, context: RunContext, book: Journal) -> None:
    undo = changed(place, book).do(context)
    place.guests.define((stored(place) or "").replace("131072", "262144"))
    theirs = stored(place)
    assert undo is not None
    with pytest.raises(definition.DefinitionChanged):
        undo()
    assert stored(place) == theirs


def test_store_defines_a_guest_that_only_ran(place: Host, context: RunContext, book: Journal) -> None:
    text = stored(place) or ""
    place.guests.undefine("web")
    assert stored(place) == ""
    step = StoreDefinition(Target("web", WEB, ""), book.note(Entry("web", WEB, "", text)), book)
    step.look(place)
    undo = step.do(context)
    assert stored(place) and undo is not None
    undo()
    assert stored(place) == ""


def test_store_refuses_a_guest_that_only_ran_and_ended(place: Host, context: RunContext, book: Journal) -> None:
    text = stored(place) or ""
    place.guests.undefine("web")
    place.guests.destroy("web")
    step = StoreDefinition(Target("web", WEB, ""), book.note(Entry("web", WEB, "", text)), book)
    with pytest.raises(definition.DefinitionChanged, match="^'web' no longer exists$"):
        step.do(context)
    assert place.guests.find("web") is None


def test_store_defines_a_new_guest(place: Host, context: RunContext, book: Journal) -> None:
    at = book.note(Entry("new", "", None, NEW))
    step = StoreDefinition(Target("new", "", None), at, book)
    step.look(place)  # nothing to compare
    undo = step.do(context)
    text = stored(place, WEB.replace("9e01", "9e02"))
    assert step.label == "Defining the guest 'new'" and text and result(book, at) == definition.digest(text)
    assert undo is not None
    undo()
    assert place.guests.find("new") is None


@pytest.mark.parametrize("is_written", [True, False])
def test_store_is_in_the_recovery_log_only_if_there_is_one(
    is_written: bool, place: Host, context: RunContext, book: Journal
) -> None:
    """What else the run has made is removed by --clean-up, which then has to restore the definition first."""
    context.trail = trail = FileTrail("virtprov-xml", place, pytest.fail)
    if is_written:
        trail.begin(Definition("other"))
    changed(place, book).do(context)
    assert [each.name for each in trail.artifacts(Definition)] == (["other", "web"] if is_written else [])
    trail.discard()


def put_back(place: Host, book: Journal, before: str | None) -> RestoreDefinition:
    """The step that restores `before` in place of the present definition of `web`."""
    now = stored(place)
    at = book.note(Entry("web", WEB, before, now))
    return RestoreDefinition("web", WEB, at, book, definition.digest(now) if now else definition.NONE)


def test_put_back_restores_and_its_undo_takes_that_back(
    place: Host, context: RunContext, book: Journal, told: Any
) -> None:
    before = stored(place) or ""
    place.guests.define(before.replace("65536", "131072"))
    after = stored(place)
    step = put_back(place, book, before)
    assert step.label == "Restoring the definition of 'web'" and step.look(place) == after
    undo = step.do(context)
    assert stored(place) == before and told.warned == []
    assert undo is not None
    undo()
    assert stored(place) == after


def test_put_back_undefines_a_guest_that_the_run_made(place: Host, context: RunContext, book: Journal) -> None:
    place.guests.destroy("web")
    after = stored(place)
    undo = put_back(place, book, None).do(context)
    assert place.guests.find("web") is None
    assert undo is not None
    undo()
    assert stored(place) == after


def test_put_back_refuses_what_somebody_changed(place: Host, context: RunContext, book: Journal) -> None:
    before = stored(place) or ""
    step = put_back(place, book, before)
    place.guests.define(before.replace("65536", "262144"))
    theirs = stored(place)
    with pytest.raises(definition.DefinitionChanged):
        step.do(context)
    assert stored(place) == theirs


def test_put_back_says_when_the_host_restores_something_else(
    place: Host, context: RunContext, book: Journal, told: Any
) -> None:
    short = NEW.replace("9e02", "9e01").replace("new", "web")
    put_back(place, book, short).do(context)
    assert told.warned == ["the host changed the restored definition of 'web'"]
