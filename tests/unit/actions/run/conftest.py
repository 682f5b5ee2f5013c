"""Runs that leave a trail, and are cut off."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from virtprov.actions.run.plan import RunContext, Step
from virtprov.actions.run.trail import FileTrail
from virtprov.actions.run.trail_reader import Run, read_ended_runs
from virtprov.host.connection import Host

Around = Callable[[Any], RunContext]


@pytest.fixture(autouse=True)
def own_state(home: object) -> None:
    """No test sees the trails of another."""


@pytest.fixture
def with_trail(context_of: Around, told: Any) -> Around:
    """A context around a host whose runs leave a trail."""

    def make(host: Any) -> RunContext:
        context = context_of(host)
        context.trail = FileTrail("virtprov-install", host, told.warned.append)
        context.trail.note_guest("new")
        return context

    return make


@pytest.fixture
def context(place: Host, with_trail: Around) -> RunContext:
    """A context around the host of the test driver whose runs leave a trail."""
    return with_trail(place)


@pytest.fixture
def cut_off() -> Callable[..., None]:
    """Do steps as a run that is killed then."""

    def do(context: RunContext, *steps: Step) -> None:
        for step in steps:
            step.do(context)
        assert isinstance(context.trail, FileTrail)
        context.trail.let_go()

    return do


@pytest.fixture
def read_run() -> Iterator[Callable[[], Run]]:
    """Read the one run that is left."""
    logs = []

    def read() -> Run:
        unreadable: list[str] = []
        ((run, log),) = read_ended_runs(unreadable)
        assert unreadable == []
        logs.append(log)
        return run

    yield read
    for log in logs:
        log.close()
