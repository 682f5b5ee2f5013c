"""Connecting the user to a guest that has just been started."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from virtprov.actions.install.install_plan import InstallPlan
from virtprov.actions.run.plan import Plan
from virtprov.actions.seed.attach import Seed
from virtprov.cli.install import attach_console
from virtprov.cli.install.attach_console import DEFAULT, GRAPHICAL, NONE, TEXT, Means
from virtprov.cli.printing.output import Output
from virtprov.guest.boot import CDROM, IMPORT, Method
from virtprov.guest.document import DomainDocument, Guest
from virtprov.support.errors import CommandError

Captured = pytest.CaptureFixture[str]

NOTHING = Means(terminal=False, viewer=False)
TERMINAL = Means(terminal=True, viewer=False)
DESKTOP = Means(terminal=True, viewer=True)


def made(*displays: str, seed: bool = False, kind: str = IMPORT) -> InstallPlan:
    boot = DomainDocument.of(Guest.new(""))
    some = Seed("p", "v", "<disk/>", "no", (), boot, boot, "") if seed else None
    return InstallPlan(Plan((), (), "g"), some, Method(kind), displays)


@pytest.mark.parametrize(
    ("wanted", "guest", "here", "kind"),
    [
        (DEFAULT, made("spice"), DESKTOP, GRAPHICAL),
        (DEFAULT, made("vnc"), DESKTOP, GRAPHICAL),
        (DEFAULT, made("sdl"), DESKTOP, NONE),
        (DEFAULT, made("egl-headless", "vnc"), DESKTOP, GRAPHICAL),
        (DEFAULT, made("spice"), TERMINAL, NONE),
        (DEFAULT, made(), DESKTOP, TEXT),
        (DEFAULT, made(), NOTHING, NONE),
        (DEFAULT, made("spice", seed=True), DESKTOP, TEXT),
        (DEFAULT, made("spice", seed=True), NOTHING, NONE),
        (TEXT, made("spice"), DESKTOP, TEXT),
        (TEXT, made(), NOTHING, NONE),
        (GRAPHICAL, made(), DESKTOP, GRAPHICAL),
        (GRAPHICAL, made("vnc"), TERMINAL, NONE),
        (NONE, made("vnc"), DESKTOP, NONE),
        (NONE, made(seed=True), DESKTOP, NONE),
    ],
)
def test_which_console(wanted: str, guest: InstallPlan, here: Means, kind: str) -> None:
    assert attach_console.choose(wanted, guest, here, Output(quiet=True)) == kind


@pytest.mark.parametrize(
    ("wanted", "guest", "here", "err"),
    [
        (TEXT, made(), NOTHING, "warning: no text console opened: this is not a terminal\n"),
        (DEFAULT, made(), NOTHING, "no text console opened: this is not a terminal\n"),
        (GRAPHICAL, made("vnc"), TERMINAL, "warning: no viewer opened: a desktop and"),
        (DEFAULT, made("vnc"), TERMINAL, "no viewer opened: a desktop and"),
        (DEFAULT, made(kind=CDROM), TERMINAL, "warning: installers on CD rarely use the text console"),
        (DEFAULT, made(), TERMINAL, ""),
        (NONE, made(), NOTHING, ""),
    ],
)
def test_what_is_said(wanted: str, guest: InstallPlan, here: Means, err: str, capsys: Captured) -> None:
    attach_console.choose(wanted, guest, here, Output())
    assert capsys.readouterr().err.startswith(err)
    if not err:
        assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("wanted", "kind", "guest", "waits"),
    [
        (DEFAULT, NONE, made("vnc"), True),  # a viewer would have kept the command
        (DEFAULT, NONE, made("sdl"), True),
        (DEFAULT, GRAPHICAL, made("vnc"), False),
        (DEFAULT, NONE, made(), False),
        (DEFAULT, NONE, made("vnc", seed=True), False),
        (NONE, NONE, made("vnc"), False),
    ],
)
def test_who_is_waited_for_unasked(wanted: str, kind: str, guest: InstallPlan, waits: bool) -> None:
    assert attach_console.waits(wanted, kind, guest) is waits


@pytest.mark.parametrize(
    ("environment", "program", "viewer"),
    [
        ({"DISPLAY": ":0"}, "/usr/bin/virt-viewer", True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "/usr/bin/virt-viewer", True),
        ({"DISPLAY": ":0"}, None, False),
        ({}, "/usr/bin/virt-viewer", False),
    ],
)
def test_means(environment: dict[str, str], program: str | None, viewer: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("shutil.which", lambda name: program if name == "virt-viewer" else None)
    assert attach_console.means().viewer is viewer


HOST = cast(Any, SimpleNamespace(uri="qemu:///system"))


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (TEXT, ["virsh", "--connect", "qemu:///system", "console", "g"]),
        (GRAPHICAL, ["virt-viewer", "--connect", "qemu:///system", "--wait", "g"]),
    ],
)
def test_programs(kind: str, words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    started: list[list[str]] = []

    def run(argv: list[str]) -> int:
        started.append(argv)
        return 0

    monkeypatch.setattr("virtprov.support.programs.run_attached", run)
    attach_console.attach(kind, "g", HOST, Output())
    assert started == [words]
    assert ("Ctrl-]" in capsys.readouterr().err) is (kind == TEXT)


def test_a_program_that_is_missing_is_no_failure(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    def run(argv: list[str]) -> int:
        raise CommandError("virsh is not installed")

    monkeypatch.setattr("virtprov.support.programs.run_attached", run)
    attach_console.attach(TEXT, "g", HOST, Output())
    assert "warning: cannot open the console: virsh is not installed\n" in capsys.readouterr().err


def test_a_program_that_fails_is_said(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    monkeypatch.setattr("virtprov.support.programs.run_attached", lambda argv: 1)
    attach_console.attach(GRAPHICAL, "g", HOST, Output())
    assert "warning: virt-viewer could not show the console of 'g' (exit code 1)" in capsys.readouterr().err
