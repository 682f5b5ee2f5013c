"""Keep the formatting that a tree loses: quotes, `<a></a>`, line breaks within tags, what surrounds the root.

A parsed and printed document has the same meaning, but other characters. Here everything that has not changed gets its
original characters again.
"""

from __future__ import annotations

import re

from virtprov.support.errors import XmlError
from virtprov.support.frozen import Record

_TOKEN = re.compile(
    r"""(?:<!\[CDATA\[.*?\]\]>|[^<])+ | <!--.*?--> | <\?.*?\?> | <[^<>"']*(?:"[^"]*"[^<>"']*|'[^']*'[^<>"']*)*>""",
    re.S | re.X,
)
_EMPTY = re.compile(r"<([^\s<>/!?]+)(?:\s[^<>]*)?(?<!/)></\1\s*>")
_VALUE = re.compile(r"""(=\s*)"([^"']*)\"""")

_MOST_PAIRS = 250_000
"""From here on difflib would take minutes for lists in which much is alike."""
_FARTHEST = 48

Unit = tuple[str, str]
"""A tag, comment or instruction, and the text that follows it."""


def restore(raw: str, before: str, after: str) -> str:
    """Spell a changed document as the original was spelled.

    `raw` is the original as it came, `before` what the tree printed of it, `after` what the tree prints now.
    Returns `after` as it is when the two spellings of the original cannot be laid beside each other. An example:

        raw     <a><b x='1'></b> <c   y='2'/></a>
        before  <a><b x="1"/> <c y="2"/></a>
        after   <a><b x="1"/> <c y="3"/><d z="4"/></a>
        result  <a><b x='1'></b> <c y='3'/><d z='4'/></a>

    All three are cut into units: `raw` into `<a>`, `<b x='1'></b> `, `<c   y='2'/>`, `</a>`. Those of `raw` and
    `before` are the same ones in two spellings, one by one. `before` and `after` are compared: what is the same takes
    the letters of `raw`, a new tag only its quotes.
    """
    head, body, tail = _around(raw)
    changed = _body(body, before, after)
    if changed is None:
        return after
    return with_declaration(head.lstrip("\ufeff\n")) + changed + (tail if tail.endswith("\n") else tail + "\n")


def _body(body: str, before: str, after: str) -> str | None:
    """The root element as it is now, in the letters it had; None when these cannot be laid beside the tree's."""
    known, new = before.strip(), after.strip()
    first, last = _count_untouched(body, known, new)
    raw, was, now = (text[first : len(text) - last] for text in (body, known, new))
    inside = _laid_over(raw, was, now, _single_quotes(body))
    return None if inside is None else body[:first] + inside + body[len(body) - last :]


def _laid_over(raw: str, before: str, after: str, single: bool) -> str | None:
    """`after` in the letters of `raw`, tag by tag; None when `raw` and `before` are not the same tags."""
    old, known, new = _units(raw), _units(before), _units(after)
    if len(old) != len(known):
        return None
    results: list[str] = []
    for same, at, upto, first, last in _stretches(known, new):
        if same:
            results += [tag + text for tag, text in old[at:upto]]
        else:
            results += _respell_stretch(list(zip(known[at:upto], old[at:upto], strict=True)), new[first:last], single)
    return "".join(results)


def _count_untouched(raw: str, before: str, after: str) -> tuple[int, int]:
    """How many letters at the beginning and at the end are tags that stay as they are and need not be laid over.

    None, unless `raw` and `before` are the same but for quotes: then they are so letter for letter, as with every
    document that libvirt prints. Without comments and their like, "<" always begins a tag. An example:

        before  <g><m>1</m><v>2</v></g>
        after   <g><m>9</m><v>2</v></g>

    The first 6 letters and the last 16 are the same. Cut back to whole units that leaves (3, 12): `<g>` in front,
    `<v>2</v></g>` behind, and `<m>1</m>` to be laid over.
    """
    if len(raw) != len(before) or not (_is_plain(raw) and _is_plain(after)):
        return 0, 0
    if raw != before and raw.replace("'", '"') != before.replace("'", '"'):
        return 0, 0
    first = _common(before, after)
    last = len(before) - _common(before[first:][::-1], after[first:][::-1])
    first = before.rfind("<", 0, first)
    while before.startswith("</", first):  # it may belong to the tag before it: `<a></a>`
        first = before.rfind("<", 0, first)
    last = before.find("<", last)
    while before.startswith("</", last):
        last = before.find("<", last + 1)
    return max(first, 0), 0 if last < 0 else len(before) - last


