"""What libvirt keeps for a guest, and what it boots from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.standin import StandIn
from tests.unit.actions.remove.conftest import MakeGuest, MakeHost, disk, planned, told
from virtprov.actions.remove.things import DISK, GUEST, Thing, list_files, list_kept, list_logs, list_plugged
from virtprov.actions.run.artifacts.artifact import mark_of
from virtprov.actions.run.artifacts.path_users import PathUsers
from virtprov.guest.document import Guest
from virtprov.host.connection import Host
from virtprov.host.facts.info import GuestInfo

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


class Local(StandIn):
    """A host of this machine, with one secret that is for `usage`."""

    driver = "qemu"

    def __init__(self, host: Host, usage: str | None = None) -> None:
        self.real, self._usage = host, usage

    def secrets_usage(self, uuid: str) -> str | None:
        return self._usage


SECRET = "2ec115d7-3a88-3ceb-bc12-0ac909a6fd87"
SEALED = f"<tpm model='tpm-crb'><backend type='emulator'><encryption secret='{SECRET}'/></backend></tpm>"


@pytest.mark.parametrize(
    ("usage", "line"),
    [
        ("web", "goes"),
        ("tpm of web", "goes"),
        ("tpm-web", "goes"),
        ("u-1", "goes"),
        ("website", "its name 'website' does not say that it is only for this guest"),
        ("all", "its name 'all' does not say that it is only for this guest"),
        ("", "its name '' does not say that it is only for this guest"),
        (None, ""),
    ],
)
def test_the_password_of_the_tpm_goes_if_it_is_named_after_the_guest(
    usage: str | None, line: str, host_with: MakeHost
) -> None:
    text = f"<domain type='kvm'><name>web</name><uuid>u-1</uuid><devices>{SEALED}</devices></domain>"
    host: Any = Local(host_with(), usage)
    _, *found = list_kept(host, INFO, Guest.parse(text), PathUsers(host, frozenset(), frozenset()))
    assert [f"{thing.describe()}: {thing.why or 'goes'}" for thing in found] == [
        "state of the TPM: goes",
        *([f"password of the TPM's state (secret {SECRET}): {line}"] if line else []),
    ]


def test_the_password_of_two_tpms_stays(host_with: MakeHost) -> None:
    other = OTHER.format("").replace("</os>", f"</os><devices>{SEALED}</devices>")
    host: Any = Local(host_with(other), "web")
    guest = Guest.parse(f"<domain type='kvm'><name>web</name><devices>{SEALED}</devices></domain>")
    *_, secret = list_kept(host, INFO, guest, PathUsers(host, frozenset(), frozenset()))
    assert secret.why == "used by guest 'other'"


def logs(host: Any, devices: str) -> list[str]:
    guest = Guest.parse(f"<domain type='kvm'><name>web</name><devices>{devices}</devices></domain>")
    return [
        f"{thing.describe()}: {thing.why or 'goes'}"
        for thing in list_logs(host, guest, PathUsers(host, frozenset(), frozenset()))
    ]


SERIAL = "<serial type='pty'><log file='{}'{}/></serial>"
CONSOLE = "<console type='file'><source path='{}'{}/></console>"


@pytest.mark.parametrize("device", [SERIAL, CONSOLE])
def test_logs_of_devices_go_with_the_guest(device: str, host_with: MakeHost, tmp_path: Path) -> None:
    (tmp_path / "web.log").touch()
    (tmp_path / "link.log").symlink_to("web.log")
    host: Any = Local(host_with())
    path = f"{tmp_path}/web.log"
    assert logs(host, device.format(path, "") * 2) == [f"log file {path}: goes"]
    assert logs(host, device.format(path, " append='on'")) == [f"log file {path}: the output is appended to it"]
    assert logs(host, device.format(path, " append='off'")) == [f"log file {path}: goes"]
    link = f"{tmp_path}/link.log"
    assert logs(host, device.format(link, "")) == [f"log file {link}: it is not a regular file"]
    assert logs(host, device.format("/dev/null", "")) == ["log file /dev/null: it is not a regular file"]
    assert logs(host, device.format(f"{tmp_path}/gone.log", "")) == []
    assert logs(host_with(), device.format(path, "")) == []  # the test driver runs nothing


def test_older_files_of_a_log_go_as_well(host_with: MakeHost, tmp_path: Path) -> None:
    names = ["web.log", "web.log.0", "web.log.2"]
    for name in (*names, "web.log.old"):
        (tmp_path / name).touch()
    found = logs(Local(host_with()), SERIAL.format(f"{tmp_path}/web.log", ""))
    assert found == [f"log file {tmp_path}/{name}: goes" for name in names]


def test_logs_of_others_stay(host_with: MakeHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "both.log"
    path.touch()
    other = OTHER.format("").replace("</os>", f"</os><devices>{SERIAL.format(path, '')}</devices>")
    assert logs(Local(host_with(other)), CONSOLE.format(path, "")) == [f"log file {path}: used by guest 'other'"]
    monkeypatch.setattr("os.access", lambda place, how: place != str(tmp_path))
    assert logs(Local(host_with()), CONSOLE.format(path, "")) == [f"log file {path}: you may not delete it"]
    far: Any = Local(host_with())
    far.is_remote = True
    assert logs(far, CONSOLE.format("/var/log/x", "")) == [
        "log file /var/log/x: libvirt cannot delete it on another machine"
    ]


def test_a_log_is_known_by_its_mark_on_this_machine(host_with: MakeHost, tmp_path: Path) -> None:
    (tmp_path / "web.log").touch()
    text = f"<domain><devices>{SERIAL.format(tmp_path / 'web.log', '')}</devices></domain>"
    for is_remote, mark in ((False, mark_of(f"{tmp_path}/web.log")), (True, "")):
        host: Any = Local(host_with())
        host.is_remote = is_remote
        (log,) = list_logs(host, Guest.parse(text), PathUsers(host, frozenset(), frozenset()))
        assert log.mark == mark


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
