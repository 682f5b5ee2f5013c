"""Wait until a guest is what `--wait` asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.actions.run import stages
from virtprov.actions.waiting import last_words, wait
from virtprov.actions.waiting.sources import Listeners, Sources
from virtprov.actions.waiting.ssh_probe import SshProbe
from virtprov.host.daemon.events import NEWS
from virtprov.support.errors import GuestBroken, WaitTimeout
from virtprov.support.text import shell_word

if TYPE_CHECKING:
    from virtprov.actions.run.plan import RunContext
    from virtprov.actions.waiting.wait import Deadline
    from virtprov.actions.waiting.wait_goals import WaitGoals
    from virtprov.cloudinit.checks.power_state import PowerState
    from virtprov.host.daemon.events import GuestEvent, Watch

_NEWS = (NEWS, "agent connected", "stopped", "crashed", "suspended")


def wait_for_goals(
    context: RunContext, name: str, deadline: Deadline, wanted: WaitGoals, power: PowerState | None = None
) -> bool:
    """Wait until everything that is wanted is true; returns whether the guest still runs.

    `power` is the reboot or power-off that the user-data asks for. Raises WaitTimeout and GuestBroken; before that the
    user is told what each source has said, and the guest is left as it is.
    """
    host = context.host
    with (
        host.running.watch(name) as watch,
        host.running.console(name) as console,
        SshProbe(watch.wake, wanted.route.service_at) as probe,
    ):
        sources = Sources(host, name, wanted, Listeners(watch, console, probe), context.stages)

        def note_last_line() -> None:
            context.stages.note(stages.CONSOLE)
            watch.wake()

        console.alert(wait.FINISHED, note_last_line)
        try:
            with wait.show_clock(context.progress, f"Waiting for '{name}'", console):
                return _wait(sources, watch, deadline, power)
        except (WaitTimeout, GuestBroken):
            for sentence in sources.sentences():
                context.say(sentence)
            last_words.show(context, name, console)
            raise
        finally:
            sources.close()


def _wait(sources: Sources, watch: Watch, deadline: Deadline, power: PowerState | None) -> bool:
    wanted, name = sources.wanted, sources.name
    if wanted.cloud_init:
        event = wait.until_ready(sources.host, watch, name, deadline, sources.console, power, sources.look)
        sources.stages.note(stages.CLOUD_INIT)
        if event is not None:
            sources.stages.note(stages.OFF)
            return False
        if power is not None:
            sources.forget()
    _until_all(sources, watch, deadline)
    if wanted.shutdown:
        wait.until_off(watch, name, deadline)
        sources.stages.note(stages.OFF)
    return not wanted.shutdown


def _until_all(sources: Sources, watch: Watch, deadline: Deadline) -> None:
    """Wait until everything but cloud-init is true."""
    while True:
        sources.look()
        missing = sources.missing() or sources.run_commands()
        if not missing:
            return
        _check_runs(watch.wait_for(_is_news, deadline.slice(wait.ASK_EVERY)), watch, sources.name, missing)
        if deadline.over:
            viewer = "display with `virt-viewer" if sources.wanted.windows else "console with `virsh console"
            raise WaitTimeout(
                f"'{sources.name}' {' and '.join(missing)} after {deadline.shown}; the guest is left as it is",
                hint=f"see its {viewer} {shell_word(sources.name)}`, or allow more time with --wait ...,timeout=30m",
            )


def _is_news(event: GuestEvent) -> bool:
    return event.kind in _NEWS


def _check_runs(event: GuestEvent | None, watch: Watch, name: str, missing: list[str]) -> None:
    """Raise GuestBroken if the guest does not run any more."""
    ended = watch.wait_stopped(0) if event is None or event.kind in ("stopped", "crashed", "suspended") else None
    if ended is None:
        return
    if ended.kind != "stopped" or ended.detail in ("crashed", "failed"):
        wait.raise_broken(name, ended)
    raise GuestBroken(
        f"'{name}' is off, but it {' and '.join(missing)}",
        hint=f"start it and watch its console: `virsh start --console {name}`",
    )