def _is_plain(text: str) -> bool:
    """Whether there is nothing but tags and text."""
    return "<!" not in text and "<?" not in text


def _common(one: str, other: str) -> int:
    """How many letters two texts have in common at their beginning."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one.startswith(other[low:middle], low):
            low = middle
        else:
            high = middle - 1
    return low


def _respell_stretch(were: list[tuple[Unit, Unit]], new: list[Unit], single: bool) -> list[str]:
    """A changed stretch: tags that were there keep their letters, though what follows them is another text."""
    results = []
    for tag, text in new:
        twin = next((pair for pair in were if pair[0][0] == tag), None)
        if twin is None:
            results.append(_quote(tag, single) + text)
        else:
            were.remove(twin)
            results.append(twin[1][0] + (twin[1][1] if twin[0][1] == text else text))
    return results


def _around(raw: str) -> tuple[str, str, str]:
    """What stands before the root element, the element, what follows it."""
    if _is_plain(raw) and "<" in raw:
        first, last = raw.find("<"), raw.rfind(">") + 1
        return raw[:first], raw[first:last], raw[last:]
    tokens = _TOKEN.findall(raw)
    inside = [at for at, token in enumerate(tokens) if token[:1] == "<" and token[:2] not in ("<!", "<?")]
    if not inside:
        return "", raw, ""
    first, last = inside[0], inside[-1] + 1
    return "".join(tokens[:first]), "".join(tokens[first:last]), "".join(tokens[last:])


def with_declaration(text: str) -> str:
    """The text, its XML declaration with the encoding in which everything is printed."""
    return re.sub(r"""(<\?xml\b[^>]*\bencoding\s*=\s*["'])[^"']*""", r"\g<1>UTF-8", text, count=1)


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
    match = re.search(r"""=\s*(["'])""", text)
    return match is not None and match[1] == "'"


def _quote(tag: str, single: bool) -> str:
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
    results = [(True, 0, head, 0, head)]
    if head < ends[0] or head < ends[1]:
        middle = _compare(known[head : ends[0]], new[head : ends[1]])
        results += [(same, head + i1, head + i2, head + j1, head + j2) for same, i1, i2, j1, j2 in middle]
    results.append((True, ends[0], len(known), ends[1], len(new)))
    return results


def _compare(one: list[Unit], other: list[Unit]) -> list[tuple[bool, int, int, int, int]]:
    """The same for lists that have neither the first nor the last unit in common."""
    there = set(one)
    if there.isdisjoint(other):
        return [(False, 0, len(one), 0, len(other))]
    if len(one) == len(other) and all(was == now or now not in there for was, now in zip(one, other, strict=True)):
        return _side_by_side(one, other)
    if len(one) * len(other) > _MOST_PAIRS:
        return _compare_long(one, other)
    from difflib import SequenceMatcher

    opcodes = SequenceMatcher(None, one, other, autojunk=False).get_opcodes()
    return [(tag == "equal", i1, i2, j1, j2) for tag, i1, i2, j1, j2 in opcodes]


def _compare_long(one: list[Unit], other: list[Unit]) -> list[tuple[bool, int, int, int, int]]:
    """The same for long lists, in one walk: where they part, the nearest place is looked for where they meet again.

    For `a b c d e f g h` and `a b X c d f g h`: `a b` is the same, X is new, `c d` is the same, e is gone, `f g h` is
    the same. Stretches may be empty.
    """
    result: list[tuple[bool, int, int, int, int]] = []
    at = first = 0
    while at < len(one) and first < len(other):
        upto, last = at, first
        while upto < len(one) and last < len(other) and one[upto] == other[last]:
            upto, last = upto + 1, last + 1
        if upto > at:
            result.append((True, at, upto, first, last))
        at, first = _find_meeting(one, other, upto, last)
        result.append((False, upto, at, last, first))
    result.append((False, at, len(one), first, len(other)))
    return result


def _find_meeting(one: list[Unit], other: list[Unit], at: int, first: int) -> tuple[int, int]:
    """The nearest places behind these two from which two units in a row are the same.

    In the example of `_walked`, from `c` and X on, (2, 2): `c d` begins at (2, 3).
    """
    for steps in range(_FARTHEST):
        for ahead in range(steps + 1):
            here, there = at + ahead, first + steps - ahead
            if one[here : here + 2] == other[there : there + 2]:
                return min(here, len(one)), min(there, len(other))
    return min(at + _FARTHEST, len(one)), min(first + _FARTHEST, len(other))


def _side_by_side(one: list[Unit], other: list[Unit]) -> list[tuple[bool, int, int, int, int]]:
    """Lists of one length in which nothing moved: a few values are other ones."""
    flags = [was == now for was, now in zip(one, other, strict=True)]
    edges = [at for at in range(1, len(flags)) if flags[at] is not flags[at - 1]]
    return [(flags[at], at, upto, at, upto) for at, upto in zip([0, *edges], [*edges, len(flags)], strict=True)]


def decode(data: bytes) -> str:
    """Return the text of a document in its declared encoding; invalid bytes are replaced."""
    match = re.match(rb"""\s*<\?xml\b[^>]*\bencoding\s*=\s*["']([\w.-]+)""", data)
    name = match[1].decode() if match else "utf-8-sig"
    try:
        return data.decode(name, errors="replace")
    except LookupError:
        return data.decode(errors="replace")


# -- files ---------------------------------------------------------------------------------------

_MARKS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)


class Letters(Record):
    """A file's text, and how it is encoded: the codec, and the byte order mark."""

    text: str
    codec: str
    mark: bytes


def letters(data: bytes, what: str) -> Letters:
    """Decode a file; `what` describes it. Raises XmlError if its bytes are not valid in its encoding."""
    mark, codec = next((pair for pair in _MARKS if data.startswith(pair[0])), (b"", ""))
    if not codec:
        match = re.match(rb"""\s*<\?xml\b[^>]*\bencoding\s*=\s*["']([\w.-]+)""", data)
        codec = match[1].decode() if match else "utf-8"
    try:
        return Letters(data[len(mark) :].decode(codec), codec, mark)
    except LookupError:
        raise XmlError(f"{what} declares the unknown encoding '{codec}'", hint="use UTF-8") from None
    except UnicodeDecodeError as problem:
        raise XmlError(
            f"{what} is not valid {codec.upper()}: byte {problem.start + len(mark) + 1} cannot be decoded",
            hint="check that the file is saved in the encoding given on its first line",
        ) from None


def respell(file: Letters, before: str, after: str) -> bytes:
    """Return the bytes of the file with the change; everything else stays byte by byte the same.

    `before` and `after` are as for `restore`.
    """
    head, body, tail = _around(file.text)
    changed = _body(body, before, after)
    text = head + (after.strip() if changed is None else changed) + tail
    ends = _line_ends(file.text)
    if ends != "\n":
        text = re.sub(r"(?<!\r)\n", lambda _: ends, text)
    return file.mark + text.encode(file.codec, "xmlcharrefreplace")


def _line_ends(text: str) -> str:
    """How all lines of a text end: LF, CRLF or CR; LF when they differ."""
    if "\r" not in text:
        return "\n"
    bare = text.replace("\r\n", "")
    if "\n" not in bare and "\r" not in bare:
        return "\r\n"
    return "\r" if "\n" not in text else "\n"
