"""What virt-xml says about an edit, as its version 4.1 was seen to say it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from virtprov.actions.edit.outcome import Wanted
from virtprov.cli.edit import old_sentences

DEFINED = "Domain 'web' defined successfully."
LATER = "Changes will take effect after the domain is fully powered off."


def report(wanted: Wanted, *, changed: bool = True, updates: bool = False, waits: bool = False) -> Any:
    return SimpleNamespace(name="web", wanted=wanted, changed=changed, updates=updates, waits=waits)


@pytest.mark.parametrize(
    ("planned", "actions", "done", "lines"),
    [
        (report(Wanted(define=True)), ["edit"], True, [DEFINED]),
        (report(Wanted(define=True), waits=True), ["edit"], True, [DEFINED, LATER]),
        (report(Wanted(define=True), changed=False), ["edit"], False, [DEFINED]),
        (report(Wanted(define=True)), ["edit"], False, []),  # refused when asked
        (
            report(Wanted(define=True, update=True), updates=True, waits=True),
            ["add-device"],
            True,
            ["Device hotplug successful.", DEFINED],
        ),
        (
            report(Wanted(define=False, update=True), updates=True),
            ["remove-device"],
            True,
            ["Device hotunplug successful."],
        ),
        (report(Wanted(define=False, update=True), updates=True), ["edit"], True, ["Device update successful."]),
        (
            report(Wanted(define=True, start=True)),
            ["edit"],
            True,
            [DEFINED, "Domain 'web' started successfully."],
        ),
        (report(Wanted(define=False)), ["edit"], False, []),
    ],
)
def test_sentences(planned: Any, actions: list[str], done: bool, lines: list[str]) -> None:
    assert old_sentences.of(planned, actions, done=done) == lines
