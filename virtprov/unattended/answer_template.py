"""The language of templates: a text with `{{name}}` where the value of a variable goes.

* A line with a variable that is empty is left out. One with a list (`{{package}}`) is written once for each value.
* `{{name|plain}}` is not quoted, `{{name|joined}}` is a list on one line, and `{{name|optional}}` may be empty.
* `{{if name}}` and `{{if not name}}`, up to `{{end}}`, keep the lines between them only if the variable is not empty,
  or only if it is. Both are on lines of their own, and can be nested.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from virtprov.support.errors import InputError, nearest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Value = str | tuple[str, ...]

_VARIABLE = re.compile(r"\{\{([a-z0-9-]+)(?:\|(plain|joined|optional))?\}\}")
_BLOCK = re.compile(r"\s*\{\{(?:if (not )?([a-z0-9-]+)|(end))\}\}\s*")
_COMMA = re.compile(r",(\n\s*[}\]])")


class Template(NamedTuple):
    """A template: its name in messages, its text, and how values are quoted in it."""

    name: str
    text: str
    quote: Callable[[str], str]


def quoting(file: str) -> Callable[[str], str]:
    """Return how values are quoted in the answers of this template, by its name."""
    if file.endswith(".xml"):
        return _quote_xml
    if file.endswith(".json") or file.startswith("autoinstall"):
        return _quote_json
    return _quote_shell if file.startswith(("kickstart", "alpine")) else str


def _quote_xml(text: str) -> str:
    for letter, name in (("&", "amp"), ("<", "lt"), (">", "gt"), ('"', "quot")):
        text = text.replace(letter, f"&{name};")
    return text


def _quote_json(text: str) -> str:
    """Return a text of JSON that is YAML as well, which has no pairs of surrogates (YAML 1.2.2, 5.7)."""
    import json

    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(f"\\u{ord(letter):04x}" if _is_special(letter) else letter for letter in quoted)


def _is_special(letter: str) -> bool:
    """Return whether YAML may take a character for a line break, or refuse it."""
    return not letter.isprintable() and ord(letter) < 0x10000


def _quote_shell(text: str) -> str:
    import shlex

    return shlex.quote(text)


def fill(template: Template, variables: Mapping[str, Value]) -> str:
    """Return the text with the values of the variables.

    Raises InputError, with the line, for a variable that does not exist and for blocks that do not end.
    """
    lines: list[str] = []
    keeps: list[bool] = []
    opened = 0
    for number, line in enumerate(template.text.splitlines(), 1):
        block = _BLOCK.fullmatch(line)
        if block is None:
            if all(keeps):
                lines += _fill_line(template, line, number, variables)
            else:
                _list_names(template, line, number, variables)
        elif block[3]:
            if not keeps:
                raise _wrong(template, number, "'{{end}}' without '{{if}}'")
            keeps.pop()
        else:
            opened = number
            value = _look_up(template, block[2], number, variables)
            keeps.append(bool(value) != bool(block[1]))
    if keeps:
        raise _wrong(template, opened, "'{{if}}' without '{{end}}'")
    text = "".join(f"{line}\n" for line in lines)
    return _COMMA.sub(r"\1", text) if template.quote is _quote_json else text


def _list_names(template: Template, line: str, number: int, variables: Mapping[str, Value]) -> list[tuple[str, Value]]:
    """Return the variables of a line that may not be empty, with their values."""
    named = [(found[1], found[2] or "") for found in _VARIABLE.finditer(line)]
    values = [(name, _look_up(template, name, number, variables), how) for name, how in named]
    if "{{" in _VARIABLE.sub("", line):
        raise _wrong(template, number, "'{{' without the name of a variable and '}}'")
    return [(name, value) for name, value, how in values if how != "optional"]


def _fill_line(template: Template, line: str, number: int, variables: Mapping[str, Value]) -> list[str]:
    """Return the lines that a line of the template gives."""
    named = _list_names(template, line, number, variables)
    if any(not value for _, value in named):
        return []
    listed = {found[1] for found in _VARIABLE.finditer(line) if found[2] != "joined"}
    several = next((name for name in listed if isinstance(variables[name], tuple)), "")

    def write(one: str) -> str:
        def value(found: re.Match[str]) -> str:
            known = variables[found[1]]
            text = one if found[1] == several and found[2] != "joined" else known
            words = " ".join(text) if isinstance(text, tuple) else text
            return words if found[2] in ("plain", "joined", "optional") else template.quote(words)

        return _VARIABLE.sub(value, line)

    return [write(one) for one in variables[several]] if several else [write("")]


def _look_up(template: Template, name: str, number: int, variables: Mapping[str, Value]) -> Value:
    if name not in variables:
        hint = nearest(name, variables) or f"the variables are {', '.join(sorted(variables))}"
        raise _wrong(template, number, f"unknown variable '{name}'", hint)
    return variables[name]


def _wrong(template: Template, number: int, why: str, hint: str = "") -> InputError:
    return InputError(f"{template.name}, line {number}: {why}", hint=hint or "see docs/unattended.md")
