"""Many small guests at once, defined and read in one process, because a connection for each would take minutes."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable

from lab.host import Host

_DEFINE = """
import json, sys, libvirt
host = libvirt.open(sys.argv[1])
for xml in json.load(sys.stdin):
    host.defineXML(xml)
"""
_READ = """
import json, sys, libvirt
host = libvirt.open(sys.argv[1])
flags = libvirt.VIR_DOMAIN_XML_INACTIVE | libvirt.VIR_DOMAIN_XML_SECURE
print(json.dumps({each.name(): [each.XMLDesc(flags), each.autostart()] for each in host.listAllDomains()}))
"""
_UNDEFINE = """
import sys, libvirt
host = libvirt.open(sys.argv[1])
for each in host.listAllDomains():
    if each.name().startswith(sys.argv[2]):
        each.undefine()
"""


def define(host: Host, documents: Iterable[str]) -> None:
    """Define a guest from each document."""
    _run(host, _DEFINE, stdin=json.dumps(list(documents)))


def read(host: Host, prefix: str) -> dict[str, tuple[str, int]]:
    """Return the definition of every guest whose name has this prefix, and whether it starts with the host."""
    guests = json.loads(_run(host, _READ))
    return {name: (text, start) for name, (text, start) in guests.items() if name.startswith(prefix)}


def undefine(host: Host, prefix: str) -> None:
    """Undefine every guest whose name has this prefix."""
    _run(host, _UNDEFINE, prefix)


def _run(host: Host, script: str, *words: str, stdin: str = "") -> str:
    done = host.execute([sys.executable, "-c", script, host.uri, *words], stdin=stdin)
    assert done.rc == 0, done.err
    return done.out
