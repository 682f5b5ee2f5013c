"""What virtprov-install does once the guest runs, and with flags that go together or do not."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.place import default_host
from tests.standin import StandIn
from virtprov.actions.request import InstallRequest
from virtprov.cli.install import command
from virtprov.host.connection import Host
from virtprov.host.inventory.guests import Guests
from virtprov.host.inventory.storage import Storage
from virtprov.support.errors import ProvError, UsageError, WaitTimeout

KVM = f"recorded://{Path(__file__).resolve().parents[3] / 'data' / 'hosts' / 'kvm'}"
ON_BASE = "pool=images,backing_store=/srv/images/base.qcow2"
NEW = ["--connect", "test:///default", "--name", "new", "--osinfo", "generic", "--memory", "64", "--disk", "none"]


@pytest.fixture(autouse=True)
def surroundings(only_bundled_profiles: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the profiles of the checkout, one index for the whole run, no desktop."""
    monkeypatch.delenv("VIRTINSTALL_OSINFO_DISABLE_REQUIRE", raising=False)


@pytest.fixture
def host() -> Iterator[Host]:
    with default_host("new") as made:
        yield made


@pytest.mark.parametrize(
    ("flags", "runs"),
    [
        (["--import"], True),
        (["--import", "--destroy-on-exit"], False),
        (["--import", "--destroy-on-exit", "--noautoconsole"], True),  # no console that could be closed
        (["--pxe", "--destroy-on-exit"], False),
        (["--pxe", "--noauto", "--noreboot"], True),
        (["--import", "--noreboot"], False),
        (["--boot", "hd", "--noreboot"], False),
        (["--boot", "cdrom", "--noreboot", "--wait", "5"], False),
        (["--import", "--noreboot", "--transient"], True),  # which cannot be defined
        (["--livecd", "--cdrom", "/dev/null", "--noreboot"], False),
    ],
)
def test_a_guest_ends_with_its_console(host: Host, flags: list[str], runs: bool) -> None:
    assert command.main([*NEW, *flags]) == 0
    known = host.guests.find("new")
    assert known is not None
    assert known.active is runs


