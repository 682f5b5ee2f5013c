"""Values and whole documents held against libvirt's schema, before a host gets them.

What the schema refuses is refused here where the same libvirt is going to read it: on this machine. Another
host's libvirt may know more than the schema that is installed here, so there it is a warning.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from virtprov.support.errors import UsageError

if TYPE_CHECKING:
    from virtprov.guest.document import DomainDocument
    from virtprov.guest.write.use import Use
    from virtprov.host.connection import Host
    from virtprov.xml.schema.validate import Schema
    from virtprov.xml.schema.walk import Finding
    from virtprov.xml.tree import Element

_SWITCH = "--no-schema-check lets it through"
_EXACT = ("qemu", "test", "lxc", "ch")
"""Drivers whose guests the schema describes well. Of others it refuses good ones, such as Xen's paravirtual guests
with a boot order, or bhyve's with an emulator named without its folder."""


def check_values(uses: Iterable[Use], host: Host | None) -> list[str]:
    """Warnings about values that libvirt's schema does not know.

    Raises UsageError for the first of them when the schema is the one of the libvirt that will read it.
    """
    warnings = []
    for warning in (warning for use in uses for warning in use.said.schema_warnings):
        if is_same_libvirt(host):
            raise UsageError(warning.message, hint=_hint(warning.hint))
        warnings.append(_warning(warning.message, warning.hint))
    return warnings


def check_documents(domains: Iterable[DomainDocument], host: Host) -> list[str]:
    """Warnings about a guest's documents that libvirt's schema does not take; the first that is wrong counts.

    Raises UsageError when the schema is the one of the libvirt that will read it. Nothing is checked for a recorded
    host.
    """
    checker = Checker(host)
    each = (checker.check(domain.guest.root) for domain in domains)
    return next((warnings for warnings in each if warnings), [])


class Checker:
    """Holds documents against libvirt's schema, which is read for the first of them. Threads may share it."""

    def __init__(self, host: Host) -> None:
        from threading import Lock

        self.host = host
        self._schema: Schema | None = None
        self._read = False
        self._lock = Lock()

    def check(self, root: Element, before: Element | None = None) -> list[str]:
        """As `check_documents`, for one document.

        `before` is the document as it was: what was wrong already is nobody's fault now.
        """
        if self.host.is_recorded:
            return []
        with self._lock:
            return self._check(root, before)

    def _check(self, root: Element, before: Element | None) -> list[str]:
        if not self._read:
            from virtprov.xml.schema import validate

            self._schema, self._read = validate.load(), True
        schema = self._schema
        if schema is None:
            return ["libvirt's schema is not installed here, so the guest's XML is not checked against it"]
        found = _finding(schema, root)
        if found is None or (before is not None and not schema.takes(before)):
            return []
        message = f"the XML is not what libvirt takes: {found.message}"
        if is_same_libvirt(self.host) and self.host.driver in _EXACT:
            raise UsageError(message, hint=_hint(found.hint))
        return [_warning(message, found.hint)]


def _finding(schema: Schema, root: Element) -> Finding | None:
    """What is wrong with a document, apart from what the catalogue knows and the schema does not."""
    if schema.takes(root):
        return None
    from virtprov.guest.write.schema_rows import without_strangers

    return schema.finding(without_strangers(root))


def is_same_libvirt(host: Host | None) -> bool:
    """Whether the host's libvirt is the one that the schema on this machine came with."""
    return host is not None and not host.is_remote and not host.is_recorded


def _hint(hint: str) -> str:
    return f"{hint} ({_SWITCH})" if hint else _SWITCH


def _warning(message: str, hint: str) -> str:
    return f"{message} ({hint})" if hint else message
