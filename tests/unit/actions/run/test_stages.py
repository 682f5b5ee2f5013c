"""When a guest reached which stage."""

from __future__ import annotations

from virtprov.actions.run.stages import CREATED, END, IP, Stage, Stages


def test_stages_are_counted_from_the_start_of_the_guest() -> None:
    moments = iter([100.0, 103.5, 110.0, 111.25])
    stages = Stages(lambda: next(moments), iter([1000.0, 1006.5, 1007.75]).__next__)
    stages.note(CREATED)
    stages.note(IP)
    stages.note(END)
    assert stages.list() == (Stage(CREATED, 3.5, 1000.0), Stage(IP, 6.5, 1006.5), Stage(END, 7.75, 1007.75))


def test_only_the_first_time_counts() -> None:
    moments = iter(range(100))
    stages = Stages(lambda: next(moments), lambda: 0.0)
    stages.note(IP)
    stages.note(IP)
    assert stages.list() == (Stage(IP, 1, 0.0),)
