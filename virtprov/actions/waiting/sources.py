"""Ask every source about a guest that is waited for, at the same time: leases, ARP, its agent, its console, its ssh.

The guest is not trusted: an invalid answer counts as none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.actions.run import stages
from virtprov.actions.waiting import agent_answers
from virtprov.actions.waiting.addresses import list_usable
from virtprov.actions.waiting.agent_answers import Running
from virtprov.actions.waiting.ssh_commands import SshCommand
from virtprov.actions.waiting.wait import FINISHED
from virtprov.support.errors import HostError
from virtprov.support.frozen import Record

if TYPE_CHECKING:
    from virtprov.actions.run.stages import Stages
    from virtprov.actions.waiting.ssh_probe import SshProbe
    from virtprov.actions.waiting.wait_goals import WaitGoals
    from virtprov.host.connection import Host
    from virtprov.host.daemon.events import Watch
    from virtprov.host.running.console import ConsoleReader

_LEASE, _ARP, _AGENT = "lease", "arp", "agent"
_NAMES = {_LEASE: "DHCP leases", _ARP: "ARP table of the host", _AGENT: "guest agent"}


class Listeners(Record):
    """What `Sources` works with, open while it lasts."""

    watch: Watch
    console: ConsoleReader
    probe: SshProbe


class Sources:
    """What is known about one guest; `look` asks again, `missing` says what is still wanted."""

    def __init__(self, host: Host, name: str, wanted: WaitGoals, means: Listeners, noted: Stages) -> None:
        self.host, self.name, self.wanted, self.stages = host, name, wanted, noted
        self.watch, self.console, self.probe = means.watch, means.console, means.probe
        self.agent = False
        self.connected = False
        self.addresses: dict[str, list[str]] = {}
        self.refusals: dict[str, str] = {}
        self.commands: dict[str, Running | str] = {}
        self.by_ssh: dict[str, SshCommand] = {}
        if wanted.log_in is not None:
            self.by_ssh = {command: SshCommand(wanted.log_in, command) for command in wanted.commands}

    def look(self) -> None:
        """Ask the sources that the wait needs."""
        wanted = self.wanted
        self.connected = self.watch.agent_connected()
        if self.connected and not self.agent and agent_answers.answers(self.host, self.name):
            self.agent = True
            self.stages.note(stages.AGENT)
        if wanted.ip or wanted.asks_ssh:
            self._ask_addresses()
        if wanted.asks_ssh:
            self.probe.try_places(wanted.route.places([*self.known_addresses(), *wanted.expected]))
        if self.probe.open_at is not None:
            self.stages.note(stages.SSH)

    def forget(self) -> None:
        """Forget what a reboot makes untrue."""
        self.agent = False
        self.probe.forget()

    def known_addresses(self) -> list[str]:
        """Return the guest's addresses, those from the most reliable source first."""
        found = [address for source in (_LEASE, _AGENT, _ARP) for address in self.addresses.get(source, ())]
        return list(dict.fromkeys(found))

    def _ask_addresses(self) -> None:
        for source in (_LEASE, _ARP):
            try:
                found = [address.address for address in self.host.running.interface_addresses(self.name, source)]
            except HostError as problem:
                self.refusals[source] = problem.message
                continue
            self._note_addresses(source, found)
        if self.connected:
            self._note_addresses(_AGENT, agent_answers.addresses(self.host, self.name))

    def _note_addresses(self, source: str, found: list[str]) -> None:
        self.addresses[source] = list_usable(found)
        self.refusals.pop(source, None)
        if self.addresses[source]:
            self.stages.note(stages.IP)

    def run_commands(self) -> list[str]:
        """Have each command run again until it succeeds; return which have not, in words."""
        commands = self.wanted.commands
        for command in commands:
            self._run(command)
        failed = [command for command in commands if not self._has_succeeded(command)]
        if commands and not failed:
            self.stages.note(stages.COMMANDS)
        return [f"has not run '{command}' successfully" for command in failed]

    def _run(self, command: str) -> None:
        """Run a command by the agent, or through ssh if the agent does not."""
        if self._has_succeeded(command):
            return
        by_ssh = self.by_ssh.get(command)
        running = self.commands.get(command)
        if by_ssh is not None and by_ssh.is_running:
            by_ssh.look()
        elif isinstance(running, Running) and running.status is None:
            self.commands[command] = agent_answers.look_after(self.host, self.name, running)
        elif self.agent:
            self.commands[command] = agent_answers.begin(self.host, self.name, command, windows=self.wanted.windows)
        is_begun = isinstance(self.commands.get(command), Running) or (by_ssh is not None and by_ssh.is_running)
        if by_ssh is not None and self.probe.open_at is not None and not (is_begun or by_ssh.has_succeeded):
            by_ssh.begin(self.probe.open_at)

    def close(self) -> None:
        """End what still runs for this wait."""
        for command in self.by_ssh.values():
            command.close()

    # -- what it comes to -------------------------------------------------------------------------------

    def missing(self) -> list[str]:
        """Return what is wanted and not true yet, in words; not cloud-init, which `wait` asks, and no commands."""
        wanted, ssh = self.wanted, self.probe.open_at is not None
        facts = [
            (wanted.ip, bool(self.known_addresses()), "has no known address"),
            (wanted.ssh, ssh, "does not answer to ssh"),
            (wanted.agent, self.agent, "has no agent that answers"),
            (wanted.either, ssh or self.agent, f"answers neither by {self._services()} nor by its agent"),
        ]
        return [words for is_wanted, is_true, words in facts if is_wanted and not is_true]

    def _services(self) -> str:
        from virtprov.actions.waiting.knock import SERVICES

        return ", ".join(SERVICES[port].name for port in self.wanted.route.ports)

    def _has_succeeded(self, command: str) -> bool:
        running, by_ssh = self.commands.get(command), self.by_ssh.get(command)
        return (isinstance(running, Running) and running.status == 0) or (by_ssh is not None and by_ssh.has_succeeded)

    def sentences(self) -> list[str]:
        """Return what each source that was asked has said, one sentence each."""
        told = []
        for source in (_LEASE, _ARP):
            if source in self.refusals:
                told.append(f"{_NAMES[source]}: cannot be read: {self.refusals[source]}")
            elif source in self.addresses:
                told.append(f"{_NAMES[source]}: {', '.join(self.addresses[source]) or 'no address of this guest'}")
        told.append(f"{_NAMES[_AGENT]}: {self._agent_in_words()}")
        replies = list(self.probe.replies.items())  # another thread adds to them
        for place, why in replies:
            service = self.wanted.route.service_at(place).name
            told.append(f"{service} at {place[0]} port {place[1]}: {why or 'answers'}")
        if self.console.silent:
            told.append("console: cannot be read, because there is none or another program has it open")
        else:
            line = FINISHED.search(self.console.text())
            told.append("console: cloud-init has finished" if line else "console: nothing about the end of cloud-init")
        return told + [f"not asked: {sentence}" for sentence in self.wanted.not_asked] + self._commands_in_words()

    def _agent_in_words(self) -> str:
        if not self.connected:
            return "not connected: it is not installed, or is not running yet"
        said = ", ".join(self.addresses.get(_AGENT, ()))
        return f"{'answers' if self.agent else 'connected, but does not answer'}{f'; reports {said}' if said else ''}"

    def _commands_in_words(self) -> list[str]:
        told = []
        for command in self.wanted.commands:
            running, by_ssh = self.commands.get(command), self.by_ssh.get(command)
            if by_ssh is not None and by_ssh.was_tried:
                told.append(f"run={command} through ssh: {by_ssh.in_words()}")
            if running is None:
                told.append(f"run={command}: not tried by the agent, which has not answered")
            elif isinstance(running, str):
                told.append(f"run={command}: {running}")
            elif running.status is None:
                told.append(f"run={command}: still running")
            else:
                told.append(f"run={command}: ended with {running.status}{f': {running.said}' if running.said else ''}")
        return told
