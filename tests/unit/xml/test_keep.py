"""A changed document keeps the letters of what was not changed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from virtprov.xml import keep, tree

ODD = """<?xml version='1.0' encoding='ISO-8859-1'?>
<!-- before: <b> -->
<domain type='kvm'
        id='3'>
  <name>a &gt; b</name>
  <a></a><b/><c  x = "1"/>
  <t><![CDATA[x <y> it's z]]></t>
  <q a='say "hi"' b="it's"/>
  <?note kept?>
  <devices>
    <disk type='x'/>
  </devices>
</domain>
<!-- after -->
"""


def restored(raw: str, change: str = "") -> str:
    """The document after setting an attribute `new` on the first element called `change`."""
    root = tree.parse(raw.encode("latin-1") if "8859" in raw else raw)
    before = tree.to_text(root)
    if change:
        found = next(root.iter(change))
        found.set("new", "1")
    return keep.restore(raw, before, tree.to_text(root))


def test_an_unchanged_document_comes_back_letter_by_letter() -> None:
    assert restored(ODD) == ODD.replace("ISO-8859-1", "UTF-8")


def test_only_the_changed_tag_is_written_anew_and_in_the_documents_quotes() -> None:
    old, new = ODD.splitlines(), restored(ODD, "disk").splitlines()
    assert len(old) == len(new)
    changed = [(one, other) for one, other in zip(old[1:], new[1:], strict=True) if one != other]
    assert changed == [("    <disk type='x'/>", "    <disk type='x' new='1'/>")]


def test_double_quotes_stay_where_the_document_has_them() -> None:
    assert restored('<a x="1"><b/></a>\n', "b") == '<a x="1"><b new="1"/></a>\n'


def test_values_that_hold_an_apostrophe_keep_double_quotes() -> None:
    root = tree.parse("<a x='1'><b/></a>")
    before = tree.to_text(root)
    tree.add(root, tree.element("c", None, {"y": "it's"}))
    assert '<c y="it\'s"/>' in keep.restore("<a x='1'><b/></a>", before, tree.to_text(root))


def test_removed_and_added_elements() -> None:
    raw = "<a>\n  <b k='1'></b>\n  <c/>\n  <d k='2'></d>\n</a>\n"
    root = tree.parse(raw)
    before = tree.to_text(root)
    gone = tree.child(root, "c")
    assert gone is not None
    tree.remove(gone)
    tree.add(root, tree.element("e"))
    assert keep.restore(raw, before, tree.to_text(root)) == "<a>\n  <b k='1'></b>\n  <d k='2'></d>\n  <e/>\n</a>\n"


def test_what_cannot_be_laid_side_by_side_is_printed_by_the_tree() -> None:
    assert keep.restore("<a><b/></a>", "<a/>", "<a><c/></a>") == "<a><c/></a>"


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"<?xml version='1.0' encoding='ISO-8859-1'?><a>\xfc</a>", "\u00fc</a>"),
        ("\ufeff<a>\u00fc</a>".encode(), "<a>\u00fc</a>"),
        ("<a>\u00fc</a>".encode(), "<a>\u00fc</a>"),
        (b"<?xml version='1.0' encoding='no-such'?><a/>", "<a/>"),
    ],
)
def test_text_is_decoded_as_declared(data: bytes, text: str) -> None:
    assert keep.decode(data).endswith(text)


NAMES = st.sampled_from(["a", "b", "disk", "n"])
TEXTS = st.sampled_from(["", "x", "1 &lt; 2", "\n  ", "<!-- c -->", "it's"])


@st.composite
def elements(draw: st.DrawFn, depth: int = 3) -> str:
    name, quote = draw(NAMES), draw(st.sampled_from(["'", '"']))
    attrs = draw(st.sampled_from(["", f" k={quote}v{quote}", f" k = {quote}v{quote}\n  l={quote}w{quote}"]))
    kids = draw(st.lists(elements(depth - 1), max_size=3)) if depth else []
    inside = draw(TEXTS) + "".join(kid + draw(TEXTS) for kid in kids)
    return f"<{name}{attrs}/>" if not inside and draw(st.booleans()) else f"<{name}{attrs}>{inside}</{name}>"


@given(elements(), st.integers(0, 50))
def test_any_document_says_the_same_afterwards(raw: str, at: int) -> None:
    root = tree.parse(raw)
    before = tree.to_text(root)
    nodes = list(root.iter("*"))
    nodes[at % len(nodes)].set("new", "1")
    after = keep.restore(raw, before, tree.to_text(root))
    assert tree.same(tree.parse(after), root)
    assert keep.restore(raw, before, before).rstrip("\n") == raw.rstrip("\n")


@st.composite
def printed(draw: st.DrawFn, quote: str, depth: int = 3) -> str:
    """A document as libvirt spells it."""
    name, value = draw(NAMES), f"={quote}v{quote}"
    attrs = draw(st.sampled_from(["", f" k{value}", f" k{value} l{value}"]))
    text = st.sampled_from(["", "\n  ", "x", "1 &lt; 2", "it's"])
    kids = draw(st.lists(printed(quote, depth - 1), max_size=3)) if depth else []
    inside = draw(text) + "".join(kid + draw(text) for kid in kids)
    return f"<{name}{attrs}>{inside}</{name}>" if inside else f"<{name}{attrs}/>"


@st.composite
def changed(draw: st.DrawFn, raw: str) -> tuple[str, str]:
    """What the tree prints of a document before and after one to three changes."""
    root = tree.parse(raw)
    before = tree.to_text(root)
    for _ in range(draw(st.integers(1, 3))):
        node = draw(st.sampled_from(list(root.iter("*"))))
        kind = draw(st.sampled_from(["set", "clear", "text", "add", "double", "remove"]))
        if kind == "set":
            node.set(draw(NAMES), "it's")
        elif kind == "clear":
            node.attrib.clear()
        elif kind == "text":
            node.text = draw(st.sampled_from([None, "x", "y"]))
        elif kind == "add":
            tree.add(node, tree.element(draw(NAMES)))
        elif kind == "double":
            tree.add(node, tree.copy(node))
        else:
            tree.remove(node)
    return before, tree.to_text(root)


@given(st.data(), st.sampled_from(["'", '"']))
def test_a_short_look_finds_the_same_letters(data: st.DataObject, quote: str) -> None:
    """With a comment behind it, all of the document is taken apart; without, only what is around the change."""
    raw = data.draw(printed(quote))
    before, after = data.draw(changed(raw))
    whole = keep.restore(raw + "<!-- c -->\n", before, after)
    assert keep.restore(raw, before, after) == whole.replace("<!-- c -->", "")


def test_long_documents_in_which_much_is_alike() -> None:
    """Each of the twins gets an element more; what was spelled oddly stays so."""
    raw = "<a>" + "<b><c d='e'></c></b >\n" * 700 + "</a>\n"
    before = raw.replace("'", '"').replace("></c>", "/>").replace("</b >", "</b>")
    after = before.replace("<b>", "<b><new/>")
    assert keep.restore(raw, before, after) == raw.replace("<b>", "<b><new/>")


def test_example_of_the_docstring() -> None:
    raw = "<a><b x='1'></b> <c   y='2'/></a>"
    before, after = '<a><b x="1"/> <c y="2"/></a>', '<a><b x="1"/> <c y="3"/><d z="4"/></a>'
    assert keep.restore(raw, before, after) == "<a><b x='1'></b> <c y='3'/><d z='4'/></a>\n"
