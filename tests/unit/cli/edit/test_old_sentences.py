"""What virt-xml says about an edit, as its version 4.1 was seen to say it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from virtprov.actions.edit.changing.outcome import ApplyOptions
from virtprov.cli.edit import old_sentences

DEFINED = "Domain 'web' defined successfully."
LATER = "Changes will take effect after the domain is fully powered off."


def report(wanted: ApplyOptions, *, changed: bool = True, updates: bool = False, waits: bool = False) -> Any:
    return SimpleNamespace(name="web", wanted=wanted, changed=changed, updates=updates, waits=waits)


@pytest.mark.parametrize(
    ("planned", "actions", "done", "lines"),
    [
        (report(ApplyOptions(define=True)), ["edit"], True, [DEFINED]),
        (report(ApplyOptions(define=True), waits=True), ["edit"], True, [DEFINED, LATER]),
        (report(ApplyOptions(define=True), changed=False), ["edit"], False, [DEFINED]),
        (report(ApplyOptions(define=True)), ["edit"], False, []),  # refused when asked
        (
            report(ApplyOptions(define=True, update=True), updates=True, waits=True),
            ["add-device"],
            True,
            ["Device hotplug successful.", DEFINED],
        ),
        (
            report(ApplyOptions(define=False, update=True), updates=True),
            ["remove-device"],
            True,
            ["Device hotunplug successful."],
        ),
        (report(ApplyOptions(define=False, update=True), updates=True), ["edit"], True, ["Device update successful."]),
        (
            report(ApplyOptions(define=True, start=True)),
            ["edit"],
            True,
            [DEFINED, "Domain 'web' started successfully."],
        ),
        (report(ApplyOptions(define=False)), ["edit"], False, []),
    ],
)
def test_sentences(planned: Any, actions: list[str], done: bool, lines: list[str]) -> None:
    assert old_sentences.of(planned, actions, done=done) == lines
