"""Putting a changed document in force: stored, running, started, and back when something fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.standin import StandIn
from virtprov.actions.edit import edit_plan, journal
from virtprov.actions.edit.apply import Aborted, Work
from virtprov.actions.edit.changing import outcome
from virtprov.actions.edit.changing.changes import ADD, EDIT, REMOVE, ChangeResult, EditRequest
from virtprov.actions.edit.changing.original import from_bytes, from_host
from virtprov.actions.edit.changing.outcome import ApplyOptions
from virtprov.actions.edit.editor import Edit, Editor
from virtprov.actions.edit.guest_report import GuestReport
from virtprov.actions.run.plan import RunContext
from virtprov.guest.document import Guest
from virtprov.guest.write import gather
from virtprov.guest.write.select import Selector
from virtprov.host.connection import Host, connect
from virtprov.host.running.running_guests import Running
from virtprov.support.errors import HostError, UsageError, XmlError
from virtprov.support.terminal.progress import Progress
from virtprov.xml import path

HOSTS = Path(__file__).resolve().parents[4] / "data" / "hosts"


@pytest.fixture
def kvm() -> Iterator[Host]:
    with connect(f"recorded://{HOSTS / 'kvm'}") as host:
        yield host


class Refusing(StandIn):
    """A host that refuses some calls."""

    def __init__(self, host: Host, *refused: str) -> None:
        self.real, self.refused = host, refused

    def method_of(self, part: str, name: str) -> Any:
        if name in self.refused:

            def refuse(*args: Any, **named: Any) -> Any:
                raise HostError(f"{name} refused")

            return refuse
        return super().method_of(part, name)


@pytest.fixture
def plugged(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The calls for devices of running guests, which the test driver does not offer."""
    calls: list[str] = []

    def noted(name: str) -> Callable[..., None]:
        def call(running: object, guest: str, xml: str) -> None:
            calls.append(f"{name} {guest} {xml.split()[0]}")

        return call

    for name in ("attach_device", "update_device", "detach_device"):
        monkeypatch.setattr(Running, name, noted(name))
    return calls


def request(action: str, group: str, text: str) -> EditRequest:
    if action == REMOVE:
        return EditRequest(action, group, (), Selector(text))
    return EditRequest(action, group, tuple(gather.group_uses(group, [text])[0]))


def put(host: Any, key: str, asked: EditRequest | tuple[EditRequest, ...], wanted: ApplyOptions) -> GuestReport:
    """Change a guest as a command does: plan it, and do what is planned."""
    changes = asked if isinstance(asked, tuple) else (asked,)
    editor = Editor(host, Edit(changes, wanted, schema=False, alone=True), journal.passing)
    report = editor.guest(key)
    assert report is not None
    done(host, report)
    return report


def done(host: Any, report: GuestReport) -> None:
    """Do what is planned; a failure is raised as the guest's own."""
    try:
        Work(RunContext(host, Progress(), lambda text: None, lambda text: None)).all([report])
    except Aborted as error:
        raise error.cause from None


@pytest.mark.parametrize("key", ["web", "9f3b1f0a-6a58-4b1c-8e0a-2f1c5b7d9e01"])
def test_a_guest_by_name_and_uuid(kvm: Host, key: str) -> None:
    source = from_host(kvm, key)
    assert source.stored.guest.name == "web" and source.running is None
    assert "sesame" in source.stored.text  # a definition that is stored again must keep its passwords


def test_a_running_guest_has_two_documents(kvm: Host) -> None:
    source = from_host(kvm, "db")
    assert source.running is not None and source.info is not None and source.info.active


def test_a_guest_that_is_not_there(kvm: Host) -> None:
    with pytest.raises(HostError) as failure:
        from_host(kvm, "wbe")
    assert "qemu:///system" in failure.value.message and failure.value.hint == "did you mean 'web'?"


def test_a_document_from_elsewhere_in_its_own_encoding() -> None:
    data = "<?xml version='1.0' encoding='ISO-8859-1'?><domain><name>\u00fc</name></domain>".encode("latin-1")
    source = from_bytes(data)
    assert source.stored.guest.name == "\u00fc" and source.stored.text.endswith("<name>\u00fc</name></domain>")
    with pytest.raises(XmlError, match="standard input"):
        from_bytes(b"<pool/>")


