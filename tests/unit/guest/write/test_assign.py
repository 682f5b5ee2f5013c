"""Building, editing, matching and clearing from the same rows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from virtprov.guest.write import assign, subopts
from virtprov.guest.write.assign import Assignments
from virtprov.options.catalogue import table
from virtprov.options.model import FLAG, INT, Pair, Row, Table, aside
from virtprov.support.errors import UsageError
from virtprov.xml import path as places
from virtprov.xml import tree


def _expand(pairs: list[Pair]) -> list[Pair]:
    return [
        each for key, value in pairs for each in ([(key, value), aside("./@auto")] if key == "port" else [(key, value)])
    ]


TOY = Table(
    "toy",
    "./devices/toy",
    (
        Row("type", "./@type"),
        Row("port", "./@port", INT),
        Row("model", "./@model", ignored=("default",)),
        Row("ro", "./ro", FLAG),
        Row("size", "./size"),
        Row("size.unit", "./size/@unit"),
        Row("source", "./source/@dir", by_type={"file": "./source/@file", "none": ""}),
        Row("host[0-9]*.name", "./source/host[#]/@name"),
        Row("wish"),
    ),
    first=("type",),
    many=True,
    expand=_expand,
)


def said(text: str) -> Assignments:
    return assign.resolve(TOY, subopts.pairs(TOY, text))


def built(text: str) -> str:
    return "".join(line.strip() for line in tree.to_text(assign.build(TOY, said(text))).splitlines())


@pytest.mark.parametrize(
    ("text", "xml"),
    [
        ("", "<toy/>"),
        ("a,ro=on", '<toy type="a"><ro/></toy>'),
        ("model=default", "<toy/>"),
        ("ro=off", "<toy/>"),
        ("size=5,size.unit=M", '<toy><size unit="M">5</size></toy>'),
        ("size.unit=M,size=5", '<toy><size unit="M">5</size></toy>'),
        ("source=/a", '<toy><source dir="/a"/></toy>'),
        ("source=/a,type=file", '<toy type="file"><source file="/a"/></toy>'),
        ("source=/a,type=none", '<toy type="none"/>'),
        ("host2.name=c,host0.name=a", '<toy><source><host name="a"/><host name="c"/></source></toy>'),
        ("port=0x10", '<toy port="16"/>'),
        (
            "xpath.set=./@a=b,xpath2.create=./new,xpath3.set=./x/y,xpath3.value=z",
            '<toy a="b"><new/><x><y>z</y></x></toy>',
        ),
        ("xpath1.set=./a=b,xpath1.create=./c", "<toy><c/></toy>"),
        ("size=5,xpath1.delete=./size", "<toy/>"),
    ],
)
def test_build(text: str, xml: str) -> None:
    assert built(text) == xml


def test_verbs_are_left_over() -> None:
    assert said("wish=x,ro=on").verbs == {"wish": "x"}


@pytest.mark.parametrize(
    ("before", "text", "after"),
    [
        ('<toy port="1" auto="yes"/>', "port=2", '<toy port="2"/>'),
        ('<toy port="1" auto="yes"/>', "port=", "<toy/>"),
        ("<toy><ro><deep/></ro></toy>", "ro=no", "<toy/>"),
        ("<toy><ro><deep/></ro></toy>", "ro=yes", "<toy><ro><deep/></ro></toy>"),
        ('<toy type="file"><source file="/a"/></toy>', "source=/b", '<toy type="file"><source file="/b"/></toy>'),
        ('<toy><source><host name="a"/><host/></source></toy>', "host2.name=c", None),
        ('<toy><size unit="M">5</size><keep/></toy>', "size=7", '<toy><size unit="M">7</size><keep/></toy>'),
        ('<toy><size unit="M">5</size></toy>', "size=,size.unit=", "<toy/>"),
        ("<toy><!-- note --><other/></toy>", "ro=on", "<toy><!-- note --><other/><ro/></toy>"),
    ],
)
def test_edit(before: str, text: str, after: str | None) -> None:
    node = tree.parse(before)
    assign.write(node, said(text))
    wanted = after or '<toy><source><host name="a"/><host/><host name="c"/></source></toy>'
    assert tree.same(node, tree.parse(wanted)), tree.to_text(node)


def test_text_of_an_element_with_children_is_replaced() -> None:
    node = tree.parse("<toy><size>5\n  <unit/>\n</size></toy>")
    assign.write(node, said("size=7"))
    assert places.text(node, "./size") == "7"
    assert tree.to_text(node) == "<toy><size>7\n  <unit/>\n</size></toy>\n"


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("type=file", True),
        ("type=dir", False),
        ("port=5900", True),
        ("port=0x170c", True),
        ("port=", False),
        ("model=", True),
        ("ro=on", True),
        ("ro=off", False),
        ("ro=", False),
        ("source=/a", True),
        ("host1.name=b", True),
        ("host0.name=b", False),
        ("host7.name=b", False),
        ("", True),
    ],
)
def test_matches(text: str, fits: bool) -> None:
    node = tree.parse(
        '<toy type="file" port="5900" auto="no"><ro/><source file="/a"><host name="a"/><host name="b"/></source></toy>'
    )
    before = tree.to_text(node)
    assert assign.matches(node, said(text)) is fits
    assert tree.to_text(node) == before, "matching changed the element"


def test_clear() -> None:
    node = tree.parse('<all>\n  <toy a="b">\n    <c/>\n  </toy>\n  <last/>\n</all>')
    assign.clear(node[0])
    assert tree.to_text(node) == "<all>\n  <toy/>\n  <last/>\n</all>\n"


@pytest.mark.parametrize(
    "text",
    [
        "nothing=1",
        "type",
        "a,b",
        "port=x",
        "port=1.5",
        "ro=perhaps",
        "clearxml=perhaps",
        "size=\x01",
        "size=\udcff",
        "host99999.name=a",
        "type=a,size",
    ],
)
def test_refusals(text: str) -> None:
    if text == "type":
        assert said(text).places[0].text == "type"
        return
    with pytest.raises(UsageError) as refusal:
        said(text)
    assert refusal.value.message.startswith("--toy")


@pytest.mark.parametrize(
    "text",
    ["xpath.value=3", "xpath.set=./a", "xpath.set=///=x", "xpath.create=/a", "xpath.create=./1a", "xpath.set=./@1=x"],
)
def test_xpath_refusals(text: str) -> None:
    with pytest.raises(UsageError) as refusal:
        built(text)
    assert refusal.value.hint


DEVICES = ("disk", "network", "filesystem", "graphics", "controller", "rng", "memdev", "serial", "tpm", "sound")
WORDS = st.text(st.characters(min_codepoint=33, exclude_categories=("Cs", "Cn", "Z")), min_size=1, max_size=8)


@st.composite
def uses(draw: st.DrawFn) -> tuple[Table, list[Pair]]:
    """Some rows of a group with values they take, each place once."""
    known = table(draw(st.sampled_from(DEVICES)))
    plain = Table(known.flag, known.at, known.rows, many=True, xml=False)
    placed = [row for row in known.rows if row.path and row.by_type is None and "[@" not in row.path]
    pairs: list[Pair] = []
    for row in draw(st.lists(st.sampled_from(placed), max_size=8, unique_by=lambda row: row.path)):
        values = WORDS
        if row.kind.words is not None:
            values = st.sampled_from(("yes", "on", "1"))
        elif row.kind.scale:
            values = st.integers(-1, 9999).map(str)
        value = draw(values)
        if value not in row.ignored:
            pairs.append((row.name.replace("[0-9]*", draw(st.sampled_from(("", "0")))), value))
    return plain, pairs


@given(uses())
def test_what_is_written_matches_stays_and_is_cleared(use: tuple[Table, list[Pair]]) -> None:
    known, pairs = use
    wanted = assign.resolve(known, pairs)
    node = assign.build(known, wanted)
    once = tree.to_text(node)
    assert assign.matches(node, wanted)
    assign.write(node, wanted)
    assert tree.to_text(node) == once
    assert tree.same(node, tree.parse(once))
    assign.write(node, assign.resolve(known, [(key, "") for key, _ in pairs]))
    assert tree.is_bare(node), tree.to_text(node)


@pytest.mark.parametrize(("group", "text"), [("cpu", "-\x1b"), ("cpu", "a,+\x1b"), ("qemu-commandline", "env=\x1b=1")])
def test_a_name_in_a_place_holds_what_xml_can_carry(group: str, text: str) -> None:
    rows = table(group)
    with pytest.raises(UsageError, match="contains a character that is not allowed in XML"):
        assign.resolve(rows, subopts.pairs(rows, text))
