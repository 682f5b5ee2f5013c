"""Check values and whole documents against libvirt's schema before they are sent to a host.

A mismatch is an error if the libvirt of this machine will read the XML. The libvirt of another host may know more than
the schema installed here, so there it is only a warning.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from virtprov.support.errors import UsageError

if TYPE_CHECKING:
    from virtprov.guest.document import DomainDocument
    from virtprov.guest.host_view import HostView
    from virtprov.guest.write.use import Use
    from virtprov.host.connection import Host
    from virtprov.xml.schema.validate import Schema
    from virtprov.xml.schema.walk import Finding
    from virtprov.xml.tree import Element

_SWITCH = "use --no-schema-check to skip this check"
_EXACT = ("qemu", "test", "lxc", "ch")
"""Drivers whose guests the schema describes well.

It refuses valid guests of other drivers, such as paravirtual Xen guests with a boot order, or bhyve guests with an
emulator given without its folder.
"""


def check_values(uses: Iterable[Use], host: Host | None) -> list[str]:
    """Return warnings about values that libvirt's schema does not know.

    Raises UsageError for the first of them if the schema belongs to the libvirt that will read the XML.
    """
    uses = list(uses)
    warnings = list_dropped(uses, host)
    for warning in (warning for use in uses for warning in use.said.schema_warnings if not warning.is_dropped):
        if is_same_libvirt(host):
            raise UsageError(warning.message, hint=_hint(warning.hint))
        kept = f"; the value is not written: {_SWITCH}" if host is None else ""
        warnings.append(_warning(warning.message, warning.hint) + kept)
    return warnings


def without_unknown_values(use: Use, *, is_new: bool) -> Use:
    """Return the use of an option without the values that the schema does not know.

    Raises UsageError for such a value of an element that `is_new`, which would be another one without it.
    """
    unknown = [warning for warning in use.said.schema_warnings if not warning.is_dropped]
    if unknown and is_new:
        raise UsageError(unknown[0].message, hint=_hint(unknown[0].hint))
    refused = {warning.where for warning in unknown}
    places = tuple(place for place in use.said.places if place.path not in refused)
    return use._replace(said=use.said._replace(places=places))


def list_dropped(uses: Iterable[Use], host: Host | None) -> list[str]:
    """Return warnings about sub-options that libvirt does not know, so that it silently drops them."""
    if is_same_libvirt(host):
        start, end = "this libvirt", "it will be omitted"
    else:
        start, end = "the libvirt of this machine", "the libvirt of the guest's host may omit it"
    dropped = [warning for use in uses for warning in use.said.schema_warnings if warning.is_dropped]
    return [f"{start} does not know {warning.message}: {end}" for warning in dropped]


def check_documents(domains: Iterable[DomainDocument], host: Host) -> list[str]:
    """Return warnings about documents of new guests that libvirt would refuse; only the first fault is reported.

    Raises UsageError if this machine's libvirt will read the XML. Documents for a recorded host are not checked.
    """
    checker = Checker(host)
    each = (checker.check(domain.guest.root) or checker.check_sense(domain.guest.root) for domain in domains)
    return next((warnings for warnings in each if warnings), [])


class Checker:
    """Checks documents against libvirt's schema, which is loaded for the first document. Thread-safe."""

    def __init__(self, host: Host) -> None:
        from threading import Lock

        self.host = host
        self._schema: Schema | None = None
        self._read = False
        self._lock = Lock()

    def check(self, root: Element, before: Element | None = None) -> list[str]:
        """Check one document like `check_documents`.

        `before` is the document before the change: mismatches that it already had are not reported.
        """
        if not is_schema_known(self.host):
            return []
        with self._lock:
            return self._check(root, before)

    def check_sense(self, root: Element) -> list[str]:
        """Check a new guest for what the schema allows, but libvirt refuses, like `check_documents`."""
        findings = _list_faults(root) if is_schema_known(self.host) else []
        return [self._report(f"libvirt does not accept the XML: {findings[0]}", "")] if findings else []

    def check_clashes(self, root: Element, before: Element) -> list[str]:
        """Check an edited definition for names and addresses that two devices have now, like `check`.

        Documents of running guests are not checked: their first console is their first serial port once more.
        """
        from virtprov.guest.edits.obsolete_parts import list_clashes

        is_running = root.get("id") is not None
        findings = _list_new(list_clashes, root, before) if is_schema_known(self.host) and not is_running else []
        return [self._report(f"libvirt does not accept the XML: {findings[0]}", "")] if findings else []

    def _report(self, message: str, hint: str) -> str:
        """Return a warning; raises UsageError if libvirt itself will see the document."""
        if is_same_libvirt(self.host) and self.host.driver in _EXACT:
            raise UsageError(message, hint=_hint(hint))
        return _warning(message, hint)

    def _check(self, root: Element, before: Element | None) -> list[str]:
        if not self._read:
            from virtprov.xml.schema import validate

            self._schema, self._read = validate.load(), True
        schema = self._schema
        if schema is None:
            return ["libvirt's schema is not installed on this machine, so the guest's XML is not checked against it"]
        from virtprov.xml.schema.validate import TooSlowError

        try:
            findings = _finding(schema, root)
            if findings is None or (before is not None and not schema.takes(before)):
                return []
        except TooSlowError:
            findings = _find_in_graph(root, before)
        if findings is None:
            return [_UNCHECKED]
        return [self._report(f"libvirt does not accept the XML: {findings.message}", findings.hint)]


