"""Connecting the user to a guest that has just been started."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace

    from virtprov.actions.install import InstallPlan
    from virtprov.cli.output import Output
    from virtprov.host.connection import Host

TEXT, GRAPHICAL, NONE = "text", "graphical", "none"


def choose(wanted: str, *, cloud_init: bool, has_display: bool, terminal: bool, desktop: bool, viewer: bool) -> str:
    """Which console to open.

    A cloud image and a guest without a display get a text console, others a viewer where there is a desktop.
    Without a terminal nobody could use a text console, so none is opened unless it was asked for by name.
    """
    if wanted in (TEXT, GRAPHICAL, NONE):
        return wanted
    if cloud_init or not has_display:
        return TEXT if terminal else NONE
    return GRAPHICAL if desktop and viewer else NONE


def attach(args: Namespace, made: InstallPlan, host: Host, output: Output) -> None:
    """Open the console the user wants, and come back when it is closed."""
    import shutil

    kind = choose(
        args.autoconsole,
        cloud_init=made.seed is not None,
        has_display=made.has_display,
        terminal=sys.stdin.isatty() and sys.stdout.isatty(),
        desktop=bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")),
        viewer=shutil.which("virt-viewer") is not None,
    )
    if kind == NONE or host.driver == "test":
        return
    from virtprov.support.command import run_attached

    name = made.plan.name
    if kind == TEXT:
        output.say(f"Connecting to the console of '{name}'; leave it with Ctrl-]")
        run_attached(["virsh", "--connect", host.uri, "console", name])
    else:
        run_attached(["virt-viewer", "--connect", host.uri, "--wait", name])
