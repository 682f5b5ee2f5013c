"""What kind of document user-data is, and which service in a guest reads it.

cloud-init's kinds are those of its page "User-data formats" and of `handlers/__init__.py` in its package (22.4 and
25.1): it looks only at how the text begins, after blank lines and regardless of case, and the longest beginning wins.
cloudbase-init's are those of its page "Userdata", Talos' those of its page "Nocloud". nuageinit, which FreeBSD's own
cloud images have, reads cloud-config and scripts (nuageinit(7)).
"""

from __future__ import annotations

import re
from typing import NamedTuple

CLOUD_CONFIG = "cloud-config"
MULTIPART = "multipart"
JINJA = "jinja2"
SCRIPT = "script"
UPSTART = "upstart-job"
TALOS = "talos"
UNKNOWN = "unknown"

# beginnings of a document -> (kind, MIME type of such a part); those that begin alike with the longest first
HEADERS = (
    ("#cloud-config-archive", "cloud-config-archive", "text/cloud-config-archive"),
    ("#cloud-config-jsonp", "cloud-config-jsonp", "text/cloud-config-jsonp"),
    ("#cloud-config", CLOUD_CONFIG, "text/cloud-config"),
    ("#cloud-boothook", "boothook", "text/cloud-boothook"),
    ("#include-once", "include", "text/x-include-once-url"),
    ("#include", "include", "text/x-include-url"),
    ("#part-handler", "part-handler", "text/part-handler"),
    ("#upstart-job", UPSTART, "text/upstart-job"),
    ("## template: jinja", JINJA, "text/jinja2"),
    ("#!", SCRIPT, "text/x-shellscript"),
)
# PowerShell and batch files, as cloudbase-init and EC2's agents write them
_WINDOWS = re.compile(
    r"\s*(#ps1(_sysnative|_x86)?\s|rem cmd\s|<(powershell|script|persist|runaslocalsystem|powershellarguments)>)", re.I
)
# YAML documents, of which one has `machine:` or each names its kind; or the same as JSON
_TALOS = re.compile(r'^machine:(\s|$)|^apiVersion:[ \t]*v1alpha1\s*$|\A\s*\{[^{}]*"v1alpha1"', re.M)
LONGEST_HEAD = 65536
_STATEMENTS = re.compile(r"\s*(\{%.*?%\}|\{#.*?#\})", re.S)


class Service(NamedTuple):
    """A service that reads the seed in place of cloud-init: its name and kind of document, where it is found."""

    name: str
    kind: str
    mime: str
    what: str
    systems: tuple[str, ...]


CLOUDBASE = Service(
    "cloudbase-init", "windows-script", "text/x-shellscript", "a script for Windows", ("win16", "win9x", "winnt")
)
TALOS_CONFIG = Service("Talos", TALOS, "", "a Talos machine config", ("talos",))


def kind_of(text: str) -> tuple[str, str]:
    """Return kind and MIME type for cloud-init, or two empty texts for a beginning that it does not know."""
    start = text.lstrip()[:40].lower()
    for header, kind, mime in HEADERS:
        if start.startswith(header):
            return kind, mime
    if _is_mime(text):
        return MULTIPART, "multipart/mixed"
    return "", ""


def service_of(text: str) -> Service | None:
    """Return the service other than cloud-init that reads such a document, or None."""
    if _WINDOWS.match(text):
        return CLOUDBASE
    return TALOS_CONFIG if _TALOS.search(text) else None


def is_template_of_known_kind(rest: str) -> bool:
    """Whether a jinja template, of which `rest` follows the header, can become a document that cloud-init knows.

    Statements and comments in front of its own header leave nothing behind; what an expression yields is not known.
    """
    while match := _STATEMENTS.match(rest):
        rest = rest[match.end() :]
    return bool(kind_of(rest)[0]) or rest.lstrip().startswith("{{")


def _is_mime(text: str) -> bool:
    """Whether the text begins with the head of a mail that says what follows."""
    head = text[:LONGEST_HEAD].lstrip().replace("\r", "").split("\n\n", 1)[0].lower().split("\n")
    named = [line.split(":", 1)[0] for line in head if not line.startswith((" ", "\t", "from "))]
    return bool({"mime-version", "content-type"} & set(named)) and all(
        name.replace("-", "").isalnum() for name in named
    )