def test_a_change_is_stored(kvm: Host) -> None:
    made = put(kvm, "web", request(EDIT, "vcpus", "3"), ApplyOptions(define=True))
    assert ">3</vcpu>" in kvm.guests.xml("web", inactive=True) and "sesame" in kvm.guests.xml("web", secure=True)
    assert made.kept


def test_no_difference_stores_nothing(kvm: Host) -> None:
    host = Refusing(kvm, "store_definition")
    made = put(host, "web", request(EDIT, "vcpus", "2"), ApplyOptions(define=True))
    assert made.diff == ""


def test_a_change_for_one_run_is_not_stored(kvm: Host) -> None:
    put(kvm, "web", request(EDIT, "vcpus", "3"), ApplyOptions(start=True))
    info = kvm.guests.find("web")
    assert info is not None and info.active
    assert ">3</vcpu>" in kvm.guests.xml("web") and ">2</vcpu>" in kvm.guests.xml("web", inactive=True)


def test_a_failed_start_brings_the_definition_back(kvm: Host) -> None:
    before = kvm.guests.xml("web", inactive=True, secure=True)
    with pytest.raises(HostError, match="start refused"):
        put(Refusing(kvm, "start"), "web", request(EDIT, "vcpus", "3"), ApplyOptions(define=True, start=True))
    assert kvm.guests.xml("web", inactive=True, secure=True) == before


def test_a_failed_definition_deletes_the_new_volume(kvm: Host) -> None:
    before = kvm.storage.volume_names("images")
    with pytest.raises(HostError, match="store_definition refused"):
        put(
            Refusing(kvm, "store_definition"),
            "web",
            request(ADD, "disk", "size=1,pool=images"),
            ApplyOptions(define=True),
        )
    assert kvm.storage.volume_names("images") == before


def test_a_new_volume_is_made_once(kvm: Host) -> None:
    put(kvm, "web", request(ADD, "disk", "size=1,pool=images"), ApplyOptions(define=True))
    assert kvm.storage.volume("images", "web-1.qcow2") is not None


def test_both_the_running_and_the_stored_guest_are_changed(kvm: Host, plugged: list[str]) -> None:
    put(kvm, "db", request(ADD, "disk", "size=1,pool=images,bus=virtio"), ApplyOptions(define=True, update=True))
    assert plugged == ["attach_device db <disk"]
    assert "/srv/images/db.qcow2" in kvm.guests.xml("db", inactive=True)


def test_a_new_device_is_the_same_in_both(kvm: Host) -> None:
    source = from_host(kvm, "db")
    made = outcome.make(
        (request(ADD, "network", "network=default"),), source, ApplyOptions(define=True, update=True), kvm
    )
    assert made.lives
    macs = [path.get(node, "./mac/@address") for node in (*made.parts[-1].elements, *made.lives[0].elements)]
    assert macs[0] == macs[1]


def test_a_new_disk_has_a_name_that_is_free_in_both(kvm: Host) -> None:
    put(kvm, "db", request(ADD, "disk", "size=1,pool=images,bus=virtio"), ApplyOptions(define=True))
    source, wanted = from_host(kvm, "db"), ApplyOptions(define=True, update=True)
    waiting = source.stored.guest.disks()[-1]
    assert source.running is not None and len(source.running.guest.disks()) < len(source.stored.guest.disks())
    made = outcome.make((request(ADD, "disk", "size=1,pool=images,bus=virtio"),) * 2, source, wanted, kvm)
    names = [path.get(disk, "./target/@dev") for disk in made.guest.disks()]
    assert len(set(names)) == len(names) and path.get(waiting, "./target/@dev") in names
    assert [path.get(part.elements[0], "./target/@dev") for part in made.lives] == names[-2:]


def test_only_the_running_guest_is_changed(kvm: Host, plugged: list[str]) -> None:
    host = Refusing(kvm, "store_definition")
    made = put(host, "db", request(REMOVE, "network", "1"), ApplyOptions(update=True))
    assert plugged == ["detach_device db <interface"] and made.diff.count("\n-") > 3


