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
_EMPTY = re.compile(r"<([^\s<>/!?]+)((?:\s[^<>]*)?)></\1\s*>")
_VALUE = re.compile(r"""(=\s*)"([^"']*)\"""")


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
        found += old[at:upto] if same else [_quoted(unit, single) for unit in new[first:last]]
    return head + "".join(found) + (tail if tail.endswith("\n") else tail + "\n")


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


def _units(text: str) -> list[str]:
    """Tags with the text that follows them; an empty element is one tag, however it is written."""
    units: list[str] = []
    for token in _TOKEN.findall(text):
        if token.startswith("<") and not token.startswith("<![CDATA["):
            if units and token.startswith("</") and _EMPTY.fullmatch(units[-1] + token):
                units[-1] += token
            else:
                units.append(token)
        elif units:
            units[-1] += token
    return units


def _single_quotes(text: str) -> bool:
    found = re.search(r"""=\s*(["'])""", text)
    return found is not None and found[1] == "'"


def _quoted(unit: str, single: bool) -> str:
    """A new tag, its values quoted as in the rest of the document."""
    if not single or not unit.startswith("<") or unit.startswith("<!"):
        return unit
    end = unit.index(">") if ">" in unit else len(unit)
    return _VALUE.sub(r"\1'\2'", unit[:end]) + unit[end:]


def _stretches(known: list[str], new: list[str]) -> list[tuple[bool, int, int, int, int]]:
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
