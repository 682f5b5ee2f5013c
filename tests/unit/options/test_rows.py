"""Every row of every group: it can be set, read back, matched and cleared, under all its names."""

from __future__ import annotations

import pytest

from virtprov.guest.write import assign
from virtprov.options.catalogue import GROUPS, table
from virtprov.options.model import FLAG, INT, MIB, NUMBER, ONOFF, VERB, YESNO, Kind, Row, Table
from virtprov.support.errors import UsageError
from virtprov.xml import path, tree
from virtprov.xml.tree import Element

SAMPLES: dict[Kind, tuple[str, str, str]] = {
    INT: ("7", "7", "8"),
    MIB: ("2", "2048", "3"),
    YESNO: ("on", "yes", "no"),
    ONOFF: ("yes", "on", "off"),
    FLAG: ("yes", "", "no"),
}
"""For each kind: what is typed, what the XML holds then, and another value."""


def sample(row: Row) -> tuple[str, str, str]:
    """What is typed for a row, what the XML holds then, and another value that may be typed."""
    if row.kind in SAMPLES:
        return SAMPLES[row.kind]
    if row.closed:
        return row.values[0], row.values[0], row.values[-1]
    return "some words", "some words", "others"


FITTING = ("7", "6000", "yes", "a/b", "A=b", "8080:80", "0:0:4.7")
"""Values for the rows that take none of the samples: sizes, ports, volumes, variables, addresses."""


def rows() -> list[tuple[str, str]]:
    """Every name of every row, old ones included, with its group."""
    return [(group, name) for group in GROUPS for row in table(group).rows for name in (row.name, *row.old)]


def plain(group: str) -> Table:
    """The group's rows alone, without the function that makes short words long."""
    known = table(group)
    return Table(group, known.at, known.rows, many=known.many, part=known.part, xml=False)


def typed(name: str, number: str = "0") -> str:
    return name.replace(NUMBER, number)


def empty(group: str) -> Element:
    known = table(group)
    return tree.element(known.tag if known.many else "domain")


PLACED = [(group, name) for group, name in rows() if plain(group).row(typed(name)).row.kind is not VERB]


@pytest.mark.parametrize(("group", "name"), PLACED, ids=lambda word: word)
def test_a_place_is_set_read_back_matched_and_cleared(group: str, name: str) -> None:
    known = plain(group)
    row = known.row(typed(name)).row
    said, held, other = sample(row)
    for kind in (*row.by_type, "other") if row.by_type else ("",):
        node = empty(group)
        if kind:
            node.set("type", kind)
        wanted = assign.resolve(known, [(typed(name), said)])
        where = wanted.places[0].where(node)
        if not where:
            continue
        assign.write(node, wanted)
        assert path.get(node, where) == held
        assert assign.matches(node, wanted)
        assert not assign.matches(node, assign.resolve(known, [(typed(name), other)]))
        cleared = assign.resolve(known, [(typed(name, ""), "")])
        assert not assign.matches(node, cleared)
        assign.write(node, cleared)
        assert assign.matches(node, cleared)
        if "[@" not in where:
            assert len(node) == 0, "something is left behind: " + tree.to_text(node)


@pytest.mark.parametrize(("group", "name"), [each for each in PLACED if NUMBER in each[1]], ids=lambda word: word)
def test_a_high_number_makes_one_element_only(group: str, name: str) -> None:
    known, node = plain(group), empty(group)
    said, held, _ = sample(known.row(typed(name)).row)
    assign.write(node, assign.resolve(known, [(typed(name, "3"), said)]))
    assert path.get(node, assign.resolve(known, [(typed(name), said)]).places[0].path) == held
    assert path.find(node, assign.resolve(known, [(typed(name, "1"), said)]).places[0].path) is None


@pytest.mark.parametrize(("group", "name"), rows(), ids=lambda word: word)
def test_every_name_is_taken_from_the_command_line(group: str, name: str) -> None:
    """Each is a place, a verb or a free XPath once the group's own function has seen it."""
    known = table(group)
    row = known.row(typed(name)).row
    refusals = []
    for value in (sample(row)[0], *row.values[:1], *FITTING):
        try:
            said = assign.resolve(known, [(typed(name), value)])
        except UsageError as refusal:
            refusals.append(refusal)
            continue
        if said.places or said.verbs or said.xpaths or said.clear:
            return
    pytest.fail(f"--{group} {name} does nothing: {refusals}")


@pytest.mark.parametrize("group", GROUPS)
def test_rows_agree_with_each_other(group: str) -> None:
    known = table(group)
    names = [row.name for row in known.rows]
    assert len(set(names)) == len(names), "a name twice"
    olds = [old for row in known.rows for old in row.old]
    assert len(set(olds)) == len(olds), "an old name twice"
    for row in known.rows:
        assert row.path.count("[#]") == (row.name.count(NUMBER) if row.path else 0), row.name
        if row.path:
            assert path.parse(row.path_for((1,) * row.path.count("[#]")))
        for word in row.values:
            assert row.parse(word, group) is not None
        for name in (row.name, *row.old):
            hit = known.find(typed(name))
            assert hit is not None
            assert hit.row is row, f"{name} means {hit.row.name}"


@pytest.mark.parametrize("group", GROUPS)
def test_leading_words_are_keys(group: str) -> None:
    known = table(group)
    for key in known.first:
        assert known.find(key) is not None


@pytest.mark.parametrize("group", GROUPS)
def test_unknown_keys_are_refused_with_the_nearest_ones(group: str) -> None:
    known = plain(group)
    near = known.rows[0].name.replace(NUMBER, "") + "x"
    with pytest.raises(UsageError, match=f"--{group} has no sub-option") as refusal:
        known.row(near)
    assert refusal.value.hint


@pytest.mark.parametrize("group", GROUPS)
def test_numbers_are_kept_within_reason(group: str) -> None:
    known = table(group)
    numbered = [row.name for row in known.rows if NUMBER in row.name]
    for name in numbered:
        with pytest.raises(UsageError, match="the number is too large"):
            known.row(name.replace(NUMBER, "123456789"))
