"""Connecting the user to a guest that has just been started."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from virtprov.actions.install.draft import InstallPlan
    from virtprov.cli.output import Output
    from virtprov.host.connection import Host

TEXT, GRAPHICAL, NONE, DEFAULT = "text", "graphical", "none", "default"
VIEWABLE = ("vnc", "spice")
"""Displays that virt-viewer shows."""


class Means:
    """What there is to look at a guest with: a terminal for its text console, a desktop with virt-viewer."""

    __slots__ = ("terminal", "viewer")

    def __init__(self, *, terminal: bool, viewer: bool) -> None:
        self.terminal = terminal
        self.viewer = viewer


def means() -> Means:
    """What this process has."""
    import shutil

    desktop = bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    return Means(
        terminal=sys.stdin is not None and sys.stdin.isatty() and sys.stdout.isatty(),
        viewer=desktop and shutil.which("virt-viewer") is not None,
    )


def preferred(*, cloud_init: bool, displays: tuple[str, ...]) -> str:
    """The console that suits a guest: text for cloud images and guests without a display, else a viewer.

    NONE when its displays are none that a viewer could show.
    """
    if cloud_init or not displays:
        return TEXT
    return GRAPHICAL if any(kind in VIEWABLE for kind in displays) else NONE


def choose(wanted: str, made: InstallPlan, here: Means, output: Output) -> str:
    """Which console to open: what the user wants, or what suits the guest, as far as there are the means.

    What was asked for by name and cannot be is said.
    """
    kind = wanted
    if wanted == DEFAULT:
        kind = preferred(cloud_init=made.seed is not None, displays=made.displays)
    if kind == TEXT and not here.terminal:
        _explain(wanted, "no text console is opened: this is no terminal", output)
        return NONE
    if kind == GRAPHICAL and not here.viewer:
        _explain(wanted, "no viewer is opened: it takes a desktop and the program virt-viewer", output)
        return NONE
    if kind == TEXT and made.method.kind == "cdrom":
        output.warn("installers on CD rarely use the text console: you may see nothing (--graphics vnc shows more)")
    return kind


def _explain(wanted: str, sentence: str, output: Output) -> None:
    if wanted == DEFAULT:
        output.say(sentence)
    else:
        output.warn(sentence)


def waits(wanted: str, kind: str, made: InstallPlan) -> bool:
    """Whether the command waits for the guest though nobody asked it to: as virt-install does when the user could
    have expected a viewer, which would have kept the command until the guest is off, and there is none."""
    return wanted == DEFAULT and kind == NONE and bool(made.displays) and made.seed is None


def attach(kind: str, name: str, host: Host, output: Output) -> None:
    """Open the console and come back when it is closed. One that cannot be opened is said: the guest runs anyway."""
    from virtprov.support.command import run_attached
    from virtprov.support.errors import CommandError

    if kind == TEXT:
        output.say(f"Connecting to the console of '{name}'; leave it with Ctrl-]")
        words = ["virsh", "--connect", host.uri, "console", name]
    else:
        words = ["virt-viewer", "--connect", host.uri, "--wait", name]
    try:
        status = run_attached(words)
    except CommandError as problem:
        output.warn(f"the console cannot be opened: {problem.message}")
        return
    if status:
        output.warn(f"{words[0]} could not show the console of '{name}' (it ended with {status})")
