"""Every choice of libvirt's schema: an edit of what selects a branch leaves a document that the schema takes.

The documents are made from the schema, and judged by libxml2; what is under test decides nothing but the result.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from tests.unit.actions.edit.schema_instances import Instances, places
from virtprov.actions.edit.changing import changes
from virtprov.guest.document import Guest
from virtprov.guest.write.gather import group_uses
from virtprov.guest.write.use import Use
from virtprov.xml import tree
from virtprov.xml.schema import schema_files
from virtprov.xml.schema.grammar import ATTRIBUTE, CHOICE, Expression
from virtprov.xml.tree import Element

TURNS = 5


def selectors(part: Expression) -> dict[str, list[str]]:
    """The attributes with fixed words in the branches of an element's choices, with one word of each branch."""
    found: dict[str, list[str]] = {}
    _gather(part, False, found)
    return found


def _gather(part: Expression, in_choice: bool, found: dict[str, list[str]]) -> None:
    words = (part.type or {}).get("words", ()) if part.kind == ATTRIBUTE and set(part.type or {}) == {"words"} else ()
    if in_choice and words:
        found[part.name] = list(dict.fromkeys([*found.get(part.name, ()), words[0]]))
    for inner in part.inside:
        _gather(inner, in_choice or part.kind == CHOICE, found)


def uses_for(node: Element, where: str) -> Iterator[Use]:
    """`--edit --xml` for everything in an element."""
    for name, value in ((str(name), str(value)) for name, value in node.attrib.items()):
        yield from group_uses("xml", [f'xpath.set={where}/@{name},xpath.value="{value}"'])[0]
    if (node.text or "").strip():
        yield from group_uses("xml", [f'xpath.set={where},xpath.value="{node.text!s}"'])[0]
    for kid in tree.children(node):
        at = tree.children(node, str(kid.tag)).index(kid)
        inner = f"{where}/{kid.tag!s}" + (f"[{at + 1}]" if at else "")
        if tree.is_bare(kid):
            yield from group_uses("xml", [f"xpath.create={inner}"])[0]
        yield from uses_for(kid, inner)


def variants(full: Element, least: Element, where: str) -> Iterator[Element]:
    """Documents with all attributes of the element, and with each of its parts that can be left out."""
    needed = {str(kid.tag) for kid in tree.children(full_node(least, where))}
    needed_names = set(full_node(least, where).attrib)
    for at in range(-1, len(full_node(full, where))):
        made = tree.copy(full)
        node = full_node(made, where)
        for number, kid in enumerate(tree.children(node)):
            if number != at and kid.tag not in needed:
                node.remove(kid)
        for name in [] if at < 0 else set(node.attrib) - needed_names:
            del node.attrib[name]
        yield made


def full_node(root: Element, where: str) -> Element:
    found = root.find(where, tree.NAMESPACES)
    assert found is not None
    return found


def edited(root: Element, uses: tuple[Use, ...]) -> Element:
    return changes.change(changes.EditRequest(changes.EDIT, "xml", uses), Guest(tree.copy(root)), None).guest.root


def set_alone(root: Element, new: Element, where: str) -> Element:
    """The document with the new values and nothing removed."""
    made = tree.copy(root)
    full_node(made, where).attrib.update(dict(full_node(new, where).attrib))
    return made


def test_an_edit_of_a_selector_leaves_a_document_that_the_schema_takes() -> None:
    schema = Instances(schema_files.folder())
    seen: Counter[str] = Counter()
    wrong = []
    for way, number in places(schema):
        name, body = schema.grammar.elements[number]
        where = "/".join([".", *(schema.grammar.elements[outer][0] for outer in way[1:]), name])
        for selector, words in selectors(body).items() if way else ():
            documents = {word: schema.document(way, number, {selector: word}, full=False) for word in words}
            least = {word: node for word, node in documents.items() if node is not None and schema.takes(node)}
            seen["selectors"] += len(least) > 1
            for old in least:
                full = schema.document(way, number, {selector: old}, full=True)
                assert full is not None
                good = [root for root in variants(full, least[old], where) if schema.takes(root)]
                for turn, new in enumerate(word for word in least if word != old):
                    uses = tuple(uses_for(full_node(least[new], where), where))
                    # every pair of words, and every part; not every part with every pair, which takes minutes
                    for root in good[:1] + good[1 + turn % TURNS :: TURNS]:
                        if schema.takes(set_alone(root, least[new], where)):
                            continue
                        seen["edits"] += 1
                        if not schema.takes(edited(root, uses)):
                            wrong.append((where, selector, old, new, tree.to_text(root)))
    assert not wrong, "\n".join(map(str, wrong[:20]))
    assert seen["selectors"] > 40
    assert seen["edits"] > 100


def test_the_walk_finds_the_choices_that_people_know() -> None:
    schema = Instances(schema_files.folder())
    found = {
        (schema.grammar.elements[number][0], name)
        for way, number in places(schema)
        for name in selectors(schema.grammar.elements[number][1])
    }
    assert {
        ("disk", "type"),
        ("interface", "type"),
        ("graphics", "type"),
        ("hostdev", "mode"),
        ("clock", "offset"),
    } <= found
