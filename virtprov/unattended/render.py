"""The files with the answers for one guest."""

from __future__ import annotations

import os
from typing import NamedTuple

from virtprov.support.errors import InputError
from virtprov.unattended import answer_check
from virtprov.unattended.answer_template import Template, fill, quoting
from virtprov.unattended.installers import ALPINE, AUTOINSTALL, PRESEED, WINDOWS
from virtprov.unattended.variables import variables

TYPE_CHECKING = False
if TYPE_CHECKING:
    from virtprov.unattended.answer_template import Value
    from virtprov.unattended.answers import Answers
    from virtprov.unattended.installers import Installer
    from virtprov.unattended.unattended_request import UnattendedRequest
    from virtprov.unattended.variables import Facts

TEMPLATES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "templates")
LATE_SCRIPT = "late.sh"


class Rendered(NamedTuple):
    """The files with the answers, by name, and sentences for the user."""

    files: dict[str, bytes]
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def render(request: UnattendedRequest, installer: Installer, answers: Answers, facts: Facts) -> Rendered:
    """Return the files that the installer reads. Raises InputError for a template of the user that cannot be used."""
    values = variables(answers, installer, facts)
    notes: list[str] = []
    if request.script:
        from virtprov.unattended import osinfo_script

        text = osinfo_script.render(answers, facts)
    elif request.template:
        template = _read_template(request.template, installer)
        text = fill(template, values)
        answer_check.check_syntax(installer.template, text, template.name)
        notes.append(f"Only the syntax of the answers from {template.name} is checked")
    else:
        text = fill(own_template(installer.template), values)
    files = {installer.file: text.encode()}
    for name, file in () if request.template or request.script else installer.also:
        files[file] = fill(own_template(name), values).encode()
    files |= _add_files(installer, values, text)
    return Rendered(files, tuple(notes), tuple(_warn(answers, installer)))


def own_template(name: str) -> Template:
    """Return a template of virtprov's own."""
    with open(os.path.join(TEMPLATES, name), encoding="utf-8") as stream:
        return Template(f"the template {name}", stream.read(), quoting(name))


def _read_template(path: str, installer: Installer) -> Template:
    from virtprov.support.file_access.files import read_bytes
    from virtprov.support.text import decode

    here = os.path.expanduser(path)
    text = decode(read_bytes(here, limit=1024 * 1024, what="template"), f"'{path}'")
    if not text.strip():
        raise InputError(f"template '{path}' is empty", hint="see docs/reference/unattended.md for an example")
    return Template(f"'{path}'", text, quoting(installer.template))


def _add_files(installer: Installer, values: dict[str, Value], text: str) -> dict[str, bytes]:
    """Return the files beside the answers: scripts, and what cloud-init wants of a seed."""
    script = values["script"]
    assert isinstance(script, str)
    if installer.name == PRESEED.name and script:
        return {LATE_SCRIPT: script.encode()}
    if installer.name == AUTOINSTALL.name:
        return {"meta-data": b""}
    if installer.name == ALPINE.name:
        from virtprov.unattended.alpine import build_overlay

        hash_, disk = values["admin-hash"], values["disk"]
        assert isinstance(hash_, str) and isinstance(disk, str)
        return {"virtprov.apkovl.tar.gz": build_overlay(text, hash_, disk)}
    return {}


def _warn(answers: Answers, installer: Installer) -> list[str]:
    warnings = []
    if installer.name == WINDOWS.name:
        from virtprov.unattended.windows import ZONES

        if answers.timezone not in ZONES:
            warnings.append(f"the Windows name of time zone {answers.timezone} is unknown, so the guest gets UTC")
    return warnings
