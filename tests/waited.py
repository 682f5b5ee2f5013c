"""A guest that is waited for with words of --wait, and all that is asked about it."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

from tests.scripted import Scripted
from virtprov.actions.run.plan import RunContext
from virtprov.actions.waiting.agent_answers import RESULT
from virtprov.actions.waiting.ssh_route import SshRoute
from virtprov.host.daemon.events import GuestEvent
from virtprov.host.facts.info import Address
from virtprov.support.errors import HostError
from virtprov.support.terminal.progress import Progress

OPEN = SshRoute()
FINISHED = "Cloud-init v. 22.4.2 finished at Thu, 01 Jan 2026 00:00:12 +0000. Datasource DataSourceNoCloud.\n"
FAILED = (
    "[   11.2] cloud-init[400]: 2026-01-01 00:00:11,482 - cc_scripts_user.py[WARNING]: Failed to run module "
    "scripts-user (scripts in /var/lib/cloud/instance/scripts)\n"
)


class Guest(Scripted):
    """A guest, its host and what happens to it: `turns` is what each further look finds."""

    is_remote = is_recorded = False

    def __init__(self, *turns: Callable[[Guest], object], agent: bool = False) -> None:
        super().__init__(*turns, agent=agent)
        self.answers, self.active, self.stopped = True, True, ""
        self.known: dict[str, list[str]] = {"lease": [], "arp": []}
        self.reported: Any = []
        self.ran: list[str] = []
        self.results: deque[Any] = deque()

    # a watch

    def wait_stopped(self, timeout: float | None) -> GuestEvent | None:
        while timeout and self.turns and not self.stopped:
            self.wait_for(lambda event: False, 0)
        return GuestEvent("stopped", self.stopped) if self.stopped else None

    def wake(self) -> None:
        """Nobody sleeps."""

    # a host

    @contextmanager
    def running_watch(self, name: str) -> Iterator[Any]:
        yield self

    def guests_find(self, name: str) -> Any:
        return SimpleNamespace(active=not self.stopped)

    def guests_xml(self, name: str) -> str:
        return "<domain/>"

    def running_interface_addresses(self, name: str, source: str) -> tuple[Address, ...]:
        if source not in self.known:
            raise HostError("this driver cannot tell")
        return tuple(Address("eth0", "", "", each, 24) for each in self.known[source])

    def on_guest_ping(self, facts: Any) -> Any:
        if not self.answers:
            raise HostError("the agent does not answer")
        return {}

    def on_guest_network_get_interfaces(self, facts: Any) -> Any:
        return self.reported

    def on_guest_exec(self, facts: Any) -> Any:
        self.ran.append(" ".join([facts["path"], *facts["arg"]]))
        return {"pid": len(self.ran)}

    def on_guest_exec_status(self, facts: Any) -> Any:
        return self.results.popleft()


class SshProbe:
    """An ssh port that opens when the guest is told to open it."""

    def __init__(self, guest: Guest) -> None:
        self.guest = guest
        self.replies: dict[tuple[str, int], str] = {}
        self.open_at: tuple[str, int] | None = None
        self.tried: list[tuple[str, int]] = []

    def __enter__(self) -> SshProbe:
        return self

    def __exit__(self, *failure: object) -> None:
        """Nothing runs."""

    def try_places(self, places: list[tuple[str, int]]) -> None:
        self.tried += places
        if places and self.guest.opened_ssh:
            self.open_at = places[0]
            self.replies[places[0]] = ""
        elif places:
            self.replies[places[0]] = "connection refused"

    def forget(self) -> None:
        self.open_at = None


class Said:
    """What the user was told, and the stages."""

    def __init__(self, guest: Guest) -> None:
        self.lines: list[str] = []
        host: Any = guest
        self.context = RunContext(host, Progress(), self.lines.append, self.lines.append)

    @property
    def reached(self) -> list[str]:
        return [stage.stage for stage in self.context.stages.list()]


Run = Callable[..., tuple[bool, Said]]


def nothing(guest: Guest) -> None:
    """Another look that finds nothing new."""


def gets(source: str, *addresses: str) -> Callable[[Guest], None]:
    return lambda guest: guest.known.update({source: list(addresses)})


def reports(answer: Any) -> Callable[[Guest], None]:
    def report(guest: Guest) -> None:
        guest.connected, guest.reported = True, answer

    return report


def connects(guest: Guest) -> None:
    guest.connected = True


def opens_ssh(guest: Guest) -> None:
    guest.opened_ssh = True  # type: ignore[attr-defined]


def done(*errors: str) -> Callable[[Guest], None]:
    def finish(guest: Guest) -> None:
        guest.connected = True
        guest.files[RESULT] = json.dumps({"v1": {"datasource": "DataSourceNoCloud", "errors": list(errors)}})

    return finish


def says(text: str) -> Callable[[Guest], None]:
    def speak(guest: Guest) -> None:
        guest.said += text

    return speak


def fails(guest: Guest) -> None:
    raise AssertionError("the wait should be over")
