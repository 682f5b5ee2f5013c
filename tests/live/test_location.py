"""Installers from places: a tree, ISOs from files and servers, and a host that does not have their files."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from lab import installer
from lab.domain import definition
from lab.far import Far
from lab.guests import until
from lab.host import Done, Host
from lab.inventory import Inventory, take
from lab.user import HOME, User
from lab.web import Web, serving

pytestmark = pytest.mark.live

DEADLINE = 900.0
"""Seconds; an idle machine needs a fifteenth of it, a busy one may need many times more."""
BOOT_FOLDER = "/var/lib/libvirt/boot"
MIB = 1 << 20
ENOUGH = 128 << 10
"""Bytes of a CD that are more than its boot sector: the system on it has started."""
LITTLE = "--virt-type qemu --vcpus 1 --graphics none --osinfo detect=on,require=off --noautoconsole".split()
CONSOLE = "console=ttyS0,115200n8 no_timer_check"  # see lab/image.py


@pytest.fixture(scope="module")
def files(lab: Host) -> Path:
    """A folder with the installer's tree and ISO, which the web server shows."""
    folder = lab.state / "web"
    folder.mkdir()
    installer.lay_out_tree(folder)
    installer.write_iso(folder / "debian.iso")
    return folder


@pytest.fixture(scope="module")
def web(lab: Host, files: Path) -> Iterator[Web]:
    with serving(lab, files) as server:
        yield server


class Kept(NamedTuple):
    """What a host and the user's folders hold, to compare before and after."""

    host: Inventory
    half: tuple[str, ...]
    logs: tuple[str, ...]


def look(lab: Host, host: Host) -> Kept:
    """Return what `host` holds now, and the half files and the logs of a user of `lab`."""
    home = lab.state / "home"
    half = sorted(path.name for path in (home / ".cache/virtprov/boot").rglob("*.part*"))
    logs = sorted(path.name for path in (home / ".local/state/virtprov").glob("run-*"))
    return Kept(take(host), tuple(half), tuple(logs))


def install(host: Host, name: str, *words: str, uri: str = "", deadline: float = DEADLINE) -> Done:
    """Run virtprov-install for a guest whose serial port is written to a file."""
    log = f"/var/log/libvirt/{name}.serial"
    serial = ["--serial", f"pty,log.file={log},log.append=on"]
    return host.run(["virtprov-install", "--name", name, *LITTLE, *serial, *words], uri=uri, deadline=deadline)


def said(host: Host, name: str) -> str:
    """What the guest has written to its serial port."""
    log = host.outside(f"/var/log/libvirt/{name}.serial")
    return log.read_text(errors="replace") if log.exists() else ""


def until_said(host: Host, name: str, words: str) -> None:
    """Wait until the guest has written `words` to its serial port."""
    until(f"{name} says '{words}'", lambda: words in said(host, name), lambda seconds: time.sleep(0.2), DEADLINE)


def until_read(host: Host, name: str) -> None:
    """Wait until the guest has read a good part of its CD, as QEMU counts it."""

    def has_read() -> bool:
        target = definition(host, name, inactive=False).find("./devices/disk/target")
        assert target is not None
        words = host.virsh("domblkstat", name, target.get("dev", "")).split()
        return int(words[words.index("rd_bytes") + 1]) > ENOUGH

    until(f"{name} reads its CD", has_read, lambda seconds: time.sleep(0.2), DEADLINE)


def remove(host: Host, name: str) -> None:
    """Stop and remove a guest with its disks."""
    host.try_virsh("destroy", name)
    host.virsh("undefine", name, "--remove-all-storage")


# -- a tree on a server ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def installed(lab: Host, web: Web) -> Iterator[tuple[Done, Kept, Kept]]:
    """The guest that the Debian installer has installed from its tree, with virtprov's answers in its initrd."""
    before = look(lab, lab)
    folder = lab.state / "answers"
    folder.mkdir()
    inject = [word for path in installer.write_script(folder) for word in ("--initrd-inject", str(path))]
    done = install(
        lab,
        "tree",
        *["--memory", "768", "--disk", "size=0.01,bus=usb", "--network", "none"],
        *["--location", f"{web.url}/{installer.place()}/", *inject],
        *["--unattended", f"profile=jeos,hostname={installer.ANSWER},user-login={installer.USER}"],
        *["--extra-args", f"{CONSOLE} DEBIAN_FRONTEND=text {installer.EARLY}", "--wait", "14m"],
    )
    yield done, before, look(lab, lab)
    remove(lab, "tree")


