"""Made-up names: several commands at once come to the same one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from virtprov.actions.clone import draft
from virtprov.actions.request import CloneRequest
from virtprov.actions.run.again import TRIES, apply_with_free_names
from virtprov.host.connection import Host
from virtprov.host.failures import Taken
from virtprov.library.cloning import Copy, clone
from virtprov.support.errors import HostError
from virtprov.support.file_access.copy import Exists, copy_image

OFF = "<domain type='test'><name>off</name><memory>1024</memory><os><type>hvm</type></os></domain>"


def test_the_next_name_is_taken() -> None:
    names, said, done = iter(("b", "c", "d")), list[str](), list[str]()

    def do(name: str) -> None:
        if name in ("a", "b"):
            raise Taken(f"'{name}' is there")
        done.append(name)

    assert apply_with_free_names("a", lambda: next(names), do, said.append) == "c" and done == ["c"]
    assert said[0] == "Another command was faster ('a' is there); trying the next name" and len(said) == 2


@pytest.mark.parametrize("replan", [None, lambda: "a"])
def test_but_not_for_ever_and_not_where_the_name_was_given(replan: Callable[[], str] | None) -> None:
    tries: list[str] = []

    def do(name: str) -> None:
        tries.append(name)
        raise Taken("there")

    with pytest.raises(Taken):
        apply_with_free_names("a", replan, do, lambda sentence: None)
    assert len(tries) == (TRIES + 1 if replan else 1)


def test_other_failures_are_failures() -> None:
    def do(name: str) -> None:
        raise HostError("no")

    with pytest.raises(HostError, match="no"):
        apply_with_free_names("a", lambda: "b", do, lambda sentence: None)


def test_a_clone_whose_name_is_taken_meanwhile(place: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the plan and its steps another command defines the same name."""
    real, seen = draft.plan, list[str]()

    def plan(request: CloneRequest, host: Host) -> draft.ClonePlan:
        made = real(request, host)
        if not seen:
            host.guests.define(made.plan.documents[0].replace(made.uuid, "11111111-2222-4333-8444-555555555555"))
        seen.append(made.plan.name)
        return made

    monkeypatch.setattr(draft, "plan", plan)
    place.guests.define(OFF)
    assert clone(place, Copy("off")).name == seen[1] != seen[0]
    assert place.guests.find(seen[1]) is not None


def test_a_copy_never_writes_over_a_file_that_came_meanwhile(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"a")
    (tmp_path / "b").write_bytes(b"b")
    with pytest.raises(Exists):
        copy_image(str(tmp_path / "a"), str(tmp_path / "b"))
    assert (tmp_path / "b").read_bytes() == b"b"
