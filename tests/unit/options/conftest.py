"""One guest to try options on, and what came of it as compact XML."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from virtprov.guest.document import Guest
from virtprov.guest.write import assign, subopts, verbs
from virtprov.guest.write.assign import Assignments
from virtprov.options.catalogue import table
from virtprov.xml import path, tree
from virtprov.xml.tree import Element

BASE = """
<domain type="test">
  <name>t</name>
  <memory unit="KiB">8192</memory>
  <currentMemory unit="KiB">2048</currentMemory>
  <vcpu placement="static">2</vcpu>
  <os>
    <type arch="i686">hvm</type>
    <boot dev="hd"/>
    <boot dev="fd"/>
  </os>
  <devices/>
</domain>
"""


@pytest.fixture
def say() -> Callable[[str, str], Assignments]:
    """Read the value of an option as the commands do."""

    def read(group: str, text: str) -> Assignments:
        rows = table(group)
        return assign.resolve(rows, subopts.pairs(rows, text))

    return read


@pytest.fixture
def edit(say: Callable[[str, str], Assignments]) -> Callable[..., Element]:
    """Use options of the whole guest, one after the other, on a guest."""

    def change(group: str, *texts: str, base: str = BASE) -> Element:
        root, rows = tree.parse(base), table(group)
        for text in texts:
            said = say(group, text)
            part = path.find(root, rows.part) if said.clear else None
            if part is not None:
                assign.clear(part)
            assign.write(root, said)
            verbs.apply(Guest(root), group, said.verbs)
        return root

    return change


@pytest.fixture
def part(edit: Callable[..., Element]) -> Callable[..., str]:
    """What an option makes of one part of the guest, on one line without blanks between elements."""

    def show(group: str, where: str, *texts: str, base: str = BASE) -> str:
        found = path.find(edit(group, *texts, base=base), where)
        return "" if found is None else compact(found)

    return show


@pytest.fixture
def built(say: Callable[[str, str], Assignments]) -> Callable[[str, str], str]:
    """What `--build-xml` prints of an option, on one line."""

    def make(group: str, text: str) -> str:
        return compact(assign.build(table(group), say(group, text)))

    return make


def compact(node: Element) -> str:
    """An element on one line, the white space between elements left out."""
    return "".join(line.strip() for line in tree.to_text(node).splitlines())
