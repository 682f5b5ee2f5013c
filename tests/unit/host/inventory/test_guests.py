from __future__ import annotations

from collections.abc import Callable

import libvirt
import pytest

from virtprov.host.connection import Host
from virtprov.host.facts.info import KeptStates
from virtprov.host.failures import NotNow, NotSupported, NotThere, Taken
from virtprov.host.inventory.guests import with_known_flags
from virtprov.support.errors import HostError, XmlError
from virtprov.support.slow_calls import waiting

GUEST = (
    "<domain type='test'><name>{}</name><uuid>9f3b1f0a-6a58-4b1c-8e0a-2f1c5b7d{}</uuid>"
    "<memory>1024</memory><os><type>hvm</type></os></domain>"
).format


@pytest.fixture
def host(make_host: Callable[[str], Host]) -> Host:
    off = "<runstate xmlns='http://libvirt.org/schemas/domain/test/1.0'>5</runstate></domain>"
    return make_host(GUEST("old", "0001").replace("</domain>", off))


def test_a_guest_is_defined_started_and_forgotten(host: Host) -> None:
    made = host.guests.define(GUEST("new", "0002"))
    assert (made.name, made.active, made.persistent, made.state) == ("new", False, True, "shut off")
    host.guests.start("new")
    started = host.guests.find("new")
    assert started is not None and started.state == "running"
    assert host.guests.destroy("new") is True
    assert host.guests.destroy("new") is False
    assert host.guests.undefine("new") is True
    assert host.guests.find("new") is None


def test_what_was_asked_is_not_told_of_the_next_wait(host: Host) -> None:
    assert host.guests.find("nobody") is None
    assert waiting.state.doing == ""


def test_what_is_gone_is_gone(host: Host) -> None:
    assert host.guests.undefine("nobody") is False
    assert host.guests.destroy("nobody") is False


def test_a_definition_replaces_the_one_of_its_uuid(host: Host) -> None:
    host.guests.define(GUEST("old", "0001").replace("1024", "2048"))
    assert "2048" in host.guests.xml("old") and host.guests.names() == ("old",)


def test_a_name_that_is_taken(host: Host) -> None:
    with pytest.raises(Taken, match="^cannot define the guest 'old': "):
        host.guests.define(GUEST("old", "0009"))


def test_documents_that_libvirt_or_anybody_cannot_read(host: Host) -> None:
    with pytest.raises(XmlError):
        host.guests.define("<domain")
    with pytest.raises(HostError, match="^cannot define the guest 'x': "):
        host.guests.define("<domain type='test'><name>x</name></domain>")
    assert host.guests.names() == ("old",)


def test_a_transient_guest_is_gone_when_it_is_off(host: Host) -> None:
    made = host.guests.create(GUEST("brief", "0003"))
    assert (made.active, made.persistent) == (True, False)
    assert host.guests.destroy("brief") is True
    assert host.guests.find("brief") is None


def test_states(host: Host) -> None:
    host.guests.start("old")
    host.guests._domains.get("old").suspend()
    assert [guest.state for guest in [host.guests.find("old")] if guest] == ["paused"]
    host.guests._domains.get("old").resume()
    assert [guest.state for guest in [host.guests.find("old")] if guest] == ["running"]
    host.guests.shutdown("old")
    assert [guest.state for guest in [host.guests.find("old")] if guest] == ["shut off"]


def test_starting_twice_is_refused(host: Host) -> None:
    host.guests.start("old")
    with pytest.raises(NotNow, match="^cannot start the guest 'old': "):
        host.guests.start("old")


def test_autostart(host: Host) -> None:
    host.guests.set_autostart("old", True)
    assert host.guests._domains.get("old").autostart() == 1
    host.guests.set_autostart("old", False)
    assert host.guests._domains.get("old").autostart() == 0


def test_undefining_takes_saved_state_and_snapshots_along(host: Host) -> None:
    host.guests.start("old")
    host.guests._domains.get("old").snapshotCreateXML("<domainsnapshot><name>s</name></domainsnapshot>", 0)
    host.guests._domains.get("old").managedSave(0)
    assert host.guests.undefine("old") is True
    assert host.guests.find("old") is None