_UNCHECKED = "checking the guest's XML against libvirt's schema takes too long; only names and values were checked"


def check_change(after: Element, before: Element) -> list[str]:
    """Return warnings about what libvirt would refuse in an edited document that no host reads here.

    What was wrong before the edit is not reported. Without an installed schema there are no warnings about names.
    """
    findings = _list_new(_list_refused, after, before)
    warnings = _schema_warnings(after, before)  # which may name the same part in other words
    warnings = warnings or [f"libvirt does not accept the XML: {sentence}" for sentence in findings]
    return warnings + check_images(after, before)


def check_images(after: Element, before: Element) -> list[str]:
    """Return warnings about images that two disks of an edited guest would write to, unless they did before."""
    return [f"{sentence}; the guest cannot start" for sentence in _list_new(_list_images, after, before)]


def _list_new(listing: Callable[[Element], list[str]], after: Element, before: Element) -> list[str]:
    """Return what `listing` finds in an edited document, without what it finds in the document before the edit."""
    findings = listing(after)
    known = listing(before) if findings else []
    return [each for each in findings if each not in known]


def _list_images(root: Element) -> list[str]:
    from virtprov.guest.document import Guest
    from virtprov.guest.edits.refused import list_shared_images

    return list_shared_images(Guest(root))


def _list_refused(root: Element) -> list[str]:
    """Return sentences about what libvirt does not store."""
    images = _list_images(root)  # those only keep the guest from starting
    return [sentence for sentence in _list_faults(root) if sentence not in images]


def _list_faults(root: Element) -> list[str]:
    """Return sentences about what libvirt does not store or start."""
    from virtprov.guest.edits.obsolete_parts import list_contradictions

    return list_contradictions(root) + _list_bad_basics(root)


def _list_bad_basics(root: Element) -> list[str]:
    """Return sentences about a name and a memory size that libvirt refuses."""
    from virtprov.guest import names
    from virtprov.guest.document import Guest

    sentences: list[str] = []
    guest = Guest(root)
    try:
        names.check_name(guest.name)
    except UsageError as problem:
        sentences.append(problem.message)
    if (guest.get("./memory") or "").strip("0") == "" and guest.has("./memory"):
        sentences.append("the guest has no memory")
    return sentences


def _schema_warnings(after: Element, before: Element) -> list[str]:
    """Return a warning about the first mismatch that the edit has caused."""
    findings = _find_in_graph(after, before)
    return (
        [_warning(f"libvirt does not accept the XML: {findings.message}", findings.hint)]
        if findings is not None
        else []
    )


def _find_in_graph(after: Element, before: Element | None) -> Finding | None:
    """Return the first mismatch that the change has caused, according to the graph alone, which is always fast.

    Compiled, the schema takes minutes or hours for some documents.
    """
    from virtprov.xml.schema import schema_files, walk

    graph = schema_files.load()
    if graph is None:
        return None
    findings = walk.findings(graph, after)
    same = {finding.message for finding in walk.findings(graph, before)} if findings and before is not None else set()
    if all(finding.message in same for finding in findings):
        return None
    from virtprov.guest.write.schema_rows import without_strangers  # it reads all option tables

    old = [] if before is None else walk.findings(graph, without_strangers(before))
    known = {finding.message for finding in old}
    findings = walk.findings(graph, without_strangers(after))
    return next((each for each in findings if each.message not in known), None)


def _finding(schema: Schema, root: Element) -> Finding | None:
    """Return what is wrong with a document, except for what the catalogue knows and the schema does not."""
    if schema.takes(root):
        return None
    from virtprov.guest.write.schema_rows import without_strangers

    return schema.finding(without_strangers(root))


def is_schema_known(host: HostView | None) -> bool:
    """Return whether documents are checked against the schema of this machine, as far as it describes their reader.

    The libvirt that will read the documents of a recorded host is not known.
    """
    return host is None or not host.is_recorded


def is_same_libvirt(host: Host | None) -> bool:
    """Return whether the host's libvirt is the one that installed the schema on this machine."""
    return host is not None and not host.is_remote and not host.is_recorded


def _hint(hint: str) -> str:
    return f"{hint} ({_SWITCH})" if hint else _SWITCH


def _warning(message: str, hint: str) -> str:
    return f"{message} ({hint})" if hint else message
