"""Creating guests, and rendering them, from a program."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import virtprov
from virtprov import Host, NewGuest
from virtprov.cli.install import command
from virtprov.host.inventory.storage import Storage
from virtprov.library.install_request import to_request
from virtprov.library.installing import Installation
from virtprov.library.listening import Collector

KVM = f"recorded://{Path(__file__).resolve().parents[2]}/data/hosts/kvm"
WEB = NewGuest(
    name="web", memory=256, vcpus=2, osinfo="debian12", disks="size=1", networks="default", graphics="none",
    import_disk=True,
)  # fmt: skip
NEW = WEB._replace(name="new")
ON_BASE = "pool=images,backing_store=/srv/images/base.qcow2"


class Log(virtprov.Listener):
    def __init__(self) -> None:
        self.heard: list[tuple[str, str]] = []

    def on_note(self, text: str) -> None:
        self.heard.append(("note", text))

    def on_warning(self, text: str) -> None:
        self.heard.append(("warning", text))

    def on_progress(self, label: str, done: int, total: int) -> None:
        self.heard.append(("progress", label))


def test_a_guest_is_created(host: Host) -> None:
    log = Log()
    made = virtprov.install(host, WEB, listener=log)
    assert (made.name, made.state, made.root_password) == ("web", "created", "")
    assert made.volumes == ("/var/lib/pool/web.qcow2",) and len(made.macs) == 1
    assert made.macs[0] in made.xml and made.uuid in made.xml
    known = host.guests.find("web")
    assert known is not None and known.active and known.uuid == made.uuid
    assert [text for kind, text in log.heard if kind == "note"] == list(made.notes)
    assert [text for kind, text in log.heard if kind == "warning"] == list(made.warnings)
    assert any(kind == "progress" and "web" in text for kind, text in log.heard)


def test_nothing_is_left_of_a_guest_that_cannot_be_created(host: Host) -> None:
    class Stop(virtprov.Listener):
        def on_progress(self, label: str, done: int, total: int) -> None:
            if "web'" in label and "volume" not in label.lower() and "qcow2" not in label:
                raise virtprov.ProvError("stopped by the program")

    with pytest.raises(virtprov.ProvError, match="stopped by the program"):
        virtprov.install(host, WEB, listener=Stop())
    assert host.guests.find("web") is None
    assert virtprov.install(host, WEB).volumes == ("/var/lib/pool/web.qcow2",)


def test_rendering_changes_nothing(host: Host) -> None:
    (document,) = virtprov.render(host, WEB)
    assert "<name>web</name>" in document and host.guests.find("web") is None
    log = Log()
    virtprov.render(host, WEB._replace(name="a1"), listener=log)
    assert any(kind == "warning" and "a1" in text for kind, text in log.heard)


def test_the_library_renders_what_the_command_prints(capfd: pytest.CaptureFixture[str]) -> None:
    words = ["--name", "web", "--memory", "256", "--vcpus", "2", "--osinfo", "debian12", "--disk", "size=1"]
    words += ["--network", "default", "--graphics", "none", "--rng", "/dev/urandom", "--pxe"]
    words += ["--metadata", "uuid=9f3b1f0a-6a58-4b1c-8e0a-2f1c5b7d9e01"]
    assert command.main(["--connect", KVM, *words, "--print-xml"]) == 0
    guest = WEB._replace(
        networks=["default,mac=52:54:00:00:00:01"], import_disk=False, pxe=True,
        options={"rng": "/dev/urandom", "metadata": ["uuid=9f3b1f0a-6a58-4b1c-8e0a-2f1c5b7d9e01"]},
    )  # fmt: skip
    documents = virtprov.render(KVM, guest)
    assert len(documents) == 2
    said = re.sub("52:54:00:[0-9a-f:]*", "52:54:00:00:00:01", capfd.readouterr().out)
    assert said == "".join(documents)


@pytest.mark.parametrize(
    ("guest", "message"),
    [
        (WEB._replace(options={"dsk": "size=1"}), "unknown option group 'dsk'"),
        (WEB._replace(options={"cloud-init": ""}), "unknown option group 'cloud-init'"),
        (WEB._replace(osinfo="list"), "--osinfo list: not an operating system"),
        (WEB._replace(osinfo="help"), "--osinfo help: not an operating system"),
        (WEB._replace(pxe=True, cdrom="/x.iso"), "--cdrom and --pxe cannot be used together"),
        (WEB._replace(extra_args="a=b"), "--extra-args requires --location"),
        (WEB._replace(transient=True, autostart=True), "--autostart and --transient cannot be used together"),
        (WEB._replace(checks="path_in_us=off"), "path_in_us"),
    ],
)
def test_requests_that_make_no_sense(guest: NewGuest, message: str) -> None:
    with pytest.raises(virtprov.UsageError, match=message):
        to_request(guest)


@pytest.mark.parametrize("text", ["user-data=-", "user=a,root-password-file=-"])
def test_standard_input_is_left_to_the_program(text: str, host: Host) -> None:
    with pytest.raises(virtprov.UsageError, match="only the commands can read standard input"):
        virtprov.install(host, WEB._replace(cloud_init=text))
    assert host.guests.find("web") is None


def test_a_user_who_stops_waiting_is_told_of_the_guest(monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*words: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr("virtprov.actions.install.finish.finish", stopped)
    with (
        virtprov.connect(KVM) as kvm,
        pytest.raises(
            KeyboardInterrupt,
            match="guest 'new' keeps running",
        ),
    ):
        virtprov.install(kvm, NEW)


def test_a_guest_may_end_with_the_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("virtprov.actions.install.finish.finish", lambda *words: "ready")
    with virtprov.connect(KVM) as kvm:
        work = Installation(kvm, to_request(NEW), Collector(None))
        work.create()
        assert work.follow(lambda: 5, ends=True) == "off"
        known = kvm.guests.find("new")
    assert known is not None and not known.active


def test_waiting_too_long_leaves_the_guest(monkeypatch: pytest.MonkeyPatch) -> None:
    passwords: list[tuple[str, str]] = []

    class Safe(virtprov.Listener):
        def on_password(self, guest: str, password: str) -> None:
            passwords.append((guest, password))

    def impatient(*words: object) -> str:
        raise virtprov.WaitTimeout("too long")

    monkeypatch.setattr("virtprov.actions.install.finish.finish", impatient)
    monkeypatch.setattr(Storage, "upload_volume", lambda *words, **settings: None)  # the test driver takes no data
    with virtprov.connect(KVM) as kvm:
        with pytest.raises(virtprov.WaitTimeout):
            virtprov.install(kvm, NEW._replace(disks=ON_BASE, import_disk=False, cloud_init=""), listener=Safe())
        assert kvm.guests.find("new") is not None
    ((name, password),) = passwords
    assert name == "new" and len(password) >= 8
