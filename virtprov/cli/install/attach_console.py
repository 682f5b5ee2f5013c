"""Connect the user to a guest that has just been started."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from virtprov.actions.install.install_plan import InstallPlan
    from virtprov.cli.printing.output import Output
    from virtprov.host.connection import Host

TEXT, GRAPHICAL, NONE, DEFAULT = "text", "graphical", "none", "default"
VIEWABLE = ("vnc", "spice")
"""Displays that virt-viewer shows."""


class Means:
    """The available means: a terminal for the text console, a desktop with virt-viewer."""

    __slots__ = ("terminal", "viewer")

    def __init__(self, *, terminal: bool, viewer: bool) -> None:
        self.terminal = terminal
        self.viewer = viewer


def means() -> Means:
    """Return the means of this process."""
    import shutil

    desktop = bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    return Means(
        terminal=sys.stdin is not None and sys.stdin.isatty() and sys.stdout.isatty(),
        viewer=desktop and shutil.which("virt-viewer") is not None,
    )


def choose_preferred(*, cloud_init: bool, displays: tuple[str, ...]) -> str:
    """Return the best console for a guest: text for cloud images and guests without a display, otherwise a viewer.

    NONE if virt-viewer cannot show its displays.
    """
    if cloud_init or not displays:
        return TEXT
    return GRAPHICAL if any(kind in VIEWABLE for kind in displays) else NONE


def choose(choice: str, plan: InstallPlan, here: Means, output: Output) -> str:
    """Return the console to open: as requested, or the best one that is available.

    If the requested one is not available, the user is told.
    """
    kind = choice
    if choice == DEFAULT:
        kind = choose_preferred(cloud_init=plan.seed is not None, displays=plan.displays)
    if kind == TEXT and not here.terminal:
        _explain(choice, "no text console opened: this is not a terminal", output)
        return NONE
    if kind == GRAPHICAL and not here.viewer:
        _explain(choice, "no viewer opened: a desktop and virt-viewer are required", output)
        return NONE
    if kind == TEXT and plan.method.kind == "cdrom":
        output.warn("installers on CD rarely use the text console, so it may stay blank (--graphics vnc shows more)")
    if kind == TEXT and plan.method.kind == "kernel" and "console=" not in plan.method.args:
        output.warn("the text console may stay blank: Linux installers use it with --extra-args console=ttyS0")
    return kind


def _explain(choice: str, sentence: str, output: Output) -> None:
    if choice == DEFAULT:
        output.say(sentence)
    else:
        output.warn(sentence)


def waits(choice: str, kind: str, plan: InstallPlan) -> bool:
    """Return whether to wait for the guest although the user did not request it.

    virt-install does so if a viewer, which would block until the guest is off, was expected but is not available.
    """
    return choice == DEFAULT and kind == NONE and bool(plan.displays) and plan.seed is None


def attach(kind: str, name: str, host: Host, output: Output) -> None:
    """Open the console and return when it is closed. Failures are only reported, because the guest runs anyway."""
    from virtprov.support.errors import CommandError
    from virtprov.support.programs import run_attached

    if kind == TEXT:
        output.say(f"Connecting to the console of '{name}'; press Ctrl-] to leave it")
        words = ["virsh", "--connect", host.uri, "console", name]
    else:
        words = ["virt-viewer", "--connect", host.uri, "--wait", name]
    try:
        status = run_attached(words)
    except CommandError as problem:
        output.warn(f"cannot open the console: {problem.message}")
        return
    if status:
        output.warn(f"{words[0]} could not show the console of '{name}' (exit code {status})")
