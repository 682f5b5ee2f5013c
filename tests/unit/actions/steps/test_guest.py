"""Guests that are really defined, started, changed and replaced, and the undo."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.standin import StandIn
from virtprov.actions.run.plan import Plan, RunContext, Step, apply
from virtprov.actions.steps import storage
from virtprov.actions.steps.guest import Create, Define, Redefine, Replace, SetAutostart, Start, discard_guest
from virtprov.guest.disks.new.volumes import NewPool, NewVolume
from virtprov.guest.document import DomainDocument, Guest
from virtprov.host.connection import Host
from virtprov.host.facts.info import VolumeInfo
from virtprov.host.failures import NotSupported
from virtprov.support.errors import HostError

Look = Callable[[Host], dict[str, list[str]]]
Around = Callable[[Any], RunContext]

NEW = """<domain type='test'><name>new</name><uuid>9f3b1f0a-6a58-4b1c-8e0a-2f1c5b7d9f0{}</uuid><memory>65536</memory>
<os><type>hvm</type>{}</os><devices/></domain>"""
VOLUME = NewVolume("images", "new.qcow2", "/srv/images/new.qcow2", "qcow2", 1024**3, 0)


@pytest.mark.parametrize(
    ("step", "there"),
    [
        (Define("new", DomainDocument.parse(NEW.format(1, ""))), ["new shut off", "web running"]),
        (Create("new", DomainDocument.parse(NEW.format(1, ""))), ["new running", "web running"]),
    ],
)
def test_guest_is_made_and_undone(step: Step, there: list[str], place: Host, context_of: Around, listed: Look) -> None:
    before = listed(place)
    undo = step.do(context_of(place))
    assert listed(place)["guests"] == there
    assert undo is not None
    undo()
    assert listed(place) == before


def test_start_is_undone_by_stopping(place: Host, context_of: Around, listed: Look) -> None:
    place.guests.define(NEW.format(1, ""))
    undo = Start("new").do(context_of(place))
    assert listed(place)["guests"] == ["new running", "web running"]
    assert undo is not None
    undo()
    assert listed(place)["guests"] == ["new shut off", "web running"]


def test_redefine_is_undone_by_the_definition_before(place: Host, context_of: Around) -> None:
    place.guests.define(NEW.format(1, ""))
    undo = Redefine("new", NEW.format(1, "").replace("65536", "131072")).do(context_of(place))
    assert "131072" in place.guests.xml("new")
    assert undo is not None
    undo()
    assert "65536" in place.guests.xml("new")


def test_set_autostart_is_undone_by_the_contrary(place: Host, context_of: Around) -> None:
    undo = SetAutostart("web", True).do(context_of(place))
    assert place.guests.autostart("web") and undo is not None
    undo()
    assert not place.guests.autostart("web")


@pytest.mark.parametrize("running", [True, False])
def test_replace_makes_room(running: bool, place: Host, context_of: Around, listed: Look, told: Any) -> None:
    if not running:
        place.guests.destroy("web")
    before = listed(place)
    undo = Replace("web").do(context_of(place))
    assert listed(place)["guests"] == ["web.replaced-9f3b1f0a shut off"]
    assert undo is not None
    undo()
    assert listed(place) == before
    assert told.warned == []


def test_replace_defines_again_what_cannot_be_renamed(place: Host, context_of: Around, listed: Look, told: Any) -> None:
    class Stiff(StandIn):
        real = place

        def guests_rename(self, key: str, name: str) -> None:
            raise NotSupported("this driver renames nothing")

    before = listed(place)
    undo = Replace("web").do(context_of(Stiff()))
    assert listed(place)["guests"] == []
    assert undo is not None
    undo()
    assert listed(place) == before
    assert told.warned == ["'web' is defined as before; its snapshots and firmware variables could not be restored"]


def test_replace_lets_run_on_what_cannot_be_put_aside(place: Host, context_of: Around, listed: Look) -> None:
    class Refusing(StandIn):
        real = place

        def guests_rename(self, key: str, name: str) -> None:
            raise HostError("no")

    before = listed(place)
    with pytest.raises(HostError, match="no"):
        Replace("web").do(context_of(Refusing()))
    assert listed(place) == before


def test_define_undone_leaves_a_guest_that_took_its_name(place: Host, context_of: Around, listed: Look) -> None:
    undo = Define("new", DomainDocument.parse(NEW.format(1, ""))).do(context_of(place))
    place.guests.undefine("new")
    place.guests.define(NEW.format(2, ""))
    assert undo is not None
    undo()
    assert "new shut off" in listed(place)["guests"]


def test_replace_of_nobody(place: Host, context_of: Around) -> None:
    assert Replace("nobody").do(context_of(place)) is None


@pytest.mark.parametrize("running", [True, False])
def test_discard_guest_removes_the_one_that_made_room(
    running: bool, place: Host, context_of: Around, listed: Look
) -> None:
    context = context_of(place)
    Replace("web").do(context)
    if running:
        place.guests.start("web.replaced-9f3b1f0a")
    assert discard_guest("web").do(context) is None
    assert listed(place)["guests"] == []


def test_discard_guest_says_what_it_leaves_behind(place: Host, context_of: Around, told: Any) -> None:
    class Refusing(StandIn):
        real = place

        def guests_undefine(self, key: str, **how: Any) -> None:
            raise HostError("it is busy")

    context = context_of(Refusing())
    Replace("web").do(context)
    discard_guest("web").do(context)
    assert told.warned == ["could not remove the previous guest: it is busy"]
    assert context.trail.is_kept


def test_define_that_fails_in_the_end_undoes_the_plan(place: Host, context_of: Around, listed: Look) -> None:
    before = listed(place)
    taken = NEW.format(2, "").replace("new", "web")  # another guest of that name
    listed_steps = (
        storage.MakePool(NewPool("more", "/srv/more")),
        storage.MakeVolume(VOLUME._replace(pool="more", path="/srv/more/new.qcow2")),
        storage.MakeVolume(VOLUME),
        Define("new", DomainDocument.parse(NEW.format(1, ""))),
        Start("new"),
        Define("web", DomainDocument.parse(taken)),
    )
    with pytest.raises(HostError, match="cannot define the guest 'web'"):
        apply(Plan((), listed_steps), context_of(place))
    assert listed(place) == before


@pytest.mark.parametrize(
    ("step", "label"),
    [
        (Define("g", DomainDocument(Guest.new(""), "")), "Defining guest 'g'"),
        (Start("g"), "Starting guest 'g'"),
        (Create("g", DomainDocument(Guest.new(""), "")), "Starting guest 'g'"),
        (Redefine("g", ""), "Changing the definition of 'g'"),
        (SetAutostart("g", True), "Enabling autostart of 'g'"),
        (SetAutostart("g", False), "Disabling autostart of 'g'"),
        (Replace("g"), "Removing the existing guest 'g'"),
        (discard_guest("g"), "Removing the remains of the previous guest 'g'"),
    ],
)
def test_labels_of_guest_steps(step: Step, label: str) -> None:
    assert step.label == label


def test_create_of_a_defined_guest_leaves_it_defined(place: Host, context_of: Around, listed: Look) -> None:
    place.guests.define(NEW.format(1, ""))
    undo = Create("new", DomainDocument.parse(NEW.format(1, ""))).do(context_of(place))
    assert listed(place)["guests"] == ["new running", "web running"]
    assert undo is not None
    undo()
    assert listed(place)["guests"] == ["new shut off", "web running"]


def test_create_that_fails_removes_the_variables(context_of: Around, tmp_path: Path, home: Path) -> None:
    class Refusing(StandIn):
        """A host that makes the file of variables, and then cannot start the guest."""

        driver, is_remote, is_session, is_alive = "qemu", False, False, True
        is_recorded, uri = False, "qemu:///system"
        deleted: list[str] = []

        def guests_find(self, key: str) -> None:
            return None

        def guests_create(self, xml: str) -> None:
            (tmp_path / "new_VARS.fd").touch()
            raise HostError("it does not start")

        def storage_pool_at(self, directory: str) -> None:
            return None

        def storage_create_pool(self, xml: str, **how: Any) -> None:
            assert str(tmp_path) in xml

        def storage_remove_pool(self, name: str) -> None:
            pass

        def storage_volume(self, pool: str, name: str) -> Any:
            return VolumeInfo("p", name, f"{tmp_path}/{name}", "k", "file", "raw", 1, 1, "", "", "")

        def storage_delete_volume(self, pool: str, name: str) -> None:
            self.deleted.append(name)

    host = Refusing()
    context = context_of(host)
    with pytest.raises(HostError, match="it does not start"):
        Create("new", DomainDocument.parse(NEW.format(1, f"<nvram>{tmp_path}/new_VARS.fd</nvram>"))).do(context)
    assert host.deleted == ["new_VARS.fd"] and not context.trail.is_kept


def test_replace_of_a_guest_that_lives_only_while_it_runs(place: Host, context_of: Around, listed: Look) -> None:
    place.guests.create(NEW.format(1, ""))
    before = listed(place)
    undo = Replace("new").do(context_of(place))
    assert listed(place)["guests"] == ["web running"] and undo is not None
    undo()
    info = place.guests.find("new")
    assert listed(place) == before and info is not None and not info.persistent
