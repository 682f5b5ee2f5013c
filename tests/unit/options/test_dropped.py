"""Sub-options that are newer than some libvirt: what the installed library does with each, and what is said of it.

libvirt itself is asked: its test driver reads a guest and writes it again, without what it does not know.
"""

from __future__ import annotations

import base64
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.place import default_host
from virtprov.actions import schema_check
from virtprov.guest.document import Guest
from virtprov.guest.rules.rule_context import UNWATCHED
from virtprov.guest.write import compose, gather
from virtprov.options.catalogue import table
from virtprov.options.newer import NEWER
from virtprov.support.errors import HostError

UUID = "9f3b1f0a-6a58-4b1c-8e0a-2f1c5b7d9e77"
CELL = "<cpu><numa><cell id='0' cpus='0-7' memory='1048576'/></numa></cpu>"
GUEST = f"""<domain type='test'><name>g</name><uuid>{UUID}</uuid><maxMemory slots='4'>4194304</maxMemory>
<memory>1048576</memory><vcpu>8</vcpu><os><type arch='x86_64' machine='q35'>hvm</type></os><devices/></domain>"""
TEXTS = (Path(__file__).parents[2] / "data" / "newer-options.txt").read_text().splitlines()[1:]


def fill(text: str) -> str:
    """Return a value of an option with its bytes in base64."""
    return re.sub(r"BYTES\((\d+)\)", lambda match: base64.b64encode(bytes(int(match[1]))).decode(), text)


CASES = [tuple(map(fill, line.split())) for line in TEXTS]


def test_every_entry_of_the_table_is_tried() -> None:
    tried = {(group, name) for group, name, _ in CASES}
    entries = {(group, name) for group, names in NEWER.items() for name in names}
    assert entries - tried == {("graphics", f"address.{name}") for name in _kinds_of_address()} - tried
    assert tried <= entries


def _kinds_of_address() -> list[str]:
    """Return the parts of a display's address, which libvirt knows all or none of."""
    return [name.removeprefix("address.") for name in NEWER["graphics"] if name.startswith("address.")]


def has(xml: str, group: str, name: str) -> bool:
    """Return whether a guest has the element or attribute of a sub-option."""
    rows = table(group)
    (row,) = [each for each in rows.rows if each.name == name]
    place = f"{rows.at}/{row.path.removeprefix('./')}" if rows.many else row.path
    *steps, last = place.replace("[#]", "").removeprefix("./").split("/")
    if not last.startswith("@"):
        return ET.fromstring(xml).find("./" + "/".join([*steps, last])) is not None
    return any(last[1:] in node.attrib for node in ET.fromstring(xml).iterfind("./" + "/".join(steps)))


@pytest.mark.parametrize(("group", "name", "text"), CASES, ids=[f"{group} {name}" for group, name, _ in CASES])
def test_what_libvirt_drops_is_said_and_nothing_else(group: str, name: str, text: str) -> None:
    uses, _ = gather.group_uses(group, [text])
    guest = Guest.parse(GUEST.replace("<devices", f"{CELL}<devices") if group == "memdev" else GUEST)
    compose.write_all(guest, uses, UNWATCHED)
    assert has(guest.text(), group, name)
    with default_host("g") as host:
        said = [sentence for sentence in schema_check.list_dropped(uses, host) if _names(sentence, group, name)]
        try:
            _, stored = host.guests.store_definition("g", guest.text())
        except HostError as problem:  # libvirt says itself that it does not know a word
            assert any(words in problem.message for words in REFUSALS), problem.message
            return
        assert bool(said) is not has(stored, group, name)
        if said:
            assert said[0].startswith("this libvirt does not know --") and said[0].endswith(": it will be omitted")


REFUSALS = ("Invalid value for attribute", "unsupported HyperV Enlightenment feature", "unexpected feature")


def _names(sentence: str, group: str, name: str) -> bool:
    return f" --{group} {name.replace('[0-9]*', '0')}:" in sentence
