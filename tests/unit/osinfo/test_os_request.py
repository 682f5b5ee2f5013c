"""The value of --osinfo."""

from __future__ import annotations

import pytest

from virtprov.osinfo.os_request import DISABLE_REQUIRE, OsinfoRequest, parse
from virtprov.support.errors import UsageError

DEFAULT = OsinfoRequest(detect=True, require=True, is_default=True)
FULL = "http://example.org/one/1"


@pytest.mark.parametrize(
    ("value", "asked"),
    [
        (None, DEFAULT),
        ("", DEFAULT),
        ("auto", DEFAULT),
        ("fedora40", OsinfoRequest("fedora40")),
        ("name=fedora40", OsinfoRequest("fedora40")),
        ("short-id=fedora40", OsinfoRequest("fedora40")),
        ("short_id=fedora40", OsinfoRequest("fedora40")),
        ("name=fedora39,short-id=fedora40", OsinfoRequest("fedora40")),
        ("short-id=fedora40,name=fedora39", OsinfoRequest("fedora40")),
        ("name=fedora39,name=fedora40", OsinfoRequest("fedora40")),
        (FULL, OsinfoRequest(FULL, True)),
        (f"id={FULL}", OsinfoRequest(FULL, True)),
        (f"name=fedora40,id={FULL}", OsinfoRequest(FULL, True)),
        ("http://example.org/?a=b", OsinfoRequest("http://example.org/?a=b", True)),
        ("none", OsinfoRequest("generic")),
        ("generic", OsinfoRequest("generic")),
        ("list", OsinfoRequest(wants_list=True)),
        ("list=ubuntu", OsinfoRequest(wants_list=True, list_word="ubuntu")),
        ("?", OsinfoRequest(wants_help=True)),
        ("help", OsinfoRequest(wants_help=True)),
        ("detect=on", OsinfoRequest(detect=True)),
        ("detect=yes,require=no", OsinfoRequest(detect=True)),
        ("detect=Yes,require=TRUE", OsinfoRequest(detect=True, require=True)),
        ("require=on", OsinfoRequest(require=True)),
        ("detect=off", OsinfoRequest()),
        ("name=", OsinfoRequest()),
        ("detect=on,name=fedora40", OsinfoRequest("fedora40", detect=True)),
        ("fedora40,detect=on", OsinfoRequest("fedora40", detect=True)),
        (" name = fedora40 , require = on ", OsinfoRequest("fedora40", require=True)),
    ],
)
def test_every_spelling(value: str | None, asked: OsinfoRequest) -> None:
    assert parse(value, {}) == asked


@pytest.mark.parametrize("value", ["1", "0", ""])
def test_the_environment_turns_the_requirement_off(value: str) -> None:
    there = {DISABLE_REQUIRE: value}
    assert parse(None, there) == DEFAULT._replace(require=False)
    assert parse("auto", there) == DEFAULT._replace(require=False)
    assert parse("detect=on,require=on", there).require


@pytest.mark.parametrize(
    ("value", "said", "hint"),
    [
        ("nam=fedora40", "no option 'nam'", "'name'"),
        ("fedora40,foo=bar", "no option 'foo'", "name, short-id"),
        ("name=fedora40,detect", "'detect' has no value", "detect="),
        ("detect=on,require", "'require' has no value", "require="),
        ("detect=maybe", "'maybe' is neither yes nor no", "detect=on"),
    ],
)
def test_mistakes_are_named(value: str, said: str, hint: str) -> None:
    with pytest.raises(UsageError) as problem:
        parse(value, {})
    assert said in problem.value.message
    assert hint in problem.value.hint
