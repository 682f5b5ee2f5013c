"""Check the syntax of answers that come from a template of the user."""

from __future__ import annotations

from virtprov.support.errors import InputError, XmlError


def check_syntax(template: str, text: str, name: str) -> None:
    """Raise InputError, with the line if it is known, for answers that their installer could not even parse.

    `template` is the name of virtprov's own template for the same installer, `name` that of the user's for messages.
    """
    if template.endswith(".xml"):
        _check_xml(text, name)
    elif template.endswith(".json"):
        _check_json(text, name)
    elif template == "autoinstall.txt":
        _check_autoinstall(text, name)
    elif template == "preseed.txt":
        _check_preseed(text, name)
    elif template == "kickstart.txt":
        _check_kickstart(text, name)


def _check_xml(text: str, name: str) -> None:
    from virtprov.xml import tree

    try:
        tree.parse(text, f"template {name}")
    except XmlError as problem:
        raise InputError(problem.message, hint="check the file with xmllint") from None


def _check_json(text: str, name: str) -> None:
    import json

    try:
        json.loads(text)
    except (ValueError, RecursionError) as problem:
        where = getattr(problem, "lineno", 0)
        raise InputError(f"template {name} does not give JSON: line {where} of the answers", hint="fix it") from None


def _check_autoinstall(text: str, name: str) -> None:
    from virtprov.cloudinit.checks.document_check import load_mapping

    tree, _ = load_mapping(text, f"template {name}", "autoinstall")
    if "autoinstall" not in tree:
        raise InputError(f"template {name} has no key 'autoinstall'", hint="write `autoinstall:` above its keys")


def _check_preseed(text: str, name: str) -> None:
    """Each line has an owner, a question, a type and a value, which may be empty (debconf-set-selections(1))."""
    for number, line in enumerate(text.replace("\\\n", " ").splitlines(), 1):
        words = line.split()
        if words and not line.lstrip().startswith("#") and len(words) < 3:
            raise InputError(
                f"template {name} gives a line {number} without the type of the answer: '{line.strip()[:60]}'",
                hint="write OWNER QUESTION TYPE VALUE",
            )


def _check_kickstart(text: str, name: str) -> None:
    """Sections begin with `%NAME` and end with `%end`."""
    opened = ""
    for number, line in enumerate(text.splitlines(), 1):
        word = line.split(maxsplit=1)[0] if line.startswith("%") else ""
        if word in ("%include", "%ksappend", ""):
            continue
        if (word == "%end") == (not opened):
            why = "'%end' without a section" if not opened else f"'{word}' in the section '{opened}'"
            raise InputError(f"template {name}: line {number} of the answers has {why}", hint="end sections with %end")
        opened = "" if word == "%end" else word
    if opened:
        raise InputError(f"template {name}: the section '{opened}' does not end", hint="end it with %end")
