"""The verdict on a document, and the words for what is wrong with it."""

from __future__ import annotations

import pytest

from virtprov.xml import tree
from virtprov.xml.schema import validate, walk
from virtprov.xml.schema.graph import Graph

GOOD = """
<domain type="kvm">
  <name>g</name>
  <memory unit="MiB">512</memory>
  <metadata><own xmlns="urn:own"><any at="1">text</any></own></metadata>
  <clock><timer name="hpet" present="no"/><timer name="rtc"/></clock>
  <devices>
    <disk device="disk">
      <source file="/a"/>
      <driver cache="none" queues="2"><max_size unit="KiB">8</max_size></driver>
    </disk>
    <disk device="cdrom"><readonly/></disk>
    <interface type="bridge"><source bridge="br0"/></interface>
    <interface type="network"><source network="n"/><ip address="a"/><ip address="b"/></interface>
    <video><model vram="1"/><late/></video>
  </devices>
</domain>
"""


@pytest.fixture
def schema(graph: Graph) -> validate.Schema:
    made = validate.load()
    assert made is not None
    return made


def test_the_schema_is_compiled_once(schema: validate.Schema) -> None:
    assert validate.load() is schema


def test_good_documents_pass(schema: validate.Schema, graph: Graph) -> None:
    root = tree.parse(GOOD)
    assert schema.finding(root) is None
    assert walk.findings(graph, root) == []


def test_the_graph_is_read_for_bad_documents_only(schema: validate.Schema, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr("virtprov.xml.schema.schema_files.load", lambda where: asked.append(where))
    assert schema.finding(tree.parse(GOOD)) is None
    assert asked == []
    assert schema.finding(tree.parse("<domain type='kvm'/>")) is not None
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("old", "new", "message", "hint"),
    [
        ('cache="none"', 'cahce="none"', "unknown attribute 'cahce' of <driver> of disk device number 1", "'cache'"),
        ("<driver", "<drvier", "unknown element <drvier> in disk device number 1", "'driver'"),
        ("<clock>", "<clokc>", "unknown element <clokc> in the guest", "'clock'"),
        ('cache="none"', 'cache="nones"', "libvirt does not know the value cache='nones'", "none, writeback"),
        ('queues="2"', 'queues="0"', "libvirt does not know the value queues='0'", "a whole number from 1"),
        (">512<", ">much<", "<memory>: libvirt does not know the value 'much'", "a whole number from 0"),
        ('bridge="br0"', 'network="n"', "can have the attribute 'network' only with type=network in interface", ""),
        ('bridge="br0"/>', 'bridge="br0"/><ip address="a"/>', "number 1 can have <ip> only with type=network", ""),
        ('<source network="n"/>', "", "interface device number 2 requires the element <source>", ""),
        (' device="disk"', "", "disk device number 1 requires the attribute 'device'", ""),
        (
            "<readonly/>",
            "<readonly/><readonly/>",
            "more than one <readonly> in disk device number 2",
            "only one is allowed",
        ),
        ("<readonly/>", "<readonly>yes</readonly>", "unexpected text 'yes' in <readonly> of disk device number 2", ""),
        ('type="kvm"', 'type="kmv"', "<domain>: libvirt does not know the value type='kmv'", "known values: kvm, test"),
        ("<video><model vram=\"1\"/><late/>", "<video><late/><model/>", "<late> of the video device", ""),
    ],
)  # fmt: skip
def test_what_is_wrong(schema: validate.Schema, old: str, new: str, message: str, hint: str) -> None:
    text = GOOD.replace(old, new).replace("</clock>", "</clokc>" if new == "<clokc>" else "</clock>")
    text = text.replace("</driver>", "</drvier>") if new == "<drvier" else text
    found = schema.finding(tree.parse(text))
    assert found is not None
    assert message in found.message
    assert hint in found.hint


def test_a_document_stays_as_it_is(schema: validate.Schema) -> None:
    root = tree.parse(GOOD.replace('<model vram="1"/><late/>', "<late/><model/>"))
    before = tree.to_text(root)
    assert schema.finding(root) is not None
    assert tree.to_text(root) == before


def test_two_things_that_only_the_schema_sees(schema: validate.Schema) -> None:
    wrong = "<video><late/><model/></video>"
    found = schema.finding(tree.parse(GOOD.replace("</devices>", f"{wrong}{wrong}</devices>")))
    assert found is not None
    assert "of video device number 2" in found.message


def test_no_guest(schema: validate.Schema) -> None:
    found = schema.finding(tree.parse("<network/>"))
    assert found is not None
    assert "<network>" in found.message


def test_without_a_schema(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIRTPROV_SCHEMA_DIR", "")
    assert validate.load() is None
