"""The value of --osinfo."""

from __future__ import annotations

import pytest

from virtprov.osinfo.os_request import DISABLE_REQUIRE, OsinfoRequest, from_options, parse_word

DEFAULT = OsinfoRequest(detect=True, require=True, is_default=True)
FULL = "http://example.org/one/1"


@pytest.mark.parametrize(
    ("value", "asked"),
    [
        (None, DEFAULT),
        ("", DEFAULT),
        (" auto ", DEFAULT),
        ("none", OsinfoRequest("generic")),
        ("list", OsinfoRequest(wants_list=True)),
        ("?", OsinfoRequest(wants_help=True)),
        ("help", OsinfoRequest(wants_help=True)),
        ("fedora40", None),
        ("name=none", None),
    ],
)
def test_words_that_stand_alone(value: str | None, asked: OsinfoRequest | None) -> None:
    assert parse_word(value, {}) == asked


@pytest.mark.parametrize(
    ("options", "asked"),
    [
        ({"name": "fedora40"}, OsinfoRequest("fedora40")),
        ({"name": "fedora40", "id": FULL}, OsinfoRequest(FULL, True)),
        ({"detect": "yes", "require": "no"}, OsinfoRequest(detect=True)),
        ({"detect": "yes"}, OsinfoRequest(detect=True, require=True)),
        ({"detect": "yes", "name": "fedora40"}, OsinfoRequest("fedora40", detect=True)),
        ({"list": "ubuntu"}, OsinfoRequest(wants_list=True, list_word="ubuntu")),
        ({"name": ""}, OsinfoRequest()),
    ],
)
def test_options(options: dict[str, str], asked: OsinfoRequest) -> None:
    assert from_options(options, {}) == asked


@pytest.mark.parametrize("value", ["1", "0", ""])
def test_the_environment_turns_the_requirement_off(value: str) -> None:
    there = {DISABLE_REQUIRE: value}
    assert parse_word(None, there) == DEFAULT._replace(require=False)
    assert parse_word("auto", there) == DEFAULT._replace(require=False)
    assert from_options({"detect": "yes"}, there) == OsinfoRequest(detect=True)
    assert from_options({"detect": "yes", "require": "yes"}, there) == OsinfoRequest(detect=True, require=True)
