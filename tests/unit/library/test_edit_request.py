"""One change: what can be asked for, and what makes no sense."""

from __future__ import annotations

import pytest

from virtprov.actions.edit.changing.changes import EJECT, SEED, EditRequest
from virtprov.cloudinit.seed_request import SeedRequest
from virtprov.guest.write.select import Selector
from virtprov.library.edit_request import Change, check_change, to_request
from virtprov.support.errors import UsageError


def request(texts: list[str]) -> EditRequest:
    return to_request(Change("cloud-init", "cloud-init", texts))


def test_several_uses_make_one_seed() -> None:
    made = request(["user=a", "user-data=/a,b,hostname=h", "user=c"])
    assert (made.action, made.group) == (SEED, "cloud-init")
    assert made.seed == SeedRequest(user="c", user_data="/a,b", hostname="h")
    assert made.seed_text == "user=c,user-data=/a,b,hostname=h"
    assert request([""]).seed == SeedRequest(root_password_generate=True, disable=True)


def test_a_seed_of_a_guest_that_is_there_stays() -> None:
    assert request(["keep=yes"]).seed == SeedRequest(keep="yes")
    with pytest.raises(UsageError, match="the seed of an existing guest stays until it is ejected"):
        request(["keep=first-boot"])


def test_eject_stands_alone() -> None:
    assert request(["eject"]).action == EJECT
    for texts in (["eject", "user=a"], ["", "eject"], ["eject", "eject"]):
        with pytest.raises(UsageError, match="--cloud-init eject and a new --cloud-init seed cannot be used together"):
            request(texts)
    with pytest.raises(UsageError, match="--cloud-init none"):
        request(["none"])


def test_a_number_is_a_value() -> None:
    assert [use.text for use in to_request(Change("edit", "memory", 4096)).uses] == ["4096"]


@pytest.mark.parametrize(("which", "position"), [(None, ""), ("2", "2"), ("all", "all")])
def test_which_elements_are_meant(which: str | None, position: str) -> None:
    assert to_request(Change("edit", "disk", "cache=none", which)).selector == Selector(position)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (Change("chnage", "memory", 1), "unknown action 'chnage'"),
        (Change("edit", "memry", 1), "unknown option group 'memry'"),
        (Change("edit", "cloud-init", "user=a"), "unknown option group 'cloud-init'"),
        (Change("edit", "memory"), "--memory requires a value"),
        (Change("cloud-init", "cloud-init", "user-data=-"), "only the commands can read standard input"),
    ],
)
def test_changes_that_make_no_sense(change: Change, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        check_change(change)


def test_a_removal_names_a_device() -> None:
    with pytest.raises(UsageError, match="the selection of --disk is empty"):
        to_request(Change("remove-device", "disk"))
