"""Free XPath: what is found, what is made, what is refused."""

from __future__ import annotations

import pytest

from virtprov.support.errors import UsageError
from virtprov.xml import path, tree, xpath

DOC = """
<domain>
  <os><boot dev="hd"/></os>
  <devices><disk device="cdrom"><target dev="sda"/></disk><disk/></devices>
</domain>
"""


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("./a=b", ("./a", "=", "b")),
        ("./a[@x='y']/@b=c=d", ("./a[@x='y']/@b", "=", "c=d")),
        ("./a", ("./a", "", "")),
        ("./a=", ("./a", "=", "")),
    ],
)
def test_split_value(text: str, parts: tuple[str, str, str]) -> None:
    assert xpath.split_value(text) == parts


@pytest.mark.parametrize(
    ("where", "value", "after"),
    [
        ("./a", "1", "<domain><a>1</a></domain>"),
        ("./@a", "1", '<domain a="1"/>'),
        ("./a/b/@c", "1", '<domain><a><b c="1"/></a></domain>'),
        ("./a[2]/@c", "1", '<domain><a/><a c="1"/></domain>'),
        ("./a[@k='v']/@c", "1", '<domain><a k="v" c="1"/></domain>'),
        ("./a[@k='v']", "1", '<domain><a k="v">1</a></domain>'),
    ],
)
def test_what_is_missing_is_made(where: str, value: str, after: str) -> None:
    node = tree.element("domain")
    xpath.assign(node, where, value)
    assert tree.same(node, tree.parse(after)), tree.to_text(node)


def test_what_is_there_is_changed() -> None:
    node = tree.parse(DOC)
    xpath.assign(node, "./devices/disk[target/@dev='sda']/@device", "disk")
    xpath.assign(node, ".//boot/@dev", "network")
    assert path.text(node, "./devices/disk/@device") == "disk"
    assert path.text(node, "./os/boot/@dev") == "network"


@pytest.mark.parametrize(
    ("where", "after"),
    [
        ("./a/b", "<domain><a><b n='2'/></a><c><d/></c></domain>"),
        ("./a/b/@n", "<domain><a><b n='2'/></a><c><d/></c></domain>"),
        ("./c/d", "<domain><a><b n='1'/><b n='2'/></a><c/></domain>"),
        ("./nothing", "<domain><a><b n='1'/><b n='2'/></a><c><d/></c></domain>"),
    ],
)
def test_delete_takes_the_first_thing_found_and_no_more(where: str, after: str) -> None:
    node = tree.parse("<domain><a><b n='1'/><b n='2'/></a><c><d/></c></domain>")
    xpath.delete(node, where)
    assert tree.same(node, tree.parse(after)), tree.to_text(node)


@pytest.mark.parametrize("where", [".", "/domain", "//domain"])
def test_the_whole_document_cannot_be_deleted(where: str) -> None:
    node = tree.parse("<domain><a/></domain>")
    with pytest.raises(UsageError, match="is the whole XML, which cannot be deleted"):
        xpath.delete(node, where)
    assert tree.same(node, tree.parse("<domain><a/></domain>"))


@pytest.mark.parametrize("where", ["./os/boot", "./os/boot/@dev"])
def test_an_empty_value_takes_bare_ancestors_along(where: str) -> None:
    node = tree.parse(DOC)
    xpath.assign(node, where, "")
    assert tree.child(node, "os") is None


def test_create_leaves_what_is_there() -> None:
    node = tree.parse(DOC)
    assert xpath.create(node, "./os/boot") is node[0][0]
    assert xpath.create(node, "./os/boot/@dev") is node[0][0]
    xpath.create(node, "./new/thing")
    assert tree.child(node[-1], "thing") is not None


@pytest.mark.parametrize(
    "where", ["///", "./a[", "count(./a)", "/new", "new/x", "./1x", "./a b", "\x00", "./a[@x]/b", "./a[1234567]"]
)
def test_refusals(where: str) -> None:
    with pytest.raises(UsageError) as refusal:
        xpath.assign(tree.element("domain"), where, "1")
    assert refusal.value.message


def test_an_attribute_without_a_proper_name() -> None:
    with pytest.raises(UsageError, match="attribute"):
        xpath.assign(tree.element("domain"), "./@1", "x")


def test_an_attribute_that_an_expression_finds() -> None:
    node = tree.parse('<domain xmlns:own="urn:example:own" own:seen="no"/>')
    xpath.assign(node, "./@*[local-name()='seen']", "yes")
    assert tree.to_text(node) == '<domain xmlns:own="urn:example:own" own:seen="yes"/>\n'


@pytest.mark.parametrize(("value", "after"), [("a", "<a>\n a </a>"), ("b", "<a>b</a>")])
def test_a_text_that_is_there_keeps_its_blanks(value: str, after: str) -> None:
    node = tree.parse("<a>\n a </a>")
    xpath.assign(node, ".", value)
    assert tree.to_text(node) == after + "\n"


QEMU = "<domain><memory>5</memory><q:commandline xmlns:q='http://libvirt.org/schemas/domain/qemu/1.0'/></domain>"


@pytest.mark.parametrize(
    ("where", "holds"),
    [
        ("memory", True),
        ("memory > 4", True),
        ("memory > 5", False),
        ("/domain/memory", True),
        ("//memory[. = 5]", True),
        ("count(disk)", False),
        ("string(memory)", True),
        ("string(disk)", False),
        ("number(disk)", False),
        ("disk/@device", False),
        ("not(disk)", True),
        ("qemu:commandline", True),
        ("libosinfo:libosinfo", False),
    ],
)
def test_a_condition_holds_for_what_is_true_or_there(where: str, holds: bool) -> None:
    assert xpath.condition(where)(tree.parse(QEMU)) is holds


@pytest.mark.parametrize("where", ["[", "", "'", "memory >", "foo:memory", "nonsense()", "\x01"])
def test_a_condition_that_is_no_xpath(where: str) -> None:
    with pytest.raises(UsageError, match="invalid XPath"):
        xpath.condition(where)


def test_conditions_that_would_take_hours() -> None:
    node = tree.parse("<a>" + "<b/>" * 200 + "</a>")
    assert len(xpath.select(node, "./b[count(//b[count(//a) = 1]) = 200]")) == 200
    with pytest.raises(UsageError, match="too long"):
        xpath.select(node, "./b[count(//*[count(//*[count(//*[count(//*) > 1]) > 1]) > 1]) > 1]")
