"""What libvirt keeps for a guest, and what it boots from."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.actions.remove.conftest import MakeGuest, MakeHost, disk, planned, told
from virtprov.actions.remove.things import DISK, GUEST, Thing, list_files, list_kept, list_plugged
from virtprov.actions.run.artifacts.path_users import PathUsers
from virtprov.guest.document import Guest
from virtprov.host.connection import Host
from virtprov.host.info import GuestInfo

TPM = "<tpm model='tpm-crb'><backend type='{}'/></tpm>"
OTHER = "<domain type='test'><name>other</name><memory>1</memory><os><type>hvm</type>{}</os></domain>"
INFO = GuestInfo("web", "u", None, "shut off", False, False)


def kept(host: Host, os: str = "", devices: str = "") -> list[str]:
    """What is listed for a guest that lives only while it runs, but for its definition."""
    text = f"<domain type='kvm'><name>web</name><os><type>hvm</type>{os}</os><devices>{devices}</devices></domain>"
    guest = Guest.parse(text)
    first, *found = list_kept(host, INFO, guest, PathUsers(host, frozenset(), frozenset()))
    assert first == Thing(GUEST, "web", uuid="u")
    return [f"{thing.describe()}: {thing.why or 'goes'}" for thing in found]


def test_states_that_libvirt_keeps(domain: MakeGuest, host_with: MakeHost, tmp_path: Path) -> None:
    host = host_with(domain("web", disk("gone.qcow2"), runs=True))
    test = host.guests._domains.get("web")
    test.checkpointCreateXML("<domaincheckpoint><name>c</name></domaincheckpoint>", 0)
    test.managedSave(0)
    (removal,) = planned(host, "web")
    assert told(removal, tmp_path) == [
        "- definition of guest 'web'", "- saved state of the memory", "- metadata of checkpoint 'c'",
    ]  # fmt: skip
    plain = host_with(domain("web"))
    plain.guests._domains.get("web").snapshotCreateXML("<domainsnapshot><name>s</name></domainsnapshot>", 0)
    (removal,) = planned(plain, "web")
    assert told(removal, tmp_path) == ["- definition of guest 'web'", "- metadata of snapshot 's'"]


@pytest.mark.parametrize(
    ("os", "line"),
    [
        ("<nvram>/srv/web.fd</nvram>", "UEFI variables /srv/web.fd: goes"),
        ("<nvram type='file'><source file='/srv/web.fd'/></nvram>", "UEFI variables /srv/web.fd: goes"),
        ("<nvram>/srv/both.fd</nvram>", "UEFI variables /srv/both.fd: used by guest 'other'"),
        (
            "<nvram type='block'><source dev='/dev/sdz'/></nvram>",
            "UEFI variables: they are not in a file, but on a source of type 'block'",
        ),
    ],
)
def test_variables_go_with_the_guest_that_has_them(os: str, line: str, host_with: MakeHost) -> None:
    host = host_with(OTHER.format("<loader type='pflash'>/code</loader><nvram>/srv/both.fd</nvram>"))
    assert kept(host, f"<loader type='pflash'>/code</loader>{os}") == [line]


@pytest.mark.parametrize(("kind", "lines"), [("emulator", ["state of the TPM: goes"]), ("passthrough", [])])
def test_the_state_of_an_emulated_tpm_goes(kind: str, lines: list[str], host_with: MakeHost) -> None:
    assert kept(host_with(), devices=TPM.format(kind)) == lines


def test_files_that_it_boots_stay() -> None:
    text = "<domain><name>web</name><os><kernel> /k </kernel><initrd>/i</initrd><cmdline>x</cmdline></os><devices>"
    text += "<filesystem><source dir='/srv/root'/><target dir='/'/></filesystem></devices></domain>"
    assert [(thing.path, thing.goes) for thing in list_files(Guest.parse(text))] == [
        ("/k", False),
        ("/i", False),
        ("/srv/root", False),
    ]


def test_json_has_the_same_keys_for_all_kinds() -> None:
    thing = Thing(DISK, "a.img", "/p/a.img", "p", key="k", mark="m")
    assert thing.facts() == {
        "kind": "disk", "name": "a.img", "uuid": "", "pool": "p", "path": "/p/a.img", "fate": "removed", "why": "",
    }  # fmt: skip
    assert thing._replace(why="in use").facts() == {**thing.facts(), "fate": "kept", "why": "in use"}


def test_disks_of_the_running_guest_alone_stay() -> None:
    text = "<domain><name>web</name><devices>{}</devices></domain>"
    stored = disk("/a.img", "raw")
    running = stored + disk("/hot.img", "raw", target="vdb") + "<disk device='cdrom'><target dev='sda'/></disk>"
    found = list(list_plugged(Guest.parse(text.format(stored)), Guest.parse(text.format(running))))
    assert found == [Thing(DISK, "hot.img", "/hot.img", why="only the running guest uses it")]
