"""Trees: safe reading, growing with indentation, taking out without a trace."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from virtprov.support.errors import XmlError
from virtprov.xml import tree
from virtprov.xml.tree import Element


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("  \n", "is empty"),
        ("<a>", "not well-formed XML, line 1"),
        ("<a>\n<b></a>", "line 2"),
        ("not xml", "not well-formed"),
        ('<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', "DOCTYPE"),
        ('<!DOCTYPE a SYSTEM "http://127.0.0.1:1/x.dtd"><a/>', "DOCTYPE"),
        ("<a\0/>", "line 1: Invalid character: Char 0x0 out of allowed range$"),
        ("<a>" * 300 + "</a>" * 300, "not well-formed"),
    ],
)
def test_what_is_not_read(text: str, words: str) -> None:
    with pytest.raises(XmlError, match=words) as refusal:
        tree.parse(text, "the guest's XML")
    assert refusal.value.message.startswith("the guest's XML")
    assert refusal.value.hint


def test_entities_of_files_are_not_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s3cret")
    with pytest.raises(XmlError) as refusal:
        tree.parse(f'<!DOCTYPE a [<!ENTITY x SYSTEM "file://{secret}">]><a>&x;</a>')
    assert "s3cret" not in refusal.value.message


def test_files(tmp_path: Path) -> None:
    good = tmp_path / "a.xml"
    good.write_bytes('<?xml version="1.0" encoding="UTF-8"?>\n<a b="ü"/>'.encode())
    assert tree.parse_file(str(good)).get("b") == "ü"
    with pytest.raises(XmlError, match="cannot be read"):
        tree.parse_file(str(tmp_path / "missing.xml"))


@pytest.mark.parametrize(
    ("before", "tag", "after"),
    [
        ("<a/>", "b", "<a>\n  <b/>\n</a>\n"),
        ("<a>\n  <b/>\n</a>", "c", "<a>\n  <b/>\n  <c/>\n</a>\n"),
        ("<a><b/></a>", "c", "<a><b/>\n  <c/>\n</a>\n"),
        (
            "<disk>\n  <source/>\n  <target/>\n  <address/>\n</disk>",
            "boot",
            "<disk>\n  <source/>\n  <target/>\n  <boot/>\n  <address/>\n</disk>\n",
        ),
        ("<disk>\n  <target/>\n</disk>", "driver", "<disk>\n  <driver/>\n  <target/>\n</disk>\n"),
        ("<x>\n  <address/>\n</x>", "new", "<x>\n  <new/>\n  <address/>\n</x>\n"),
    ],
)
def test_add(before: str, tag: str, after: str) -> None:
    node = tree.parse(before)
    tree.add(node, tree.element(tag))
    assert tree.to_text(node) == after


def test_a_grown_branch_is_laid_out() -> None:
    branch = tree.element("source")
    tree.add(branch, tree.element("host", None, {"name": "a"}))
    node = tree.parse("<disk>\n  <target/>\n</disk>")
    tree.add(node, branch)
    assert tree.to_text(node) == '<disk>\n  <source>\n    <host name="a"/>\n  </source>\n  <target/>\n</disk>\n'


def test_namespaces_have_short_names() -> None:
    node = tree.element("domain")
    tree.add(node, tree.element("qemu:commandline"))
    assert tree.child(node, "qemu:commandline") is not None
    assert "xmlns:qemu=" in tree.to_text(node)
    assert tree.local_name(node[0]) == "commandline"
    assert tree.qualify("nobody:thing") == "nobody:thing"


def test_copies_stand_by_themselves() -> None:
    node = tree.parse("<a>\n  <b><c/></b>\n</a>")
    twin = tree.copy(node[0])
    twin.set("x", "1")
    assert twin.getparent() is None
    assert node[0].get("x") is None
    assert tree.root_of(node[0]) is node


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("<a><b/></a>", "<a>\n  <b/>\n</a>", True),
        ('<a b="1" c="2"/>', '<a c="2" b="1"/>', True),
        ("<a>x</a>", "<a> x </a>", True),
        ("<a><!-- c --><b/></a>", "<a><b/></a>", True),
        ("<a><b/><c/></a>", "<a><c/><b/></a>", False),
        ("<a/>", "<b/>", False),
        ("<a><b/></a>", "<a/>", False),
        ("<a>x</a>", "<a>y</a>", False),
    ],
)
def test_same(one: str, other: str, same: bool) -> None:
    assert tree.same(tree.parse(one), tree.parse(other)) is same


tags = st.sampled_from(["alias", "address", "source", "target", "x", "driver", "boot"])
spaces = st.sampled_from(["", "\n", "\n  ", " ", "\n    "])
contents = st.one_of(tags.map("<{}/>".format), st.just("<!-- note -->"), st.just("<y>text</y>"))


@st.composite
def documents(draw: st.DrawFn) -> Element:
    kids = draw(st.lists(contents, max_size=5))
    inside = "".join(draw(spaces) + kid for kid in kids) + draw(spaces)
    tag = draw(st.sampled_from(["disk", "interface", "other"]))
    return tree.parse(f"<{tag}>{inside}</{tag}>")


@given(documents(), tags)
def test_adding_moves_nothing_and_removing_leaves_no_trace(node: Element, tag: str) -> None:
    before = list(node)
    old = tree.parse(tree.to_text(node))
    new = tree.add(node, tree.element(tag))
    assert [kid for kid in node if kid is not new] == before
    tree.remove(new)
    assert list(node) == before
    assert tree.same(node, old)


@given(documents())
def test_text_reads_back_the_same(node: Element) -> None:
    text = tree.to_text(node)
    assert tree.to_text(tree.parse(text)) == text


def test_dropping_a_child_by_its_name() -> None:
    node = tree.parse("<a><b n='1'/><c/><b n='2'/></a>")
    tree.drop(node, "b")
    tree.drop(node, "d")
    assert tree.same(node, tree.parse("<a><c/><b n='2'/></a>"))
