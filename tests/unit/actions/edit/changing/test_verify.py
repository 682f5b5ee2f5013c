"""Whether a guest is as asked: devices to add may be there, those to remove may be gone, the rest is tried."""

from __future__ import annotations

import pytest

from virtprov.actions.edit.changing import verify
from virtprov.actions.edit.changing.changes import ADD, EDIT, REMOVE, EditRequest
from virtprov.actions.edit.changing.original import Source, from_bytes
from virtprov.actions.edit.changing.outcome import ApplyOptions, EditResult
from virtprov.guest.document import DomainDocument, Guest
from virtprov.host.facts.info import GuestInfo
from virtprov.library.edit_request import Change, to_request
from virtprov.support.errors import UsageError

XML = """<domain type='kvm'><name>g</name><uuid>9f3b1f0a-6a58-4b1c-8e0a-2f1c5b7d9e01</uuid><memory>1048576</memory>
<currentMemory>1048576</currentMemory><vcpu>2</vcpu><os><type arch='x86_64' machine='q35'>hvm</type></os><devices>
<disk type='file' device='disk'><driver name='qemu' type='qcow2' cache='none'/><source file='/a.qcow2'/>
<target dev='vda' bus='virtio'/></disk>
<interface type='network'><mac address='52:54:00:00:00:01'/><source network='default'/>
<model type='virtio'/></interface><rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>
</devices></domain>"""
INFO = GuestInfo("g", "9f3b1f0a-6a58-4b1c-8e0a-2f1c5b7d9e01", 1, "running", True, True)


def asked(line: str) -> tuple[EditRequest, ...]:
    """Requests for a command line in which each action comes before its group: `--edit 2 --disk cache=none`."""
    changes: list[Change] = []
    values: list[str] = []
    for flag, *texts in (part.split() for part in line.split("--")[1:]):
        if flag in (ADD, EDIT, REMOVE):
            values = []
            changes.append(Change(flag, "", which=texts[0] if texts else None))
        else:
            values = [*values, *texts]
            changes[-1] = changes[-1]._replace(group=flag, value=values)
    return tuple(to_request(change, schema=False) for change in changes)


def verified(line: str, source: Source | None = None, wanted: ApplyOptions = ApplyOptions(define=True)) -> EditResult:  # noqa: B008
    return verify.make(asked(line), source or from_bytes(XML.encode()), wanted, None)


@pytest.mark.parametrize(
    "line",
    [
        "--edit --vcpus 2",
        "--edit --memory 1024",
        "--edit target.dev=vda --disk cache=none",
        "--add-device --disk /a.qcow2",
        "--add-device --disk /a.qcow2,size=20,bus=virtio",
        "--add-device --disk size=20",
        "--add-device --network network=default,model=virtio",
        "--add-device --rng /dev/urandom",
        "--remove-device --sound all",
        "--remove-device --disk target.dev=vdb",
        "--remove-device --disk 2",
        "--add-device --rng /dev/urandom --edit --vcpus 2 --remove-device --tpm all",
    ],
)
def test_it_is_so(line: str) -> None:
    made = verified(line)
    assert not made.has_changes, made.diff


@pytest.mark.parametrize(
    ("line", "added"),
    [
        ("--edit --vcpus 3", "<vcpu>3</vcpu>"),
        ("--edit target.dev=vda --disk cache=unsafe", "cache='unsafe'"),
        ("--add-device --rng /dev/urandom --rng /dev/urandom", "<rng"),
        ("--add-device --network network=other", "network='other'"),
        ("--edit --vcpus 3 --edit --vcpus 2 --edit --vcpus 4", "<vcpu>4</vcpu>"),
    ],
)
def test_it_is_not_so(line: str, added: str) -> None:
    made = verified(line)
    assert made.has_changes
    assert any(row.startswith("+") and added in row.replace('"', "'") for row in made.diff.splitlines())


def test_a_device_to_remove_is_there() -> None:
    diff = verified("--remove-device --rng 1").diff
    assert any(row.startswith("-") and "<rng" in row for row in diff.splitlines())


def test_a_choice_that_makes_no_sense_is_refused_all_the_same() -> None:
    with pytest.raises(UsageError, match="cannot be used to select a --disk"):
        verified("--remove-device --disk size=5")
    with pytest.raises(UsageError, match="no disk device of the guest matches"):
        verified("--edit target.dev=vdb --disk cache=none")


@pytest.mark.parametrize(
    ("define", "update", "stored", "running"),
    [(True, False, True, False), (True, True, True, True), (False, True, False, True)],
)
def test_which_documents_are_looked_at(define: bool, update: bool, stored: bool, running: bool) -> None:
    document = DomainDocument.parse(XML)
    source = Source(document, INFO, document)
    made = verified("--edit --vcpus 5", source, ApplyOptions(define=define, update=update, verify=True))
    assert (bool(made.diff), bool(made.live_diff)) == (stored, running)


def test_autostart_is_looked_at() -> None:
    source = Source(DomainDocument.parse(XML), INFO, None, False)
    assert verify.make((), source, ApplyOptions(define=True), None, True).autostart == (False, True)
    assert verify.make((), source, ApplyOptions(define=True), None, False).autostart is None
    assert not verify.make((), source, ApplyOptions(define=True), None, False).has_changes


@pytest.mark.parametrize(("action", "so"), [(ADD, True), (REMOVE, False), (EDIT, False)])
def test_nothing_is_said_of_the_device(action: str, so: bool) -> None:
    request = asked("--add-device --rng /dev/urandom")[0]._replace(action=action)
    assert verify.is_so(request, Guest.parse(XML), None) is so