@pytest.mark.parametrize(
    ("flags", "documents"),
    [
        (["--print-xml", "--pxe"], 2),
        (["--print-step", "1", "--pxe"], 1),
        (["--print-step", "2", "--pxe"], 1),
        (["--print-xml", "--livecd"], 1),
        (["--print-xml", "--install", "no_install=yes"], 1),
        (["--print-xml", "--install", "bootdev=cdrom"], 2),
        (["--print-xml", "--install", "kernel=/k,initrd=/i,kernel_args=a b"], 2),
    ],
)
def test_documents(flags: list[str], documents: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main([*NEW, *flags]) == 0
    assert capsys.readouterr().out.count("</domain>") == documents


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--livecd"], "how to install the operating system"),  # a live CD is still a CD
        (["--print-xml", "2", "--import"], "this guest is installed in a single step"),
        (["--install", "bootdev=usb"], "unknown boot device"),
    ],
)
def test_refusals(host: Host, flags: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        command.main([*NEW, *flags])
    assert host.guests.find("new") is None


def test_explain_is_for_new_guests() -> None:
    with pytest.raises(UsageError, match="--explain cannot be used with --reinstall: it only explains new guests"):
        command.main(["--connect", "test:///default", "--reinstall", "test", "--osinfo", "generic", "--explain"])


# -- the request ------------------------------------------------------------------------------------


# -- results as objects -----------------------------------------------------------------------------

FACTS = set("name uuid created state uri macs volumes root_password steps documents image warnings".split())
FACTS |= set("addresses reserved ssh disks stages not_asked".split())
GUEST = ["--connect", KVM, "--name", "new", "--osinfo", "debian12", "--output", "json"]


def printed(words: list[str], capsys: pytest.CaptureFixture[str], status: int = 0) -> Any:
    assert command.main(words) == status
    return json.loads(capsys.readouterr().out)


def test_a_guest_that_is_made(capsys: pytest.CaptureFixture[str]) -> None:
    body = printed([*GUEST, "--import", "--disk", "pool=images,size=1", "--network", "user"], capsys)
    assert set(body) == FACTS
    assert (body["name"], body["created"], body["state"], body["uri"]) == ("new", True, "created", "qemu:///system")
    assert (body["volumes"], body["documents"], body["root_password"]) == (["/srv/images/new.qcow2"], [], None)
    assert body["steps"] == ["Creating volume new.qcow2", "Defining guest 'new'", "Starting guest 'new'"]
    assert len(body["macs"]) == 1 and len(body["uuid"]) == 36


@pytest.mark.parametrize(
    ("flags", "documents", "steps"),
    [
        (["--pxe", "--print-xml"], 2, 0),
        (["--pxe", "--print-xml", "2"], 1, 0),
        (["--pxe", "--dry-run"], 0, 2),
        (["--import", "--cloud-init", "disable=on", "--print-xml"], 1, 0),
    ],
)
def test_a_guest_that_is_only_planned(
    flags: list[str], documents: int, steps: int, capsys: pytest.CaptureFixture[str]
) -> None:
    body = printed([*GUEST, "--disk", "none", *flags], capsys)
    assert set(body) == FACTS
    assert (body["created"], body["state"], body["root_password"]) == (False, "", None)
    assert (len(body["documents"]), len(body["steps"])) == (documents, steps)
    assert all(text.startswith("<domain ") for text in body["documents"])


def test_an_installation_nobody_waits_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert printed([*GUEST, "--disk", "none", "--pxe"], capsys)["state"] == "installing"


def test_warnings_are_in_the_object(capsys: pytest.CaptureFixture[str]) -> None:
    body = printed([*GUEST, "--disk", "none", "--import", "--os-type", "linux", "--memory", "16"], capsys)
    assert len(body["warnings"]) == 2


def test_systems(capsys: pytest.CaptureFixture[str]) -> None:
    body = printed(["--osinfo", "list=debian1", "--output", "json"], capsys)
    assert "debian12" in [each["short_id"] for each in body["systems"]]
    assert body["warnings"] == []


def test_media(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "a.img").write_bytes(b"QFI\xfb\0\0\0\x03".ljust(4096, b"\0"))
    words = ["--output", "json", "--identify", str(tmp_path / "a.img"), str(tmp_path / "none")]
    found = printed(words, capsys, status=1)
    assert [each["path"] for each in found] == words[3:]
    assert (found[0]["kind"], found[0]["os"], found[0]["error"]) == ("disk", None, None)
    assert "cannot be read" in found[1]["error"]


def test_media_for_location(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    from virtprov.support.file_access.iso import build_iso

    info = b'Debian GNU/Linux 12.4.0 "Bookworm" - Official amd64 NETINST 20231210-17:56'
    files = {".disk/info": info, "install.amd/vmlinuz": b"k", "install.amd/initrd.gz": b"i"}
    (tmp_path / "a.iso").write_bytes(build_iso(files, "X"))
    words = ["--test-media-detection", str(tmp_path / "a.iso")]
    assert command.main(words) == 0
    said = capsys.readouterr()
    assert said.out == "debian12\n"
    assert said.err == "kernel install.amd/vmlinuz, initrd install.amd/initrd.gz, kernel arguments: none\n"
    body = printed([*words, "--output", "json"], capsys)
    assert (body["kind"], body["os"], body["arch"], body["kernel"]) == (
        "iso",
        "debian12",
        "x86_64",
        "install.amd/vmlinuz",
    )
    with pytest.raises(ProvError, match="no installation tree found"):
        command.main(["--test-media-detection", str(tmp_path)])


def test_a_recording(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    folder = str(tmp_path / "record")
    body = printed(["--connect", "test:///default", "--record-host", folder, "--output", "json"], capsys)
    assert (body["uri"], body["recorded"]) == ("test:///default", folder)
    assert set(body) == {"uri", "recorded", "warnings"}


# -- results in words -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([*NEW, "--import"], "Guest 'new' has been created and is running.\n"),
        (
            [*NEW, "--pxe"],
            "Guest 'new' is running its installer; the installation is complete when the guest powers off.\n",
        ),
        ([*NEW, "--import", "--quiet"], ""),
        ([*NEW, "--import", "--noreboot"], "Guest 'new' is off.\n"),
        (
            [*NEW, "--import", "--noreboot", "--dry-run"],
            "Would define guest 'new'\nNothing has been changed.\n",
        ),
        (
            [*NEW, "--import", "--dry-run"],
            "Would define guest 'new'\nWould start guest 'new'\nNothing has been changed.\n",
        ),
    ],
)
def test_the_closing_line(words: list[str], said: str, host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main([*words, "--noautoconsole"]) == 0
    assert capsys.readouterr().out == said


def test_waiting_no_time_is_not_waiting(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main([*NEW, "--import", "--wait", "0"]) == 0
    assert "--wait 0 is treated as --noautoconsole: the command does not wait" in capsys.readouterr().err


def test_help_of_groups_needs_no_host(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--connect", "nowhere:///", "--disk", "help", "--network=?"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("--disk options:\n") and "\n--network options:\n" in out


def test_the_options_of_osinfo(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--osinfo", "help"]) == 0
    assert "  detect\n" in capsys.readouterr().out


@pytest.fixture
def seeded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that takes data, which libvirt's test driver does not."""
    monkeypatch.setattr(Storage, "upload_volume", lambda *words, **settings: None)


@pytest.mark.usefixtures("seeded")
def test_a_password_is_shown_once(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--connect", KVM, "--name", "new", "--osinfo", "debian12", "--disk", ON_BASE, "--cloud-init"]
    assert command.main(words) == 0
    out = capsys.readouterr().out
    assert out.count("Password for root's first login: ") == 1
    body = printed([*words, "--output", "json"], capsys)
    assert len(body["root_password"]) == 16 and body["state"] == "created"


@pytest.mark.usefixtures("seeded")
def test_a_password_is_not_lost_when_the_wait_fails(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def impatient(*words: object) -> None:
        raise WaitTimeout("not ready")

    monkeypatch.setattr("virtprov.actions.install.finish.finish", impatient)
    words = ["--connect", KVM, "--name", "new", "--osinfo", "debian12", "--disk", ON_BASE]
    with pytest.raises(WaitTimeout):
        command.main([*words, "--cloud-init", "--output", "json"])
    said = capsys.readouterr()
    assert said.out == "" and "Password for root's first login: " in said.err


# -- consoles and waiting ---------------------------------------------------------------------------


class Elsewhere(StandIn):
    """Stands in for a host on which guests really run: the recorded one, claiming to be real."""

    is_recorded = False

    def __init__(self, host: Host) -> None:
        self.real = host


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[list[str]]]:
    """The programs that are started for the user's eyes, on a host where guests run."""
    from virtprov.cli.printing.output import Output

    shown: list[list[str]] = []
    around: Callable[[Output, Any], Any] = Output.context

    def context(self: Output, host: Host) -> Any:
        return around(self, Elsewhere(host))

    def run_attached(words: list[str]) -> int:
        shown.append(words)
        return 0

    monkeypatch.setattr(Output, "context", context)
    monkeypatch.setattr("virtprov.support.programs.run_attached", run_attached)
    yield shown


VIEWER = ["virt-viewer", "--connect", "qemu:///system", "--wait", "new"]
CONSOLE = ["virsh", "--connect", "qemu:///system", "console", "new"]
REAL = ["--connect", KVM, "--name", "new", "--osinfo", "debian12", "--disk", "none"]


@pytest.mark.parametrize(
    ("flags", "here", "programs"),
    [
        (["--import"], (True, True), [VIEWER]),
        (["--import", "--graphics", "none"], (True, True), [CONSOLE]),
        (["--import", "--autoconsole", "text"], (True, True), [CONSOLE]),
        (["--import", "--noautoconsole"], (True, True), []),
        (["--import", "--graphics", "none"], (False, False), []),
        (["--import", "--autoconsole", "graphical"], (True, False), []),
    ],
)
def test_which_console_is_opened(
    flags: list[str], here: tuple[bool, bool], programs: list[list[str]], opened: list[list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    from virtprov.cli.install import attach_console

    terminal, viewer = here
    monkeypatch.setattr(attach_console, "means", lambda: attach_console.Means(terminal=terminal, viewer=viewer))
    assert command.main([*REAL, *flags]) == 0
    assert opened == programs


def test_without_a_viewer_the_command_waits(
    opened: list[list[str]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from virtprov.cli.install import attach_console

    waited: list[float | None] = []

    def finish(request: InstallRequest, *rest: object) -> str:
        waited.append(request.wait)
        return "off"

    monkeypatch.setattr(attach_console, "means", lambda: attach_console.Means(terminal=True, viewer=False))
    monkeypatch.setattr("virtprov.actions.install.finish.finish", finish)
    assert command.main([*REAL, "--import"]) == 0
    assert command.main([*REAL, "--import", "--noautoconsole"]) == 0
    assert waited == [-1.0, None]
    said = capsys.readouterr()
    assert (
        "Waiting until 'new' is off, as with --wait; use --noautoconsole to exit at once" in said.err
        and "Guest 'new' is off." in said.out
    )
    assert opened == []


def test_the_guest_ends_even_when_waiting_fails(opened: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[str] = []

    def fail(*words: object) -> str:
        raise ProvError("broken")

    monkeypatch.setattr("virtprov.actions.install.finish.finish", fail)
    monkeypatch.setattr(Guests, "destroy", lambda self, name: ended.append(name))
    with pytest.raises(ProvError, match="broken"):
        command.main([*REAL, "--import", "--graphics", "none", "--destroy-on-exit"])
    assert ended == ["new"]


def test_an_interrupted_wait_says_what_becomes_of_the_guest(
    host: Host, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stopped(*words: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("virtprov.actions.install.finish.finish", stopped)
    from virtprov.cli import app

    assert app.run("virtprov-install", command.main, [*NEW, "--import", "--output", "json"]) == 130
    said = capsys.readouterr()
    assert "virtprov-install: interrupted; guest 'new' keeps running; `virsh console new` shows its console" in said.err
    body = json.loads(said.out)["error"]
    assert body["kind"] == "interrupted" and "guest 'new' keeps running" in body["message"]
    assert host.guests.find("new") is not None


@pytest.mark.parametrize(("words", "kept"), [("disable=on", 0), ("disable=on,keep=yes", 1)])
def test_a_seed_on_the_test_driver(
    words: str, kept: int, host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert command.main([*NEW, "--cloud-init", words, "--noautoconsole"]) == 0
    assert len(list((tmp_path / "virtprov" / "seeds").iterdir())) == kept
    known = host.guests.find("new")
    assert known is not None and known.active
