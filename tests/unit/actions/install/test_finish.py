"""What follows once the guest runs: waiting, the second boot, the seed's way out."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.standin import StandIn
from virtprov.actions.install.finish import CREATED, INSTALLING, OFF, READY, finish, leave, start
from virtprov.actions.install.install_plan import InstallPlan
from virtprov.actions.request import InstallRequest
from virtprov.actions.run.plan import Plan, RunContext
from virtprov.actions.seed.attach import Seed
from virtprov.actions.waiting import wait
from virtprov.guest.boot import CDROM, IMPORT, PXE, Method
from virtprov.guest.document import DomainDocument, Guest
from virtprov.host.connection import Host
from virtprov.host.daemon.events import GuestEvent
from virtprov.support.errors import GuestBroken, HostError, WaitTimeout

Around = Callable[[Any], RunContext]

SEED_DRIVE = "<disk device='disk'><source file='/srv/images/web-seed.iso'/><target dev='vdb'/></disk>"


SEED_VOLUME = "images/web-seed.iso"


def made(kind: str = IMPORT, *, keep: str = "", name: str = "web") -> InstallPlan:
    boot = DomainDocument.of(Guest.new(""))
    seed = Seed("images", "web-seed.iso", SEED_DRIVE, keep, (), boot, boot, "") if keep else None
    return InstallPlan(Plan((), (), name), seed, Method(kind))


class Noting(StandIn):
    """The real host, except that deleting volumes is noted."""

    def __init__(self, host: Host) -> None:
        self.real = host
        self.deleted: list[str] = []

    def storage_delete_volume(self, pool: str, name: str) -> None:
        self.deleted.append(f"{pool}/{name}")


@pytest.fixture
def host(place: Host) -> Noting:
    return Noting(place)


@pytest.fixture
def context(host: Noting, context_of: Around) -> RunContext:
    return context_of(host)


def is_running(host: Noting, name: str = "web") -> bool:
    found = host.real.guests.find(name)
    return found is not None and found.active


# -- without an installer -------------------------------------------------------------------------


@pytest.mark.parametrize("minutes", [None, 0])
def test_nobody_waits(minutes: float | None, context: RunContext) -> None:
    assert finish(InstallRequest(wait=minutes), made(), context) == CREATED


def test_waiting_until_it_is_off(host: Noting, context: RunContext, told: Any) -> None:
    host.guests.destroy("web")
    assert finish(InstallRequest(wait=-1), made(), context) == OFF
    assert not is_running(host) and told.said == []


def test_waiting_too_long_leaves_it_as_it_is(host: Noting, context: RunContext) -> None:
    with pytest.raises(WaitTimeout):
        finish(InstallRequest(wait=0.0001), made(), context)
    assert is_running(host)


# -- with an installer ----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [CDROM, PXE])
def test_an_installer_nobody_waits_for(kind: str, context: RunContext) -> None:
    assert finish(InstallRequest(), made(kind), context) == INSTALLING


@pytest.mark.parametrize("minutes", [None, -1])
def test_the_second_boot(minutes: float | None, host: Noting, context: RunContext, told: Any) -> None:
    host.guests.shutdown("web")  # the installer is done, be it that somebody waits or that the console was closed
    assert finish(InstallRequest(wait=minutes), made(CDROM), context) == CREATED
    assert is_running(host)
    assert told.said == ["'web' has powered off; starting it again"]


@pytest.mark.parametrize(
    ("request_", "how", "said"),
    [
        (InstallRequest(wait=-1, noreboot=True), "shutdown", []),
        (InstallRequest(wait=-1, transient=True), "shutdown", []),
        (InstallRequest(wait=-1), "destroy", ["'web' was stopped by someone else, so it is not started again"]),
    ],
)
def test_no_second_boot(
    request_: InstallRequest, how: str, said: list[str], host: Noting, context: RunContext, told: Any
) -> None:
    getattr(host.guests, how)("web")
    assert finish(request_, made(CDROM), context) == OFF
    assert not is_running(host)
    assert told.said == said


def test_a_transient_guest_is_gone_when_its_installer_is(host: Noting, context: RunContext) -> None:
    host.guests.destroy("web")
    host.guests.undefine("web")
    assert finish(InstallRequest(transient=True), made(CDROM), context) == OFF


def test_somebody_else_started_it_meanwhile(context: RunContext, told: Any) -> None:
    start(context, "web")
    assert told.said == []


def test_somebody_undefined_it_meanwhile(context: RunContext) -> None:
    with pytest.raises(HostError, match="'nobody' is no longer defined on the host"):
        start(context, "nobody")


class Ending(StandIn):
    """A host whose guest ends in some way, after it said something on its console."""

    is_remote = False
    is_recorded = False

    def __init__(self, event: GuestEvent | None, definition: str = "<domain/>") -> None:
        self.event, self.definition = event, definition

    @contextmanager
    def running_watch(self, name: str) -> Iterator[Any]:
        yield SimpleNamespace(wait_stopped=lambda seconds: self.event)

    @contextmanager
    def running_console(self, name: str) -> Iterator[Any]:
        yield SimpleNamespace(tail=lambda lines: ["Loading initial ramdisk", "Kernel panic"][-lines:])

    def guests_find(self, name: str) -> Any:
        return SimpleNamespace(active=False)

    def guests_xml(self, name: str) -> str:
        return self.definition


@pytest.mark.parametrize(
    ("event", "sentence"),
    [
        (GuestEvent("stopped", "crashed"), "'web' crashed"),
        (GuestEvent("stopped", "failed"), "'web' stopped because its hypervisor failed"),
        (GuestEvent("crashed", "panicked"), "'web' crashed: its kernel panicked"),
        (GuestEvent("suspended", "crashed"), "'web' crashed"),
        (GuestEvent("suspended", "I/O error"), "'web' is paused by an error while it accessed its disk"),
        (GuestEvent("suspended", "watchdog"), "'web' is paused by its watchdog"),
    ],
)
def test_a_crash_is_told_with_the_last_lines_of_the_console(
    event: GuestEvent, sentence: str, context_of: Around, told: Any
) -> None:
    with pytest.raises(GuestBroken, match=sentence):
        finish(InstallRequest(wait=-1), made(CDROM), context_of(Ending(event)))
    assert told.said == ["Last lines of the console of 'web':", "    Loading initial ramdisk", "    Kernel panic"]


def test_a_wait_in_vain_ends_with_the_end_of_the_serial_log(context_of: Around, told: Any, tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    log.write_bytes(b"x" * 100_000 + b"\n" + b"".join(b"line %d\r\n" % number for number in range(40)))
    serial = f"<domain><devices><serial type='pty'><log file='{log}'/></serial></devices></domain>"
    with pytest.raises(WaitTimeout, match="'web' has not powered off within 1 min 30 s; the guest is left as it is"):
        finish(InstallRequest(wait=1.5), made(CDROM), context_of(Ending(None, serial)))
    assert told.said == [f"Last lines of {log}:", *(f"    line {number}" for number in range(30, 40))]


@pytest.mark.parametrize("kind", ["missing", "fifo"])
def test_a_serial_log_that_cannot_be_read_is_no_hindrance(
    kind: str, context_of: Around, told: Any, tmp_path: Path
) -> None:
    log = tmp_path / "web.log"
    if kind == "fifo":
        os.mkfifo(log)
    serial = f"<domain><devices><serial type='pty'><log file='{log}'/></serial></devices></domain>"
    with pytest.raises(WaitTimeout):
        finish(InstallRequest(wait=1), made(CDROM), context_of(Ending(None, serial)))
    assert told.said == ["Last lines of the console of 'web':", "    Loading initial ramdisk", "    Kernel panic"]


# -- seeds ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keep", "deleted"), [("until-ready", [SEED_VOLUME]), ("first-boot", [SEED_VOLUME]), ("yes", [])]
)
def test_a_seed_nobody_waits_for_goes_at_once(keep: str, deleted: list[str], host: Noting, context: RunContext) -> None:
    assert finish(InstallRequest(), made(keep=keep), context) == CREATED
    assert host.deleted == deleted


@pytest.mark.parametrize(
    ("keep", "deleted"), [("until-ready", [SEED_VOLUME]), ("first-boot", [SEED_VOLUME]), ("yes", [])]
)
def test_a_seed_goes_once_the_guest_is_ready(
    keep: str, deleted: list[str], host: Noting, context: RunContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wait, "until_ready", lambda *asked: None)
    assert finish(InstallRequest(wait=5), made(keep=keep), context) == READY
    assert host.deleted == deleted


def test_a_guest_that_powers_off_when_it_is_ready(
    host: Noting, context: RunContext, told: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wait, "until_ready", lambda *asked: host.guests.shutdown("web"))
    assert finish(InstallRequest(wait=5), made(keep="until-ready"), context) == OFF
    assert (host.deleted, told.warned) == (["images/web-seed.iso"], [])


def test_a_guest_that_is_never_ready_keeps_its_seed(
    host: Noting, context: RunContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    def impatient(*asked: object) -> None:
        raise WaitTimeout("not ready")

    monkeypatch.setattr(wait, "until_ready", impatient)
    with pytest.raises(WaitTimeout):
        finish(InstallRequest(wait=5), made(keep="until-ready"), context)
    assert host.deleted == []


@pytest.mark.parametrize("off", [True, False])
def test_an_installers_seed_goes_with_the_installer(off: bool, host: Noting, context: RunContext) -> None:
    if off:
        host.guests.shutdown("web")
    assert finish(InstallRequest(), made(CDROM, keep="until-ready"), context) == (CREATED if off else INSTALLING)
    assert host.deleted == ["images/web-seed.iso"]


# -- the user stops waiting ------------------------------------------------------------------------


@pytest.mark.parametrize("keep", ["until-ready", "first-boot", "yes"])
def test_a_guest_that_is_waited_for_no_more(keep: str, host: Noting, context: RunContext) -> None:
    """Its seed goes, as if nobody had waited, but for one that stays for good."""
    seed = "stays" if keep == "yes" else "is deleted, but a running guest can still read it"
    assert leave(made(keep=keep), context) == (
        "guest 'web' keeps running; `virsh console web` shows its console, `virsh destroy web` stops it; "
        f"its cloud-init seed {SEED_VOLUME} {seed}"
    )
    assert host.deleted == ([] if keep == "yes" else [SEED_VOLUME])
    assert "guest 'web' continues its installation; when it has powered off, start it with `virsh start web`" in leave(
        made(CDROM), context
    )
    host.real.guests.destroy("web")
    assert leave(made(), context) == "guest 'web' exists, but is off; start it with `virsh start web`"
    assert leave(made(name="nosuch"), context) == "guest 'nosuch' no longer exists on the host"


def test_a_host_that_is_lost_keeps_nobody_from_stopping(place: Host, context_of: Around) -> None:
    class Lost(Noting):
        def guests_find(self, name: str) -> None:
            raise HostError("the connection was lost")

    assert leave(made(), context_of(Lost(place))) == (
        "guest 'web' is left as it is; its state cannot be read: the connection was lost"
    )


# -- as virt-install waits --------------------------------------------------------------------------


def test_a_seed_goes_when_the_guest_is_stopped(host: Noting, context: RunContext) -> None:
    host.guests.destroy("web")
    assert finish(InstallRequest(wait=5, until_off=True), made(keep="until-ready"), context) == OFF
    assert host.deleted == [SEED_VOLUME]


def test_a_seed_goes_when_the_guest_reboots(host: Noting, context: RunContext, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wait, "until_over", lambda *asked: GuestEvent("rebooted"))
    assert finish(InstallRequest(wait=5, until_off=True), made(keep="until-ready"), context) == CREATED
    assert host.deleted == [SEED_VOLUME] and is_running(host)


def test_a_crash_during_the_first_boot(host: Noting, context: RunContext, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wait, "until_over", lambda *asked: GuestEvent("stopped", "crashed"))
    with pytest.raises(GuestBroken, match="'web' crashed"):
        finish(InstallRequest(wait=5, until_off=True), made(keep="until-ready"), context)
    assert host.deleted == [SEED_VOLUME]
