"""Short paths: reading, writing, growing, taking out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from virtprov.support.errors import XmlError
from virtprov.xml import path, tree

DOC = """
<disk type="file">
  <source file="/a">
    <host name="one"/>
    <host name="two"/>
  </source>
  <feature name="x" policy="require"/>
  <feature name="y"/>
  <serial>  S1 </serial>
</disk>
"""


@pytest.mark.parametrize(
    ("where", "value"),
    [
        ("./@type", "file"),
        ("@type", "file"),
        ("./source/@file", "/a"),
        ("./source/host[2]/@name", "two"),
        ("./source/host/@name", "one"),
        ("./feature[@name='x']/@policy", "require"),
        ('./feature[@name="y"]/@name', "y"),
        ("./feature[@name='y']/@policy", None),
        ("./serial", "S1"),
        ("./source", ""),
        ("./source/host[3]/@name", None),
        ("./nothing/@at", None),
    ],
)
def test_get(where: str, value: str | None) -> None:
    assert path.get(tree.parse(DOC), where) == value
    assert path.text(tree.parse(DOC), where) == (value or "")


@pytest.mark.parametrize("where", ["./a[0]", "./a[x]", "./@a/b", "./a b", "./a[1]x/", "./$"])
def test_paths_that_cannot_be_read(where: str) -> None:
    with pytest.raises(XmlError, match="the path"):
        path.parse(where)


@pytest.mark.parametrize(
    ("where", "text", "after"),
    [
        ("./@a", "1", '<x a="1"/>'),
        ("./b/c/@d", "1", '<x><b><c d="1"/></b></x>'),
        ("./b/c", "1", "<x><b><c>1</c></b></x>"),
        ("./b[3]/@d", "1", '<x><b/><b/><b d="1"/></x>'),
        ("./f[@name='n']/@p", "1", '<x><f name="n" p="1"/></x>'),
        ("./b/@d", None, "<x/>"),
    ],
)
def test_put_into_nothing(where: str, text: str | None, after: str) -> None:
    node = tree.element("x")
    path.put(node, where, text)
    assert tree.same(node, tree.parse(after)), tree.to_text(node)


@pytest.mark.parametrize(
    ("before", "where", "after"),
    [
        ('<x><b><c d="1"/></b></x>', "./b/c/@d", "<x/>"),
        ('<x><b e="2"><c d="1"/></b></x>', "./b/c/@d", '<x><b e="2"/></x>'),
        ("<x><b>1</b></x>", "./b", "<x/>"),
        ('<x><b u="M">1</b></x>', "./b", '<x><b u="M"/></x>'),
        ('<x><b d="1"/><b d="2"/></x>', "./b[1]/@d", '<x><b d="2"/></x>'),
        ('<x><f name="n"/><f name="m"/></x>', "./f[@name='n']", '<x><f name="m"/></x>'),
    ],
)
def test_what_is_taken_out_takes_bare_ancestors_along(before: str, where: str, after: str) -> None:
    node = tree.parse(before)
    path.put(node, where, None)
    assert tree.same(node, tree.parse(after)), tree.to_text(node)


@pytest.mark.parametrize("text", ["\x85", "\u00a0a", "\u2003"])
def test_only_the_blanks_of_xml_are_left_out(text: str) -> None:
    assert path.get(tree.parse(f"<a> \t{text}\n</a>"), ".") == text


def test_switch() -> None:
    node = tree.parse('<x><a k="1"><b/></a></x>')
    path.switch(node, "./a", True)
    assert path.get(node, "./a/@k") == "1"
    path.switch(node, "./a", False)
    assert len(node) == 0
    path.switch(node, "./a/b", True)
    assert tree.same(node, tree.parse("<x><a><b/></a></x>"))
    path.switch(node, "./a/b", False)
    assert len(node) == 0
    path.switch(node, "./a", False)


def test_switching_off_may_keep_what_held_it() -> None:
    node = tree.parse("<x><a><b/></a></x>")
    path.switch(node, "./a/b", False, stub=True)
    assert tree.same(node, tree.parse("<x><a/></x>"))


def test_fillers_go_but_those_that_were_there_stay() -> None:
    node = tree.parse("<x><b/></x>")
    kept = set(node)
    path.put(node, "./b[4]/@d", "1")
    assert len(node) == 4
    path.drop_fillers(node, "./b[4]/@d", kept)
    assert tree.same(node, tree.parse('<x><b/><b d="1"/></x>'))


names = st.sampled_from(["a", "b", "source", "host", "alias", "address"])
steps = st.builds("{}{}".format, names, st.sampled_from(["", "[1]", "[2]", "[3]", "[@k='v']"]))
paths = st.builds(
    lambda parts, last: "./" + "/".join([*parts, last]),
    st.lists(steps, min_size=1, max_size=3),
    st.one_of(names.map("@{}".format), steps),
)


@given(st.lists(st.tuples(paths, st.sampled_from(["1", "two", "/3"])), max_size=5), paths)
def test_what_is_put_is_got_and_goes_again(others: list[tuple[str, str]], where: str) -> None:
    node = tree.element("disk")
    for other, text in others:
        path.put(node, other, text)
    path.put(node, where, "value")
    assert path.get(node, where) == "value"
    assert path.get(tree.parse(tree.to_text(node)), where) == "value"
    path.put(node, where, None)
    assert path.get(node, where) != "value"
