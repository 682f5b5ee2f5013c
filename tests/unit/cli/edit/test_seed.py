"""--cloud-init of virtprov-xml: where it stands among other changes, what it takes, what JSON says of it."""

from __future__ import annotations

import pytest

from virtprov.actions.edit.changes import EJECT, SEED
from virtprov.actions.edit.guest_report import GuestReport, SeedReport
from virtprov.actions.edit.outcome import Wanted
from virtprov.actions.seed.replace import NewSeed, OldSeed
from virtprov.cli.edit import seed, typed_changes
from virtprov.cli.edit.flags import GROUPS, build_parser
from virtprov.cloudinit.seed_request import SeedRequest
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
        (["--cloud-init", "user=a", "--memory", "1"], "what is to be done with --memory is not said"),
        (["--cloud-init", "user=a", "--edit"], "one --edit has no change behind it"),
        (["--cloud-init", "user=a", "--build-xml", "--rng", "default"], "--build-xml shows one element"),
        ([], "what is to be done is not said"),
    ],
)
def test_other_groups_still_need_an_action(argv: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        said(*argv)


def test_several_uses_make_one_seed() -> None:
    (words,) = said("--cloud-init", "user=a", "--cloud-init", "user-data=/a,b,hostname=h", "--cloud-init", "user=c")
    made = seed.request(words.groups["cloud-init"])
    assert (made.action, made.group) == (SEED, "cloud-init")
    assert made.seed == SeedRequest(user="c", user_data="/a,b", hostname="h")
    assert made.seed_text == "user=c,user-data=/a,b,hostname=h"
    assert seed.request([""]).seed == SeedRequest(root_password_generate=True, disable=True)


def test_a_seed_of_a_guest_that_is_there_stays() -> None:
    assert seed.request(["keep=yes"]).seed == SeedRequest(keep="yes")
    with pytest.raises(UsageError, match="stays until it is taken out"):
        seed.request(["keep=first-boot"])


def test_eject_stands_alone() -> None:
    assert seed.request(["eject"]).action == EJECT
    for texts in (["eject", "user=a"], ["", "eject"], ["eject", "eject"]):
        with pytest.raises(UsageError, match="takes the seed out"):
            seed.request(texts)
    with pytest.raises(UsageError, match="--cloud-init none"):
        seed.request(["none"])


def report(*old: OldSeed, password: str = "") -> SeedReport:
    return SeedReport(NewSeed("p", "g-seed.iso", "/p/g-seed.iso", "vdb", "iid-1"), password, old)


def test_json_tells_of_seeds_where_there_are_any() -> None:
    assert seed.facts([], ["word"]) == {}
    old = OldSeed("p", "g-seed-1.iso", "/p/g-seed-1.iso")
    told = seed.facts([report(old), report(old)], ["word"])
    assert told == {
        "cloud_init": {
            "seed": {
                "pool": "p",
                "volume": "g-seed.iso",
                "path": "/p/g-seed.iso",
                "target": "vdb",
                "instance_id": "iid-1",
            },
            "released": [{"pool": "p", "volume": "g-seed-1.iso", "path": "/p/g-seed-1.iso"}],
            "root_password": "word",
        }
    }


def test_a_password_of_a_seed_that_is_not_written_is_told_to_nobody() -> None:
    told = seed.facts([report(password="word")], [])["cloud_init"]
    assert isinstance(told, dict) and told["root_password"] is None


@pytest.mark.parametrize(
    ("wanted", "told"), [(Wanted(define=True), ["word"]), (Wanted(start=True), ["word"]), (Wanted(update=True), [])]
)
def test_a_password_is_told_of_seeds_that_are_written(wanted: Wanted, told: list[str]) -> None:
    planned = GuestReport("g", "", None, wanted)
    planned.seeds = (report(), report(password="word"))
    assert planned.passwords == told
