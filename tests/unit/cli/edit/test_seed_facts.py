"""--cloud-init of virtprov-xml: where it stands among other changes, what it takes, what JSON says of it."""

from __future__ import annotations

import pytest

from virtprov.actions.edit.changing.outcome import ApplyOptions
from virtprov.actions.edit.guest_report import GuestReport, SeedReport
from virtprov.actions.seed.replace import NewSeed
from virtprov.actions.steps.seed_volumes import OldSeed
from virtprov.cli.edit import seed_facts, typed_changes
from virtprov.cli.edit.flags import GROUPS, build_parser
from virtprov.support.errors import UsageError


def said(*argv: str) -> list[typed_changes.Words]:
    return typed_changes.changes(build_parser().parse_args(["g", *argv]), GROUPS)


@pytest.mark.parametrize(
    ("argv", "actions"),
    [
        (["--cloud-init"], ["cloud-init"]),
        (["--cloud-init", "--edit", "--memory", "1"], ["cloud-init", "edit"]),
        (["--edit", "--memory", "1", "--cloud-init", "user=a"], ["edit", "cloud-init"]),
        (["--memory", "1", "--cloud-init", "user=a", "--edit"], ["cloud-init", "edit"]),
        (
            ["--edit", "--memory", "1", "--cloud-init", "user=a", "--add-device", "--rng", "default"],
            ["edit", "cloud-init", "add-device"],
        ),
    ],
)
def test_it_stands_among_the_changes_as_it_was_typed(argv: list[str], actions: list[str]) -> None:
    assert [words.action for words in said(*argv)] == actions


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--cloud-init", "user=a", "--memory", "1"], "no action given with --memory"),
        (["--cloud-init", "user=a", "--edit"], "--edit is not followed by a change"),
        (["--cloud-init", "user=a", "--build-xml", "--rng", "default"], "--build-xml cannot be combined with changes"),
        ([], "no action given"),
    ],
)
def test_other_groups_still_need_an_action(argv: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        said(*argv)


def report(*old: OldSeed, password: str = "") -> SeedReport:
    return SeedReport(NewSeed("p", "g-seed_facts.iso", "/p/g-seed_facts.iso", "vdb", "iid-1"), password, old)


def test_json_tells_of_seeds_where_there_are_any() -> None:
    assert seed_facts.facts([], ["word"]) == {}
    old = OldSeed("p", "g-seed-1.iso", "/p/g-seed-1.iso")
    told = seed_facts.facts([report(old), report(old)], ["word"])
    assert told == {
        "cloud_init": {
            "seed": {
                "pool": "p",
                "volume": "g-seed_facts.iso",
                "path": "/p/g-seed_facts.iso",
                "target": "vdb",
                "instance_id": "iid-1",
            },
            "released": [{"pool": "p", "volume": "g-seed-1.iso", "path": "/p/g-seed-1.iso"}],
            "root_password": "word",
        }
    }


def test_a_password_of_a_seed_that_is_not_written_is_told_to_nobody() -> None:
    told = seed_facts.facts([report(password="word")], [])["cloud_init"]
    assert isinstance(told, dict) and told["root_password"] is None


@pytest.mark.parametrize(
    ("wanted", "told"),
    [(ApplyOptions(define=True), ["word"]), (ApplyOptions(start=True), ["word"]), (ApplyOptions(update=True), [])],
)
def test_a_password_is_told_of_seeds_that_are_written(wanted: ApplyOptions, told: list[str]) -> None:
    planned = GuestReport("g", "", None, wanted)
    planned.seeds = (report(), report(password="word"))
    assert planned.passwords == told
