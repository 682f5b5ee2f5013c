"""The grammar of sub-options: cutting, keys, commas, spelling back."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from leaves import spell

from virtprov.guest.write import assign, subopts
from virtprov.options.catalogue import GROUPS, table
from virtprov.options.model import Row, Table
from virtprov.support.errors import UsageError

PLAIN = tuple(group for group in GROUPS if not table(group).whole)
TOY = Table(
    "toy",
    "./devices/toy",
    (
        Row("path", "./@path"),
        Row("mode", "./@mode", old=("way",)),
        Row("label", "./label", commas=True),
        Row("host[0-9]*.name", "./host[#]/@name"),
        Row("vram", "./@vram"),
        Row("vram64", "./@vram64"),
    ),
    first=("path", "mode"),
    many=True,
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", []),
        (",,", []),
        ("a,b=c", ["a", "b=c"]),
        ('a="b,c",d', ["a=b,c", "d"]),
        ("a='b,\"c',d", ['a=b,"c', "d"]),
        ('a="b\\"c\\\\",d', ['a=b"c\\', "d"]),
        ('a="b\\c"', ["a=b\\c"]),
        ("a=b\\,c", ["a=b,c"]),
        ('"",a', ["", "a"]),
        ("a=b c , d", ["a=b c ", " d"]),
        ("a\\", ["a"]),
        (r"C:\vms\x.vhdx,bus=ide", [r"C:\vms\x.vhdx", "bus=ide"]),
        (r"path=d:\vms\x y.vhdx", [r"path=d:\vms\x y.vhdx"]),
        (r"C:\\vms\\x.vhdx", [r"C:\vms\x.vhdx"]),
        (r"C:\a\,b", [r"C:\a,b"]),
        (r"\\server\share$\vms\x.vhdx,bus=ide", [r"\\server\share$\vms\x.vhdx", "bus=ide"]),
        (r"bus=ide,path=\\10.0.0.7\vms\x.vhdx", ["bus=ide", r"path=\\10.0.0.7\vms\x.vhdx"]),
        (r"\\a", [r"\a"]),
    ],
)
def test_split(text: str, words: list[str]) -> None:
    assert subopts.split(text, "toy") == words


@pytest.mark.parametrize("text", ['a="b', "a='b,c", '"'])
def test_open_quotes_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="missing closing quote") as refusal:
        subopts.split(text, "toy")
    assert refusal.value.hint


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("/a", [("path", "/a")]),
        ("/a,rw", [("path", "/a"), ("mode", "rw")]),
        ("/a,rw,more", [("path", "/a"), ("mode", "rw"), ("more", None)]),
        ("mode=rw,/a", [("mode", "rw"), ("/a", None)]),
        ("/a=b,mode=rw", [("path", "/a=b"), ("mode", "rw")]),
        ("http://h/x?a=b,rw", [("path", "http://h/x?a=b"), ("mode", "rw")]),
        ("label=a,b,mode=c", [("label", "a,b"), ("mode", "c")]),
        ("label=a,b=c,mode=d", [("label", "a,b=c"), ("mode", "d")]),
        ("label=,mode=d", [("label", ""), ("mode", "d")]),
        ("mode=", [("mode", "")]),
        ("unknown=1", [("unknown", "1")]),
        ("mode=a=b", [("mode", "a=b")]),
    ],
)
def test_pairs(text: str, pairs: list[tuple[str, str | None]]) -> None:
    assert subopts.pairs(TOY, text) == pairs


@pytest.mark.parametrize("key", ["host.name", "host0.name", "host12.name"])
def test_numbered_keys(key: str) -> None:
    hit = TOY.row(key)
    assert hit.row.name == "host[0-9]*.name"
    assert hit.row.path_for(hit.numbers) == f"./host[{(hit.numbers or (0,))[0] + 1}]/@name"


@pytest.mark.parametrize("key", ["host.name0", "host0", "path0", "0", "host0.name.x", ""])
def test_numbers_in_wrong_places(key: str) -> None:
    assert TOY.find(key) is None


def test_exact_names_win_over_numbers() -> None:
    hit = TOY.find("vram64")
    assert hit is not None
    assert hit.row.name == "vram64"


def test_the_last_of_two_wins() -> None:
    said = assign.resolve(TOY, subopts.pairs(TOY, "mode=a,way=b"))
    assert [(place.path, place.text) for place in said.places] == [("./@mode", "b")]


@pytest.mark.parametrize("text", ["?", "help", "help,x", "help=?", "?,x"])
def test_asking_for_help(text: str) -> None:
    assert subopts.wants_help(text)


def test_not_asking_for_help() -> None:
    assert not subopts.wants_help("helper,x=?")


def test_help_lists_every_name_once_in_order() -> None:
    lines = subopts.help_text(table("disk")).splitlines()
    assert lines[0] == "--disk options:"
    assert lines[1:] == sorted(lines[1:])
    assert "  source.host[0-9]*.name" in lines
    assert "  perms" not in lines


text = st.text(st.sampled_from("ab0=,\"'\\ ./[?]\n") | st.characters(exclude_categories=["Cs"]), max_size=40)
"""Words with all that means something to the grammar."""


@st.composite
def group_and_text(draw: st.DrawFn) -> tuple[str, str]:
    """A group, and some of its names with values, in any order, with anything between."""
    group = draw(st.sampled_from(PLAIN))
    names = [name.replace("[0-9]*", "1") for name in table(group).names(old=True)]
    word = st.one_of(text, st.builds("{}={}".format, st.sampled_from(names), text), st.sampled_from(names))
    return group, ",".join(draw(st.lists(word, max_size=5)))


@given(group_and_text())
@example(("seclabel", 'label="a,b",,c'))
@example(("disk", '"",a'))
@example(("disk", '"a,b"=c'))
def test_any_text_is_refused_or_spelled_back_with_the_same_meaning(case: tuple[str, str]) -> None:
    group, given_text = case
    rows = table(group)
    try:
        pairs = subopts.pairs(rows, given_text)
    except UsageError as refusal:
        assert refusal.message
        return
    assert subopts.pairs(rows, spell(pairs)) == pairs


@given(group_and_text())
def test_any_text_is_resolved_or_refused(case: tuple[str, str]) -> None:
    group, given_text = case
    rows = table(group)
    try:
        said = assign.resolve(rows, subopts.pairs(rows, given_text))
        if rows.many or rows.part:
            assign.build(rows, said)
    except UsageError as refusal:
        assert refusal.message


@pytest.mark.parametrize("piece", ["\\", "\\a", "C:\\a"])
def test_a_long_value_takes_no_longer_than_its_length(piece: str) -> None:
    begun = time.process_time()
    subopts.split(piece * (400_000 // len(piece)), "disk")
    assert time.process_time() - begun < 5  # 40 when each backslash looked at all that came before
