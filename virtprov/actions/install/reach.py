"""Wait until a guest is what `--wait` asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.actions.install import last_words, wait
from virtprov.actions.install.knocking import Knocker
from virtprov.actions.install.survey import Means, Survey
from virtprov.actions.run import stages
from virtprov.host.events import NEWS
from virtprov.support.errors import GuestBroken, WaitTimeout

if TYPE_CHECKING:
    from virtprov.actions.install.wait import Deadline
    from virtprov.actions.install.wanted import Wanted
    from virtprov.actions.run.plan import RunContext
    from virtprov.cloudinit.power_state import PowerState
    from virtprov.host.events import GuestEvent, Watch

_NEWS = (NEWS, "agent connected", "stopped", "crashed", "suspended")


def reach(context: RunContext, name: str, deadline: Deadline, wanted: Wanted, power: PowerState | None = None) -> bool:
    """Wait until everything that is wanted is true; returns whether the guest still runs.

    `power` is the reboot or power-off that the user-data asks for. Raises WaitTimeout and GuestBroken; before that the
    user is told what each source has said, and the guest is left as it is.
    """
    host = context.host
    with host.running.watch(name) as watch, host.running.console(name) as console, Knocker(watch.wake) as knocker:
        survey = Survey(host, name, wanted, Means(watch, console, knocker), context.stages)

        def note_last_line() -> None:
            context.stages.note(stages.CONSOLE)
            watch.wake()

        console.alert(wait.FINISHED, note_last_line)
        try:
            with wait.show_clock(context.progress, f"Waiting for '{name}'", console):
                return _reach(survey, watch, deadline, power)
        except (WaitTimeout, GuestBroken):
            for sentence in survey.sentences():
                context.say(sentence)
            last_words.show(context, name, console)
            raise


def _reach(survey: Survey, watch: Watch, deadline: Deadline, power: PowerState | None) -> bool:
    wanted, name = survey.wanted, survey.name
    if wanted.cloud_init:
        event = wait.until_ready(survey.host, watch, name, deadline, survey.console, power, survey.look)
        survey.stages.note(stages.CLOUD_INIT)
        if event is not None:
            survey.stages.note(stages.OFF)
            return False
        if power is not None:
            survey.forget()
    _until_all(survey, watch, deadline)
    if wanted.shutdown:
        wait.until_off(watch, name, deadline)
        survey.stages.note(stages.OFF)
    return not wanted.shutdown


def _until_all(survey: Survey, watch: Watch, deadline: Deadline) -> None:
    """Wait until everything but cloud-init is true."""
    while True:
        survey.look()
        missing = survey.missing() or survey.run_commands()
        if not missing:
            return
        _check_runs(watch.wait_for(_is_news, deadline.slice(wait.ASK_EVERY)), watch, survey.name, missing)
        if deadline.over:
            raise WaitTimeout(
                f"'{survey.name}' {' and '.join(missing)} after {deadline.shown}; the guest is left as it is",
                hint=f"see its console with `virsh console {survey.name}`, or allow more time with "
                "--wait ...,timeout=30m",
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
