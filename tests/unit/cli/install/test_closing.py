"""What virtprov-install says about a new guest, in its own sentences and in those of virt-install."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from virtprov.actions.install.result import Disk, Result
from virtprov.actions.request import InstallRequest
from virtprov.actions.waiting.wait_goals import WaitGoals
from virtprov.cli import compat
from virtprov.cli.install import closing
from virtprov.cli.printing import result_lines
from virtprov.cli.printing.output import Output
from virtprov.guest.boot import CDROM, IMPORT, Method

START = "You can restart your domain by running:\n  virsh --connect qemu:///system start web\n"
STILL = "\nDomain is still running. Installation may be in progress.\n"
OVER = "Domain has shutdown. Continuing.\nDomain creation completed.\n"


def work(kind: str, request: InstallRequest) -> Any:
    made = SimpleNamespace(plan=SimpleNamespace(name="web"), method=Method(kind), wanted=None, answers=None)
    return SimpleNamespace(made=made, request=request, host=SimpleNamespace(uri="qemu:///system"))


def told(kind: str, minutes: float | None, state: str, **request: Any) -> closing.Closing:
    said = closing.for_run(work(kind, InstallRequest(**request)), Output())
    said.begin()
    said.wait(minutes)
    said.end(state)
    return said


@pytest.mark.parametrize(
    ("kind", "minutes", "state", "request_", "text"),
    [
        (IMPORT, None, "created", {}, "Domain creation completed.\n"),
        (IMPORT, None, "off", {"noreboot": True}, "Domain creation completed.\n" + START),
        (IMPORT, 1.0, "off", {}, STILL + "Waiting 1 minute for the installation to complete.\n" + OVER + START),
        (IMPORT, 5.0, "created", {}, STILL + "Waiting 5 minutes for the installation to complete.\n" + OVER),
        (
            CDROM,
            None,
            "installing",
            {},
            STILL + "You can reconnect to the console to complete the installation process.\n",
        ),
        (
            CDROM,
            -1.0,
            "created",
            {},
            STILL + "Waiting for the installation to complete.\n" + OVER + "Restarting guest.\n",
        ),
        (
            CDROM,
            -1.0,
            "off",
            {},
            STILL + "Waiting for the installation to complete.\n" + OVER + "User stopped the VM. Not rebooting.\n",
        ),
        (
            CDROM,
            -1.0,
            "off",
            {"noreboot": True},
            STILL + "Waiting for the installation to complete.\n" + OVER + START,
        ),
    ],
)
def test_the_sentences_of_virt_install(
    kind: str,
    minutes: float | None,
    state: str,
    request_: dict[str, Any],
    text: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """As virt-install 4.1 prints them, but for its progress."""
    monkeypatch.setattr(compat, "held", compat.OLD)
    told(kind, minutes, state, **request_)
    assert capsys.readouterr().out == "\nStarting install...\n" + text


def test_the_rest(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(compat, "held", compat.OLD)
    said = closing.for_run(work(IMPORT, InstallRequest()), Output())
    said.password("abc")
    said.give_up()
    assert capsys.readouterr().out == (
        "Password for first root login is: abc\nInstallation has exceeded specified time limit. Exiting application.\n"
    )


@pytest.mark.parametrize(("minutes", "limit"), [(30.0, "30 minutes "), (0.5, "0.5 minutes "), (-1.0, "")])
def test_the_limit_is_that_of_the_wait(
    minutes: float, limit: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--wait ready` has a default that depends on the guest."""
    monkeypatch.setattr(compat, "held", compat.OLD)
    waiting = work(IMPORT, InstallRequest())
    waiting.made.wanted = WaitGoals(minutes=minutes)
    closing.for_run(waiting, Output()).wait(10.0)
    assert capsys.readouterr().out == f"{STILL}Waiting {limit}for the installation to complete.\n"


WEB = Result("web", "u", "running", (), ("10.0.0.5",), (), "ssh root@10.0.0.5", (Disk("vda", "/web.qcow2", 0),))


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        (None, "Guest 'web' is running and cloud-init is done."),
        (WaitGoals(), "Guest 'web' is running and ready."),
        (WaitGoals(not_asked=("ssh was not asked",)), "Guest 'web' is running and ready (ssh was not asked)."),
    ],
)
def test_our_own(
    wanted: WaitGoals | None, sentence: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(result_lines, "describe", lambda host, name, output: WEB)
    of_work = work(IMPORT, InstallRequest())
    of_work.made.wanted = wanted
    closing.for_run(of_work, Output()).end("ready")
    assert capsys.readouterr().out.splitlines() == [
        sentence,
        "  address: 10.0.0.5",
        "  login:   ssh root@10.0.0.5",
        "  disk:    /web.qcow2",
    ]


def test_a_guest_that_is_not_waited_for_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    told(IMPORT, None, "created").give_up()
    assert capsys.readouterr().out == "Guest 'web' has been created and is running.\n"
