"""Hosts on other machines: an image sent there, a guest that answers there, and what is said when nothing comes up."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from lab import inventory, pki
from lab.cloud import DISK_GIB, Elsewhere
from lab.domain import definition, disk_paths, text
from lab.far import CLOSED_PORT, Far
from lab.guests import hear, make_key
from lab.host import Done, Host
from lab.image import Image

pytestmark = pytest.mark.live

REFUSED = 3
SILENT_PORT = 9
LITTLE = "--memory 32 --vcpus 1 --osinfo generic --import --graphics none --network none".split()
TRANSPORTS = ("tcp", "tls", "ssh", "libssh", "libssh2")
# libvirt 9.0 with libssh 0.10 waits for ever for answers of some length, such as a host's capabilities: over libssh
# connections are made here, and what fails is looked at.
WORKING = ("tcp", "tls", "ssh", "libssh2")


def uri_of(far: Far, transport: str) -> str:
    """The URI by which `transport` leads to the host."""
    if transport in ("tcp", "tls"):
        return far.tcp() if transport == "tcp" else far.tls()
    return far.by_ssh(transport)


# -- a guest there ---------------------------------------------------------------------------------


def test_the_guest_answers_there(far_guest: Elsewhere) -> None:
    far_guest.shell.wait()
    assert far_guest.shell.run("hostname") == far_guest.name
    assert far_guest.shell.run("cloud-init status --wait").endswith("status: done")


def test_the_image_was_sent_and_grew(far_guest: Elsewhere, far: Far, lab: Host) -> None:
    (path,) = disk_paths(definition(far.host, far_guest.name))
    told = far.host.virsh("vol-dumpxml", path)
    assert "<format type='qcow2'/>" in told and "<backingStore>" not in told
    assert f"<capacity unit='bytes'>{DISK_GIB << 30}</capacity>" in told
    assert far_guest.name not in lab.virsh("vol-list", "default")
    root = int(far_guest.shell.run("df --output=size --block-size=1M / | tail -1"))
    assert root > (DISK_GIB - 1) << 10, "the root file system did not grow into the disk"


def test_its_seed_is_gone(far_guest: Elsewhere, far: Far) -> None:
    assert len(disk_paths(definition(far.host, far_guest.name, inactive=False))) == 1
    assert ".iso" not in far.host.virsh("vol-list", "default")


def test_it_is_removed_after_it_has_shut_down(far_guest: Elsewhere, far: Far, lab: Host) -> None:
    done = lab.run(["virtprov-install", "--remove", far_guest.name, "--yes", "--wait", "10"], uri=far.tls())
    assert done.rc == 0, done.err
    assert far_guest.name not in far.host.virsh("list", "--all") + far.host.virsh("vol-list", "default")


# -- every way there -------------------------------------------------------------------------------


@pytest.mark.parametrize("transport", WORKING)
def test_guests_come_change_and_go(farther: Far, lab: Host, transport: str) -> None:
    uri, name = uri_of(farther, transport), f"by-{transport}"
    made = lab.run(
        ["virtprov-install", "--virt-type", "qemu", "--name", name, *LITTLE, "--disk", "size=0.01", "--noautoconsole"],
        uri=uri,
    )
    assert made.rc == 0, made.err
    assert farther.host.virsh("domstate", name) == "running"
    edited = lab.run(["virtprov-xml", name, "--edit", "--memory", "48", "--define"], uri=uri)
    assert edited.rc == 0, edited.err
    assert text(definition(farther.host, name), "./memory") == str(48 << 10)
    farther.host.virsh("destroy", name)
    copied = lab.run(["virtprov-clone", "--original", name, "--name", f"{name}-2", "--auto-clone"], uri=uri)
    assert copied.rc == 0, copied.err
    disks = {path for one in (name, f"{name}-2") for path in disk_paths(definition(farther.host, one))}
    assert len(disks) == 2
    removed = lab.run(["virtprov-install", "--remove", name, f"{name}-2", "--yes"], uri=uri)
    assert removed.rc == 0, removed.err
    assert name not in farther.host.virsh("list", "--all") + farther.host.virsh("vol-list", "default")


DISK_GUEST = """\
<domain type='qemu'><name>{name}</name><memory unit='MiB'>32</memory><os><type>hvm</type></os><devices>
<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='{path}'/>
<target dev='vda' bus='virtio'/></disk></devices></domain>
"""
FOLDER = "/var/lib/libvirt/images"


@pytest.mark.parametrize("place", [FOLDER, "/run/elsewhere"])
@pytest.mark.parametrize("forged", [True, False], ids=["with a header of qcow2", "raw"])
def test_the_bytes_of_a_disk_there_are_copied_as_they_are(farther: Far, lab: Host, place: str, forged: bool) -> None:
    """Whatever a guest writes into its raw disk; also from a directory that is no pool of that host."""
    host, path, copy = farther.host, f"{place}/source.img", f"{FOLDER}/copied.img"
    content = f"printf begin | dd of={path} bs=1M seek=4 conv=notrunc status=none"
    if forged:
        content = f"qemu-img create -q -f qcow2 {path} 64M"
    made = host.execute(["sh", "-ec", f"mkdir -p {place}; {content}; truncate -s 8M {path}; printf end >>{path}"])
    assert made.rc == 0, made.err
    host.virsh("pool-refresh", "default")
    host.define("", DISK_GUEST.format(name="source", path=path))
    before = inventory.take(host)
    done = lab.run(["virtprov-clone", "source", "--name", "copied", "--file", copy], uri=farther.tls())
    assert done.rc == 0, done.err
    assert host.execute(["cmp", path, copy]).rc == 0
    assert int(host.execute(["stat", "--format", "%b", copy]).out) * 512 < 2 << 20, "the holes were filled"
    assert inventory.take(host).pools == before.pools
    host.virsh("undefine", "copied", "--remove-all-storage")
    host.virsh("undefine", "source")
    host.execute(["rm", path])
    host.virsh("pool-refresh", "default")


def test_a_path_of_this_machine_is_told_from_one_of_the_host(farther: Far, lab: Host, image: Image) -> None:
    done = lab.run(["virtprov-install", "--print-xml", *LITTLE, "--disk", str(image.disk)], uri=farther.tcp())
    assert done.rc == 2
    assert f"upload={image.disk}" in done.err


def test_a_directory_outside_the_pools_leaves_no_pool(farther: Far, lab: Host) -> None:
    """Scripts give paths of any directory; there, virt-install leaves a pool for each."""
    host, uri = farther.host, farther.tcp()
    folder = str(host.state / "elsewhere")
    host.execute(["mkdir", "-m", "0755", folder])
    host.execute(["qemu-img", "create", "-q", "-f", "qcow2", f"{folder}/there.img", "8M"])
    pools = host.virsh("pool-list", "--all", "--name")
    disks = ["--disk", f"{folder}/there.img", "--disk", f"{folder}/new.qcow2,size=0.01"]
    guest = ["virtprov-install", "--virt-type", "qemu", "--name", "outside", *LITTLE, *disks]
    made = lab.run([*guest, "--noautoconsole"], uri=uri)
    assert made.rc == 0, made.err
    definition_there = definition(host, "outside")
    assert disk_paths(definition_there) == [f"{folder}/there.img", f"{folder}/new.qcow2"]
    assert [node.get("type") for node in definition_there.iterfind("./devices/disk/driver")] == ["qcow2", "qcow2"]
    assert host.virsh("pool-list", "--all", "--name") == pools
    assert "virtual size: 10.2 MiB" in host.execute(["qemu-img", "info", "-U", f"{folder}/new.qcow2"]).out
    host.virsh("destroy", "outside")
    host.virsh("undefine", "outside")
    refused = lab.run([*guest[:4], "outside-2", *LITTLE, "--disk", f"{folder}/no.img"], uri=uri)
    assert refused.rc != 0 and f"--disk {folder}/no.img" in refused.err
    assert host.virsh("pool-list", "--all", "--name") == pools


# -- no way there ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def strangers(farther: Far, lab: Host) -> Path:
    """A folder with keys and certificates that the host does not know."""
    folder = lab.state / "strangers"
    folder.mkdir()
    make_key(folder)
    authority = pki.make_authority(folder / "other")
    pki.make_client(authority)
    mixed = folder / "mixed"
    mixed.mkdir()
    shutil.copy(farther.pki / "cacert.pem", mixed)
    (folder / "changed").write_text(f"{farther.address} {(folder / 'id_ed25519.pub').read_text()}")
    return folder


def ask(lab: Host, uri: str) -> Done:
    """Have virtprov-install look at a host, which is soon over whatever happens."""
    return lab.run(["virtprov-install", "--print-xml", *LITTLE, "--disk", "none"], uri=uri, deadline=600)


def assert_told(done: Done, uri: str, why: str, hint: str) -> None:
    """One sentence that names the URI and says `why`, one hint, and nothing else."""
    lines = done.err.strip().splitlines()
    assert done.rc == REFUSED, done.err
    assert len(lines) == 2, done.err
    assert lines[0].startswith(f"virtprov-install: error: cannot connect to '{uri}': ")
    assert why in lines[0].removeprefix(f"virtprov-install: error: cannot connect to '{uri}': ")
    assert lines[1].startswith("hint: ") and hint in lines[1]


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_host_that_is_down(farther: Far, lab: Host, transport: str) -> None:
    uri = uri_of(farther, transport).replace("/system", f":{CLOSED_PORT}/system")
    why = f"no service listens at '{farther.address}:{CLOSED_PORT}'"
    assert_told(ask(lab, uri), uri, why, f"check that '{farther.address}' is up")


@pytest.mark.parametrize(
    ("transport", "port", "why"),
    [
        ("tcp", 22, "is not a libvirt daemon"),
        ("tls", 16509, "is not a TLS server"),
        ("ssh", 16509, "is not an ssh server"),
        ("libssh", 16509, "is not an ssh server"),
        ("libssh2", 16509, "is not an ssh server"),
    ],
)
def test_a_host_where_something_else_listens(farther: Far, lab: Host, transport: str, port: int, why: str) -> None:
    uri = uri_of(farther, transport).replace("/system", f":{port}/system")
    assert_told(ask(lab, uri), uri, f"'{farther.address}:{port}' {why}", f"'{farther.address}' is up")


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_name_that_nobody_knows(farther: Far, lab: Host, transport: str) -> None:
    uri = uri_of(farther, transport).replace(f"{farther.address}/", "nowhere.invalid/")
    assert_told(
        ask(lab, uri),
        uri,
        "unknown host 'nowhere.invalid'",
        "check the host name and the name resolution of this machine",
    )


@pytest.mark.parametrize("transport", ["tcp", "libssh2"])
def test_a_host_that_does_not_answer(farther: Far, lab: Host, transport: str) -> None:
    drop = f"iptables -w -I INPUT -p tcp --dport {SILENT_PORT} -j DROP"
    assert farther.host.execute(drop.split()).rc == 0
    uri = uri_of(farther, transport).replace("/system", f":{SILENT_PORT}/system")
    assert_told(ask(lab, uri), uri, "does not answer within", "firewall")


@pytest.mark.parametrize("transport", ["ssh", "libssh", "libssh2"])
def test_a_key_that_is_refused(farther: Far, lab: Host, strangers: Path, transport: str) -> None:
    uri = farther.by_ssh(transport, key=strangers / "id_ed25519")
    assert_told(ask(lab, uri), uri, "ssh refused the login of 'root'", f"`ssh root@{farther.address}` works")


@pytest.mark.parametrize("transport", ["ssh", "libssh", "libssh2"])
def test_a_host_key_that_nobody_knows(farther: Far, lab: Host, transport: str) -> None:
    uri = farther.by_ssh(transport, known_hosts=farther.ssh / "nobody_known")
    hint = f"run `ssh root@{farther.address}` once" if transport == "ssh" else "known_hosts_verify=auto"
    assert_told(ask(lab, uri), uri, "the host's ssh key is unknown", hint)


@pytest.mark.parametrize("transport", ["ssh", "libssh", "libssh2"])
def test_a_host_key_that_has_changed(farther: Far, lab: Host, strangers: Path, transport: str) -> None:
    uri = farther.by_ssh(transport, known_hosts=strangers / "changed")
    way_out = "run `ssh-keygen -R" if transport == "ssh" else "remove the old one from"
    assert_told(ask(lab, uri), uri, "the host's ssh key has changed", f"whether the key was changed; then {way_out}")


@pytest.mark.parametrize(
    ("folder", "why", "hint"),
    [
        ("other", "the host's certificate is not trusted by", "or from the directory given with ?pkipath=DIR"),
        (
            "mixed",
            "the host does not accept the certificate of this machine",
            "get one signed by the host's certificate authority",
        ),
        ("nowhere", "Cannot read CA certificate", "?pkipath=DIR"),
    ],
)
def test_certificates_that_do_not_fit(
    farther: Far, lab: Host, strangers: Path, folder: str, why: str, hint: str
) -> None:
    uri = farther.tls(strangers / folder)
    assert_told(ask(lab, uri), uri, why, hint)


@pytest.mark.parametrize(
    ("uri", "why", "hint"),
    [
        ("qemu+ftp://{}/system", "unknown transport 'ftp'", "did you mean 'tcp'?"),
        ("qemo:///system", "unknown driver 'qemo'", "did you mean 'qemu'?"),
        ("bhyve+tcp://{}/system", "libvirt on that host has no driver for 'bhyve'", "install the driver"),
        ("bhyve:///system", "libvirt on that host has no driver for 'bhyve'", "install the driver"),
        (
            "qemu:///sytem",
            "try qemu:///system",
            "check the path of the URI: /system for the system's guests, /session for those of a user",
        ),
        (
            "qemu+tcp://{}/sytem",
            "try qemu:///system",
            "check the path of the URI: /system for the system's guests, /session for those of a user",
        ),
        ("qemu+ssh://root@{}/system?keyfile=/nowhere", "key file '/nowhere' does not exist", "keyfile="),
    ],
)
def test_uris_that_make_no_sense(farther: Far, lab: Host, uri: str, why: str, hint: str) -> None:
    uri = uri.format(farther.address)
    if "ssh" in uri:
        uri += f"&no_tty=1&command={farther.wrapper(farther.ssh / 'known_hosts')}"
    assert_told(ask(lab, uri), uri, why, hint)


# -- when libvirt goes away ------------------------------------------------------------------------


@pytest.fixture
def stopped(farther: Far) -> Iterator[Far]:
    """The host while no libvirtd runs there."""
    farther.host.stop_libvirtd()
    yield farther
    farther.host.start_libvirtd()


@pytest.mark.parametrize("transport", ["tcp", "ssh", "libssh"])
def test_a_daemon_that_does_not_run(stopped: Far, lab: Host, transport: str) -> None:
    uri = uri_of(stopped, transport)
    why, hint = {
        "tcp": ("no service listens at", "libvirtd-tcp.socket"),
        "ssh": ("no libvirt daemon listens at /", f"start it on '{stopped.address}'"),
        "libssh": ("no libvirt daemon listens there", f"start it on '{stopped.address}'"),
    }[transport]
    assert_told(ask(lab, uri), uri, why, hint)


def test_a_daemon_of_this_machine_that_does_not_run(stopped: Far) -> None:
    hint = "start it, for example with `systemctl"
    assert_told(ask(stopped.host, ""), "qemu:///system", "no libvirt daemon listens at /", hint)


def test_a_connection_that_breaks_is_said_to_be_lost(farther: Far, lab: Host) -> None:
    name = "waiting"
    install = ["virtprov-install", "--virt-type", "qemu", "--name", name, *LITTLE, "--disk", "size=0.01"]
    words = lab.inside(lab.own([*install, "--noautoconsole", "--wait", "20"], uri=farther.tcp()))

    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as running:
        hear(running, f"Waiting until '{name}' powers off")
        farther.host.stop_libvirtd()
        told, _ = running.communicate(timeout=600)
    farther.host.start_libvirtd()
    assert running.returncode == REFUSED, told
    assert "Traceback" not in told and "hint: check whether libvirt still runs" in told
    assert farther.host.virsh("domstate", name) == "running", "the guest is not ours to end"
    farther.host.virsh("destroy", name)
    farther.host.virsh("undefine", name, "--remove-all-storage")
