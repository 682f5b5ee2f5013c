"""Spelling that a tree forgets: quotes, `<a></a>`, line breaks inside of tags, what stands around the root.

A document that is read and written again says the same, but not in the same letters. Here the letters come
back wherever nothing was changed.
"""

from __future__ import annotations

import re

_TOKEN = re.compile(
    r"""(?:<!\[CDATA\[.*?\]\]>|[^<])+ | <!--.*?--> | <\?.*?\?> | <[^<>"']*(?:"[^"]*"[^<>"']*|'[^']*'[^<>"']*)*>""",
    re.S | re.X,
)
_EMPTY = re.compile(r"<([^\s<>/!?]+)(?:\s[^<>]*)?(?<!/)></\1\s*>")
_VALUE = re.compile(r"""(=\s*)"([^"']*)\"""")


Unit = tuple[str, str]
"""A tag, comment or instruction, and the text that follows it."""


def restore(raw: str, before: str, after: str) -> str:
    """Spell a changed document as the original was spelled.

    `raw` is the original as it came, `before` what the tree printed of it, `after` what the tree prints now.
    Returns `after` as it is when the two spellings of the original cannot be laid beside each other.
    """
    head, body, tail = _around(raw)
    old, known, new = _units(body), _units(before.strip()), _units(after.strip())
    if len(old) != len(known):
        return after
    single = _single_quotes(body)
    found: list[str] = []
    for same, at, upto, first, last in _stretches(known, new):
        if same:
            found += [tag + text for tag, text in old[at:upto]]
        else:
            found += _respelled(list(zip(known[at:upto], old[at:upto], strict=True)), new[first:last], single)
    return head + "".join(found) + (tail if tail.endswith("\n") else tail + "\n")


def _respelled(were: list[tuple[Unit, Unit]], new: list[Unit], single: bool) -> list[str]:
    """A changed stretch: tags that were there keep their letters, though what follows them is another text."""
    found = []
    for tag, text in new:
        twin = next((pair for pair in were if pair[0][0] == tag), None)
        if twin is None:
            found.append(_quoted(tag, single) + text)
        else:
            were.remove(twin)
            found.append(twin[1][0] + (twin[1][1] if twin[0][1] == text else text))
    return found


def _around(raw: str) -> tuple[str, str, str]:
    """What stands before the root element, the element, what follows it."""
    tokens = _TOKEN.findall(raw)
    inside = [at for at, token in enumerate(tokens) if token[:1] == "<" and token[:2] not in ("<!", "<?")]
    if not inside:
        return "", raw, ""
    first, last = inside[0], inside[-1] + 1
    head = "".join(tokens[:first]).lstrip("\ufeff\n")
    return _declared(head), "".join(tokens[first:last]), "".join(tokens[last:])


def _declared(head: str) -> str:
    """The declaration with the encoding in which everything is printed."""
    return re.sub(r"""(<\?xml\b[^>]*\bencoding\s*=\s*["'])[^"']*""", r"\g<1>UTF-8", head, count=1)


def _units(text: str) -> list[Unit]:
    """Cut a document up; an empty element is one tag, however it is written."""
    tags: list[str] = []
    texts: list[str] = []
    for token in _TOKEN.findall(text):
        if not token.startswith("<") or token.startswith("<![CDATA["):
            if tags:
                texts[-1] += token
        elif tags and not texts[-1] and token.startswith("</") and _EMPTY.fullmatch(tags[-1] + token):
            tags[-1] += token
        else:
            tags.append(token)
            texts.append("")
    return list(zip(tags, texts, strict=True))


def _single_quotes(text: str) -> bool:
    found = re.search(r"""=\s*(["'])""", text)
    return found is not None and found[1] == "'"


def _quoted(tag: str, single: bool) -> str:
    """A new tag, its values quoted as in the rest of the document."""
    return _VALUE.sub(r"\1'\2'", tag) if single and not tag.startswith("<!") else tag


def _stretches(known: list[Unit], new: list[Unit]) -> list[tuple[bool, int, int, int, int]]:
    """Stretches of two lists that are the same, and those between them that are not, in order."""
    head = 0
    while head < min(len(known), len(new)) and known[head] == new[head]:
        head += 1
    tail = 0
    while tail < min(len(known), len(new)) - head and known[-1 - tail] == new[-1 - tail]:
        tail += 1
    ends = len(known) - tail, len(new) - tail
    found = [(True, 0, head, 0, head)]
    if head < ends[0] or head < ends[1]:
        from difflib import SequenceMatcher

        middle = SequenceMatcher(None, known[head : ends[0]], new[head : ends[1]], autojunk=False)
        found += [
            (tag == "equal", head + i1, head + i2, head + j1, head + j2) for tag, i1, i2, j1, j2 in middle.get_opcodes()
        ]
    found.append((True, ends[0], len(known), ends[1], len(new)))
    return found


def decode(data: bytes) -> str:
    """The text of a document, by the encoding it declares; what cannot be decoded is replaced."""
    found = re.match(rb"""\s*<\?xml\b[^>]*\bencoding\s*=\s*["']([\w.-]+)""", data)
    name = found[1].decode() if found else "utf-8-sig"
    try:
        return data.decode(name, errors="replace")
    except LookupError:
        return data.decode(errors="replace")
