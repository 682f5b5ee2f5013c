"""What a certain guest is waited for: the words of `--wait`, as far as this guest and this host allow them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from virtprov.actions.goals import AGENT, CLOUD_INIT, IP, MINUTES, READY, RUN, SHUTDOWN, SSH, Goals
from virtprov.actions.waiting import ssh_route
from virtprov.actions.waiting.ssh_route import SshRoute
from virtprov.support.errors import UsageError
from virtprov.support.frozen import Record
from virtprov.xml import path

if TYPE_CHECKING:
    from virtprov.guest.document import Guest
    from virtprov.host.connection import Host

LogIn = Callable[[str, int], list[str]]
"""Returns the words of the command that logs in at an address and a port."""
CHANNEL = "org.qemu.guest_agent.0"
EMULATED_MINUTES = 30.0
"""How long a guest without hardware virtualization may take, unless the user says how long."""


class WaitGoals(Record):
    """What has to be true at the end of the wait.

    `either` means that ssh or the agent answers; with Windows, remote desktop or WinRM as well. `commands` have to
    succeed in the guest, after all else is true. `route` is the way to its ssh, which is also tried at the `expected`
    addresses, and `log_in` returns the command that logs in there, None if that is not known. `not_asked` tells in
    words what would belong to the wait but cannot be found out from here.
    """

    ip: bool = False
    ssh: bool = False
    agent: bool = False
    either: bool = False
    cloud_init: bool = False
    shutdown: bool = False
    commands: tuple[str, ...] = ()
    log_in: LogIn | None = None
    windows: bool = False
    expected: tuple[str, ...] = ()
    route: SshRoute = SshRoute("nothing is known about its network")
    minutes: float = MINUTES
    not_asked: tuple[str, ...] = ()

    @property
    def asks_ssh(self) -> bool:
        """Whether it is of interest that ssh answers."""
        return bool(self.ssh or self.either or (self.commands and self.log_in is not None))

    @property
    def is_running(self) -> bool:
        """Whether something is wanted of the guest while it runs."""
        return bool(self.ip or self.ssh or self.agent or self.either or self.cloud_init or self.commands)


def resolve(
    goals: Goals | None, guest: Guest, host: Host, *, seeded: bool, windows: bool, log_in: LogIn | None = None
) -> WaitGoals | None:
    """Return what a guest is waited for; None if the user does not name it.

    `seeded`: it gets a cloud-init seed. `log_in` is for a guest whose host key is known. Raises UsageError for what can
    never be found out about this guest.
    """
    if goals is None:
        return None
    minutes = goals.minutes
    if minutes is None:
        minutes = EMULATED_MINUTES if guest.domain_type == "qemu" else MINUTES
    asking = _Asking(guest, host, windows, log_in)
    wanted = WaitGoals(
        commands=goals.commands, log_in=asking.log_in, windows=windows, route=asking.route, minutes=minutes
    )
    for word in goals.words:
        wanted = asking.add(wanted, word, seeded=seeded)
    if windows and wanted.either and not wanted.ssh:  # few of them have ssh
        wanted = wanted._replace(route=asking.any_route)
    return wanted


class _Asking:
    """The means by which a guest can be asked."""

    def __init__(self, guest: Guest, host: Host, windows: bool, log_in: LogIn | None) -> None:
        self.route = ssh_route.find_route(guest, host)
        self.any_route = ssh_route.find_route(guest, host, ssh_route.WINDOWS_PORTS) if windows else self.route
        self.log_in = log_in if self.route.is_open and not windows else None
        self.windows = windows
        self.has_agent = any(path.get(device, "./target/@name") == CHANNEL for device in guest.devices("channel"))
        self.has_console = bool(guest.devices("serial") or guest.devices("console"))
        self.kinds = {nic.get("type", "") for nic in guest.devices("interface")}

    def add(self, wanted: WaitGoals, word: str, *, seeded: bool) -> WaitGoals:
        """Return what is wanted with one word more."""
        if word == READY:
            return self._ready(wanted, seeded=seeded and not self.windows)
        if word == SHUTDOWN:
            return wanted._replace(shutdown=True)
        self._refuse(word)
        return wanted if word == RUN else wanted._replace(**{word.replace("-", "_"): True})

    def _refuse(self, word: str) -> None:
        """Raise UsageError for a word about which nothing can be found out."""
        channel = f"add --channel unix,target.type=virtio,target.name={CHANNEL}"
        if word == SSH and not self.route.is_open:
            raise UsageError(
                f"--wait ssh: {self.route.why}", hint="use --wait ready, which asks the agent and the console then"
            )
        if word == IP and not self.kinds:
            raise UsageError("--wait ip: the guest has no network", hint="add --network, or omit ip")
        if word == IP and self.kinds == {"user"} and not self.has_agent:
            raise UsageError("--wait ip: only the guest agent knows addresses of user networking", hint=channel)
        if (word == AGENT or (word == RUN and self.log_in is None)) and not self.has_agent:
            raise UsageError(f"--wait {word}: the guest has no channel for the guest agent", hint=channel)
        if word == CLOUD_INIT and not (self.has_agent or self.has_console):
            raise UsageError("--wait cloud-init: the guest has neither an agent channel nor a console", hint=channel)

    def _ready(self, wanted: WaitGoals, *, seeded: bool) -> WaitGoals:
        if not seeded and not self.any_route.is_open and not self.has_agent:
            raise UsageError(
                f"--wait ready: the guest cannot be asked, because it has no channel for the guest agent and "
                f"{self.any_route.why}",
                hint="add a network that this machine reaches, or a channel for the agent",
            )
        if seeded:
            self._refuse(CLOUD_INIT)
            wanted = wanted._replace(cloud_init=True)
        if not self.any_route.is_open:
            wanted = wanted._replace(not_asked=(self._not_asked(),))
            return wanted if seeded else wanted._replace(agent=True)
        if seeded or not (self.has_agent or self.windows):
            return wanted._replace(ssh=True)
        return wanted._replace(either=True)

    def _not_asked(self) -> str:
        from virtprov.actions.waiting.knock import RDP, SSH, WINRM

        words = f"{SSH.name}, {RDP.name} and {WINRM.name} were" if self.windows else f"{SSH.name} was"
        return f"{words} not asked: {self.any_route.why}"