def test_a_refused_definition_takes_the_device_back(kvm: Host, plugged: list[str]) -> None:
    host = Refusing(kvm, "store_definition")
    with pytest.raises(HostError, match="store_definition refused"):
        put(host, "db", request(EDIT, "network", "link.state=down"), ApplyOptions(define=True, update=True))
    assert plugged == ["update_device db <interface", "update_device db <interface"]


def test_half_of_a_live_change_is_undone(kvm: Host, plugged: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    attach = Running.attach_device

    def second(running: Running, guest: str, xml: str) -> None:
        if plugged:
            raise HostError("no more")
        attach(running, guest, xml)

    monkeypatch.setattr(Running, "attach_device", second)
    both = (request(ADD, "network", "network=default"), request(ADD, "network", "network=default"))
    with pytest.raises(HostError, match="no more"):
        put(kvm, "db", both, ApplyOptions(update=True))
    assert plugged == ["attach_device db <interface", "detach_device db <interface"]


def test_memory_of_a_running_guest_by_its_own_call(kvm: Host) -> None:
    before = path.get(from_host(kvm, "db").stored.guest.root, "./currentMemory")
    made = put(kvm, "db", request(EDIT, "memory", "64"), ApplyOptions(define=True, update=True))
    source = from_host(kvm, "db")
    assert source.running is not None and before != "65536"
    assert source.running.guest.get("./currentMemory") == source.stored.guest.get("./currentMemory") == "65536"
    assert made.course is not None
    assert made.course.facts() == [{"what": "memory", "when": "now", "why": "", "outcome": "done"}]


def test_what_cannot_be_done_now_is_left_to_the_definition(kvm: Host) -> None:
    both = ApplyOptions(define=True, update=True, lenient=True)
    made = put(kvm, "db", request(EDIT, "events", "on_reboot=destroy"), both)
    assert made.course is not None and not made.acts
    assert [(row.what, row.when) for row in made.course.rows] == [("on_reboot", "next boot")]
    source = from_host(kvm, "db")
    assert source.running is not None
    assert source.stored.guest.get("./on_reboot") == "destroy" != source.running.guest.get("./on_reboot")


def test_a_device_that_only_the_definition_has(kvm: Host) -> None:
    put(kvm, "db", request(ADD, "rng", "/dev/random"), ApplyOptions(define=True))
    asked = request(REMOVE, "rng", "all")
    both = ApplyOptions(define=True, update=True, lenient=True)
    with pytest.raises(UsageError):
        outcome.make((asked,), from_host(kvm, "db"), both._replace(lenient=False), kvm)
    made = put(kvm, "db", asked, both)
    assert made.course is not None
    assert [(row.what, row.when, row.why) for row in made.course.rows] == [
        ("removal of rng", "next boot", "not present in the running guest")
    ]
    assert from_host(kvm, "db").stored.guest.devices("rng") == []


def test_a_running_guest_whose_definition_alone_is_changed(kvm: Host) -> None:
    made = put(kvm, "db", request(EDIT, "memory", "64"), ApplyOptions(define=True))
    assert made.course is not None and not made.acts
    assert made.course.facts() == [{"what": "memory", "when": "next boot", "why": "", "outcome": ""}]
    assert outcome.make((request(EDIT, "memory", "32"),), from_host(kvm, "db"), ApplyOptions(), kvm).course is None
    assert outcome.make((request(EDIT, "vcpus", "1"),), from_host(kvm, "web"), ApplyOptions(True), kvm).course is None


def test_a_document_from_elsewhere_becomes_a_guest(kvm: Host) -> None:
    text = kvm.guests.xml("web", inactive=True).replace("<name>web<", "<name>new<").replace("9e01<", "9e09<")
    source = from_bytes(text.encode())
    edit = Edit((request(EDIT, "vcpus", "2"),), ApplyOptions(define=True), schema=False, alone=True)
    report = Editor(kvm, edit, journal.passing).document(source)
    assert report.diff == ""
    done(kvm, report)
    assert kvm.guests.find("new") is not None


def test_a_guest_with_another_name_and_uuid_is_a_further_guest(kvm: Host) -> None:
    change = "name=second,uuid=9f3b1f0a-6a58-4b1c-8e0a-2f1c5b7d9e77"
    put(kvm, "web", request(EDIT, "metadata", change), ApplyOptions(define=True))
    assert kvm.guests.find("web") is not None and kvm.guests.find("second") is not None


@pytest.mark.parametrize("change", ["name=other", "uuid=9f3b1f0a-6a58-4b1c-8e0a-2f1c5b7d9e77"])
def test_name_and_uuid_do_not_change_alone(kvm: Host, change: str) -> None:
    with pytest.raises(HostError, match="'web' cannot"):
        put(kvm, "web", request(EDIT, "metadata", change), ApplyOptions(define=True))


def test_what_cannot_be_put_in_force_is_refused_before_anything_changes(kvm: Host) -> None:
    source = from_host(kvm, "db")
    with pytest.raises(UsageError, match="--events cannot be changed in a running guest"):
        outcome.make((request(EDIT, "events", "on_reboot=destroy"),), source, ApplyOptions(update=True), kvm)
    with pytest.raises(UsageError, match="^memory of 'db' cannot be changed while the guest runs: "):
        outcome.make((request(EDIT, "memory", "999999"),), source, ApplyOptions(update=True), kvm)
    with pytest.raises(HostError, match="guest 'db' is running, so it cannot be started"):
        outcome.make((request(EDIT, "memory", "5"),), source, ApplyOptions(define=True, start=True), kvm)


def test_volumes_that_nobody_makes(kvm: Host) -> None:
    asked = request(ADD, "disk", "size=1,pool=images")
    elsewhere = from_bytes(kvm.guests.xml("web").encode())
    assert outcome.list_missing_volumes(outcome.make((asked,), elsewhere, ApplyOptions(), kvm)) == [
        "/srv/images/web-1.qcow2"
    ]
    assert outcome.list_missing_volumes(outcome.make((asked,), from_host(kvm, "web"), ApplyOptions(), kvm)) == []


def test_a_built_element_begins_at_the_left_margin(kvm: Host) -> None:
    made = outcome.make((request(EDIT, "disk", "cache=none"),), from_host(kvm, "web"), ApplyOptions(), kvm)
    lines = outcome.render_elements(made).splitlines()
    assert lines[0].startswith("<disk ") and lines[1].startswith("  <driver ") and lines[-1] == "</disk>"


def test_several_changes_are_one_edit(kvm: Host) -> None:
    """Each is made on what the one before left, and new volumes get names of their own."""
    asked = (
        request(ADD, "disk", "size=1"),
        request(ADD, "disk", "size=2"),
        request(EDIT, "memory", "3000"),
        EditRequest(EDIT, "disk", tuple(gather.group_uses("disk", ["cache=none"])[0]), Selector("-1")),
    )
    source = from_host(kvm, "web")
    made = outcome.make(asked, source, ApplyOptions(define=True), kvm)
    disks = made.guest.disks()
    files = [path.get(disk, "./source/@file") for disk in disks]
    assert len(files) == len(set(files)) and path.get(disks[-1], "./driver/@cache") == "none"
    assert made.guest.get("./memory") == str(3000 << 10)
    first, last = edit_plan.plan_steps(made, ApplyOptions(define=True), None)
    assert [step.label for step in first][-2:] == ["Creating volume web.qcow2", "Creating volume web-1.qcow2"]
    assert last == []


def test_helpers_of_a_new_device_go_into_the_definition_as_well() -> None:
    running = Guest.parse("<domain><name>a</name><devices><controller type='usb' index='0'/></devices></domain>")
    after = running.copy()
    disk = after.add_device("disk", type="file")
    after.add_device("controller", type="scsi", index="0")
    grafted = outcome.graft(running, running, ChangeResult(after, (disk,)))
    assert [(node.tag, node.get("type")) for node in grafted.guest.devices()] == [
        ("disk", "file"),
        ("controller", "usb"),
        ("controller", "scsi"),
    ]
    assert [node.tag for node in grafted.elements] == ["disk"] and grafted.elements[0] is not disk
    again = outcome.graft(after, running, ChangeResult(after, (disk,))).guest
    assert len(again.devices("controller")) == 2 and len(again.devices("disk")) == 2