def test_the_tree_is_detected_and_installed(installed: tuple[Done, Kept, Kept]) -> None:
    done = installed[0]
    assert done.rc == 0, done.err
    assert f"Using --osinfo debian{installer.release()}, detected from the media" in done.err
    assert "'tree' has powered off; starting it again" in done.err
    password, created = done.out.splitlines()
    assert password.startswith("Password of 'root': ") and created == "Guest 'tree' has been created and is running."
    for word in ("Traceback", "rror:", "could not"):
        assert word not in done.err


def test_the_installer_read_the_answers(installed: tuple[Done, Kept, Kept], lab: Host) -> None:
    heard = said(lab, "tree")
    assert installer.READ in heard and installer.WRITTEN in heard


def test_the_machine_restarts_from_its_disk(installed: tuple[Done, Kept, Kept], lab: Host) -> None:
    until_said(lab, "tree", installer.BOOTED)
    assert lab.virsh("domstate", "tree") == "running"
    for inactive in (False, True):
        domain = definition(lab, "tree", inactive=inactive)
        assert domain.find("./os/kernel") is None and domain.find("./os/cmdline") is None
        assert domain.findtext("./on_reboot", "restart") == "restart"


def test_nothing_is_left_of_the_first_boot(installed: tuple[Done, Kept, Kept]) -> None:
    _, before, after = installed
    assert (after.half, after.logs) == (before.half, before.logs)
    assert after.host.pools == before.host.pools
    new = set(after.host.files) - set(before.host.files)
    places = ("/var/lib/libvirt/images/", f"{BOOT_FOLDER}/")
    assert [file for file in new if file.startswith(places)] == ["/var/lib/libvirt/images/tree.qcow2"]


def test_printing_downloads_only_small_files(lab: Host, web: Web) -> None:
    web.forget()
    place = f"{web.url}/{installer.place()}/"
    done = install(lab, "printed", "--disk", "none", "--memory", "768", "--location", place, "--print-xml")
    assert done.rc == 0, done.err
    assert "<kernel>/" in done.out and "<initrd>/" in done.out
    assert sum(sent.size for sent in web.sent()) < 64 * 1024
    assert not any("linux" in sent.path and sent.size for sent in web.sent() if sent.status == 200)


# -- an ISO ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["file", "server"])
def test_the_kernel_of_an_iso_boots(place: str, lab: Host, files: Path, web: Web) -> None:
    before = look(lab, lab)
    web.forget()
    name = f"iso-{place}"
    where = str(files / "debian.iso") if place == "file" else f"{web.url}/debian.iso"
    done = install(
        lab,
        name,
        "--memory",
        "512",
        "--disk",
        "none",
        "--network",
        "none",
        "--location",
        where,
        "--extra-args",
        CONSOLE,
    )
    assert done.rc == 0, done.err
    until_said(lab, name, installer.KERNEL_LINE)
    drive = definition(lab, name, inactive=False).find("./devices/disk[@device='cdrom']")
    assert drive is not None and drive.find("./source") is not None
    if place == "server":
        by_us = [sent for sent in web.sent() if sent.size]
        assert drive.get("type") == "network"
        assert all(sent.status == 206 for sent in by_us), "the whole ISO was sent"
        needed = sum((installer.folder() / file).stat().st_size for file in ("linux", "initrd.gz"))
        assert needed <= sum(sent.size for sent in by_us) < needed + 8 * MIB
    remove(lab, name)
    assert look(lab, lab) == before


CURL = Path(f"/usr/lib/{os.uname().machine}-linux-gnu/qemu/block-curl.so")


@pytest.fixture
def without_curl(lab: Host) -> Iterator[None]:
    """The lab's QEMU cannot read URLs for a while: an empty file hides its module."""
    hidden = CURL.exists()
    if hidden:
        lab.execute(["mount", "--bind", "/dev/null", CURL])
    yield
    if hidden:
        lab.execute(["umount", CURL])