def test_what_else_is_kept_for_a_guest(host: Host) -> None:
    assert host.guests.kept_states("old") == KeptStates(False, (), ())
    host.guests.start("old")
    for name in ("z", "a"):
        host.guests._domains.get("old").snapshotCreateXML(f"<domainsnapshot><name>{name}</name></domainsnapshot>", 0)
    host.guests._domains.get("old").managedSave(0)
    assert host.guests.kept_states("old") == KeptStates(True, ("a", "z"), ())
    with pytest.raises(NotThere):
        host.guests.kept_states("nobody")


def test_a_running_guest_that_is_undefined_becomes_transient(host: Host) -> None:
    host.guests.start("old")
    assert host.guests.undefine("old") is True
    left = host.guests.find("old")
    assert left is not None and left.active and not left.persistent


@pytest.mark.parametrize(
    ("offered", "known", "used"), [(0b111, 0b101, 0b101), (0b111, 0b111, 0b111), (0b100, 0, 0), (0, 0, 0)]
)
def test_unknown_flags_are_left_out_one_by_one(offered: int, known: int, used: int) -> None:
    calls: list[int] = []

    def call(flags: int) -> None:
        calls.append(flags)
        unknown = flags & ~known
        if unknown:
            lowest = unknown & -unknown
            raise refusal(f"unsupported flags (0x{lowest:x}) in function f")

    with_known_flags(call, offered)
    assert calls[-1] == used


def refusal(message: str, code: int = libvirt.VIR_ERR_INVALID_ARG) -> libvirt.libvirtError:
    error = libvirt.libvirtError(message)
    error.err = (code, libvirt.VIR_FROM_QEMU, message, libvirt.VIR_ERR_ERROR, None, None, None, 0, 0)
    return error


def test_other_refusals_are_not_taken_for_unknown_flags() -> None:
    def call(flags: int) -> None:
        raise refusal("guest is busy (0x1)", libvirt.VIR_ERR_OPERATION_INVALID)

    with pytest.raises(libvirt.libvirtError):
        with_known_flags(call, 1)


DISK = "<disk type='file' device='disk'><source file='{}'/><target dev='vdz' bus='virtio'/></disk>".format


def test_devices_are_plugged_as_far_as_the_driver_goes(make_host: Callable[[str], Host]) -> None:
    """What the driver offers (that of 9.0 nothing, that of 11.3 some) works; the rest is reported as not offered."""
    ours, alone = (make_host(GUEST("web", "0003")) for _ in range(2))
    domain = alone._link.conn.lookupByName("web")
    for number, verb in enumerate(("attach", "update", "detach")):
        call, device = getattr(ours.running, f"{verb}_device"), DISK(f"/{number}")
        try:
            getattr(domain, f"{verb}DeviceFlags")(device, libvirt.VIR_DOMAIN_AFFECT_LIVE)
        except libvirt.libvirtError as error:
            kind = NotSupported if refused_as_unknown(error) else HostError
            with pytest.raises(kind, match="the disk "):
                call("web", device)
        else:
            call("web", device)
    for inactive in (False, True):
        flags = libvirt.VIR_DOMAIN_XML_INACTIVE if inactive else 0
        assert ours.guests.xml("web", inactive=inactive) == domain.XMLDesc(flags)


def refused_as_unknown(error: libvirt.libvirtError) -> bool:
    """Whether the driver lacks a call, or a flag of it."""
    unknown = "unsupported flags" in error.get_error_message()
    return unknown or error.get_error_code() in (libvirt.VIR_ERR_NO_SUPPORT, libvirt.VIR_ERR_OPERATION_UNSUPPORTED)


@pytest.mark.parametrize(
    "call",
    [
        lambda host: host.guests.start("x"),
        lambda host: host.guests.shutdown("x"),
        lambda host: host.guests.set_autostart("x", True),
        lambda host: host.running.attach_device("x", "<disk/>"),
    ],
)
def test_guests_that_are_not_there(host: Host, call: Callable[[Host], object]) -> None:
    with pytest.raises(NotThere, match="has no guest 'x'"):
        call(host)
