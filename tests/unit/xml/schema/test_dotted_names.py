"""Names for places in the XML, and whether values fit there."""

from __future__ import annotations

import pytest

from virtprov.xml.schema import dotted_names, values
from virtprov.xml.schema.grammar import Type
from virtprov.xml.schema.graph import Graph


@pytest.mark.parametrize(
    ("start", "key", "path"),
    [
        ("./devices/disk", "driver.queues", "./driver/@queues"),
        ("./devices/disk", "Driver.QUEUES", "./driver/@queues"),
        ("./devices/disk", "driver.max-size", "./driver/max_size"),
        ("./devices/disk", "driver.max_size.unit", "./driver/max_size/@unit"),
        ("./devices/disk", "backingStore.backingStore.source.file", "./backingStore/backingStore/source/@file"),
        ("./devices/disk", "readonly", "./readonly"),
        ("./devices/interface", "ip.address", "./ip/@address"),
        ("./devices/interface", "ip2.address", "./ip[3]/@address"),
        ("./devices/video", "model.vram64", "./model/@vram64"),
        ("./clock", "timer.hpet.present", "./timer[@name='hpet']/@present"),
        ("./clock", "timer1.present", "./timer[2]/@present"),
        ("./qemu:commandline", "arg1.value", "./qemu:arg[2]/@value"),
        (".", "qemu:commandline.qemu:arg.value", "./qemu:commandline/qemu:arg/@value"),
    ],
)
def test_a_name_has_a_place(graph: Graph, start: str, key: str, path: str) -> None:
    place = dotted_names.find(graph, dotted_names.state_at(graph, start), key)
    assert place is not None
    assert place.path == path


@pytest.mark.parametrize(
    ("start", "key"),
    [
        ("./devices/disk", "driver"),
        ("./devices/disk", "driver1.queues"),
        ("./devices/disk", "driver.queuez"),
        ("./devices/disk", "source"),
        ("./devices/disk", "privateData"),
        ("./devices/disk", ""),
        ("./devices/disk", "."),
        ("./devices/disk", "driver."),
        ("./devices/interface", "ip99999.address"),
        ("./clock", "timer.tsc.present"),
        ("./clock", "timer.it's.present"),
    ],
)
def test_a_name_has_none(graph: Graph, start: str, key: str) -> None:
    assert dotted_names.find(graph, dotted_names.state_at(graph, start), key) is None


def test_names_begin_where_they_may(graph: Graph) -> None:
    assert dotted_names.find(graph, graph.start(), "memory.unit", ("memory",)) is not None
    assert dotted_names.find(graph, graph.start(), "memory", ("memory",)) is not None
    assert dotted_names.find(graph, graph.start(), "name", ("memory",)) is None
    assert dotted_names.find(graph, graph.start(), "type", ("memory",)) is None
    assert dotted_names.find(graph, graph.start(), "devices.disk.device", ("memory",)) is None


def test_every_listed_name_has_a_place(graph: Graph) -> None:
    for start in ("./devices/disk", "./devices/interface", "./devices/video", "./clock", "."):
        state = dotted_names.state_at(graph, start)
        found = list(dotted_names.list_names(graph, state))
        assert found
        assert [name for name in found if dotted_names.find(graph, state, name) is None] == []


WORDS = {"words": ["none", "all"]}
WHOLE = {"data": [["int", {"minInclusive": "1", "maxInclusive": "9"}, []]]}


@pytest.mark.parametrize(
    ("kind", "text", "good"),
    [
        (WORDS, "none", True),
        (WORDS, " none ", True),
        (WORDS, "None", False),
        (WHOLE, "9", True),
        (WHOLE, "10", False),
        (WHOLE, "0", False),
        (WHOLE, "x", False),
        (WHOLE, "", False),
        (WHOLE, "٣", False),
        ({"words": ["auto"], **WHOLE}, "auto", True),
        ({"any": True}, "", True),
        ({"data": [["unsignedInt", {}, []]]}, "4294967296", False),
        ({"data": [["unsignedInt", {"pattern": "[0-9]+"}, []]]}, "+3", False),
        ({"data": [["positiveInteger", {}, []]]}, "0", False),
        ({"data": [["string", {"pattern": "/.+"}, []]]}, "/a", True),
        ({"data": [["string", {"pattern": "/.+"}, []]]}, "x/a", False),
        ({"data": [["string", {"pattern": "[^/]+"}, ["."]]]}, ".", False),
        ({"data": [["string", {"maxLength": "2"}, []]]}, "abc", False),
        ({"data": [["string", {"pattern": "\\p{Lu}["}, []]]}, "what is not understood", True),
        ({"data": [["double", {}, []]]}, "1.5", True),
        ({"data": [["double", {}, []]]}, "much", False),
        ({"data": [["dateTime", {}, []]]}, "what is not known", True),
    ],
)
def test_values(kind: Type, text: str, good: bool) -> None:
    assert values.fits(kind, text) is good


@pytest.mark.parametrize(
    ("kinds", "text", "words"),
    [
        ([WORDS], "x", "known values: none, all"),
        ([WHOLE], "x", "a whole number from 1 to 9"),
        ([{"data": [["positiveInteger", {}, []]]}], "", "a whole number from 1"),
        ([{"words": ["auto"], **WHOLE}], "", "known values: auto; or a whole number from 1 to 9"),
        ([{"words": [f"model-{at}" for at in range(40)]}], "model-3x", "did you mean 'model-3'"),
        ([{"data": [["string", {"pattern": "0x[0-9a-f]{1,4}"}, []]]}], "", "a hexadecimal number"),
        ([{"data": [["string", {"pattern": "(a|b)+c"}, []]]}], "", ""),
    ],
)
def test_what_would_fit(kinds: list[Type], text: str, words: str) -> None:
    assert values.suggest_values(kinds, text).startswith(words)
    assert bool(values.suggest_values(kinds, text)) is bool(words)