def test_a_cd_that_qemu_cannot_read_from_its_server(lab: Host, web: Web, files: Path, without_curl: None) -> None:
    installer.copy_grub(files / "grub.iso")
    before = look(lab, lab)
    done = install(
        lab, "sent", "--memory", "64", "--disk", "none", "--network", "none", "--cdrom", f"{web.url}/grub.iso"
    )
    assert done.rc == 0, done.err
    assert "grub.iso is downloaded first, because the host's QEMU cannot read it from its URL" in done.err
    until_read(lab, "sent")
    assert definition(lab, "sent").find("./devices/disk[@device='cdrom']/source") is None
    remove(lab, "sent")
    assert look(lab, lab) == before


def test_a_cd_is_read_by_the_guest(lab: Host, tmp_path: Path) -> None:
    iso = lab.state / "grub.iso"
    installer.copy_grub(iso)
    done = install(lab, "cd", "--memory", "64", "--disk", "none", "--network", "none", "--cdrom", str(iso))
    assert done.rc == 0, done.err
    until_read(lab, "cd")
    remove(lab, "cd")


# -- another host ----------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["tree", "iso"])
def test_a_host_gets_the_files_that_it_does_not_have(place: str, lab: Host, far: Far, files: Path, web: Web) -> None:
    before = look(lab, far.host)
    name = f"far-{place}"
    where = f"{web.url}/{installer.place()}/" if place == "tree" else str(files / "debian.iso")
    done = install(
        lab,
        name,
        *["--memory", "512", "--disk", "none", "--network", "none", "--location", where, "--extra-args", CONSOLE],
        uri=far.by_ssh(),
    )
    assert done.rc == 0, done.err
    until_said(far.host, name, installer.KERNEL_LINE)
    kernel = definition(far.host, name, inactive=False).findtext("./os/kernel", "")
    assert kernel.startswith(f"{BOOT_FOLDER}/{name}-")
    assert definition(far.host, name).find("./devices/disk[@device='cdrom']/source") is None
    remove(far.host, name)
    assert look(lab, far.host) == before


def test_a_users_session_boots_from_the_users_cache(user: User, web: Web) -> None:
    log = f"{HOME}/mine.serial"
    done = user.run(
        [
            *["virtprov-install", "--name", "mine", *LITTLE, "--serial", f"pty,log.file={log}", "--memory", "512"],
            *["--disk", "none", "--network", "none", "--location", f"{web.url}/debian.iso", "--extra-args", CONSOLE],
        ],
        deadline=DEADLINE,
    )
    assert done.rc == 0, done.err

    def has_booted() -> bool:
        return user.outside(log).exists() and installer.KERNEL_LINE in user.outside(log).read_text(errors="replace")

    until("the session's guest boots", has_booted, lambda seconds: time.sleep(0.2), DEADLINE)
    kernel = definition(user, "mine", inactive=False).findtext("./os/kernel", "")
    assert kernel.startswith(f"{HOME}/.cache/virtprov/boot/")
    remove(user, "mine")


# -- a wait in vain --------------------------------------------------------------------------------


def wait_in_vain(lab: Host, iso: Path, limit: str) -> Done:
    """Wait for a guest that boots the installer and never powers off; it is left."""
    return install(
        lab,
        "vain",
        *["--memory", "512", "--disk", "none", "--network", "none", "--location", str(iso)],
        *["--extra-args", CONSOLE, "--wait", limit],
    )


def test_a_wait_in_vain_shows_the_end_of_the_serial_log(lab: Host, files: Path) -> None:
    done, limit = wait_in_vain(lab, files / "debian.iso", "15s"), "15 s"
    if "Last lines of" not in done.err:  # it had nothing to say yet: this machine is busy
        remove(lab, "vain")
        done, limit = wait_in_vain(lab, files / "debian.iso", "3m"), "3 min"
    assert done.rc == 4, done.err
    assert f"'vain' has not powered off within {limit}; the guest is left as it is" in done.err
    shown = done.err.partition("Last lines of /var/log/libvirt/vain.serial:\n")[2].splitlines()
    assert shown and shown[0].startswith("    ") and shown[0].strip() in said(lab, "vain"), done.err
    assert lab.virsh("domstate", "vain") == "running"
    remove(lab, "vain")
