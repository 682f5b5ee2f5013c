"""Check whether a guest already matches the requested changes.

A device to add counts as present if one device matches all given values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.actions.edit.changing.changes import ADD, REMOVE, ChangeResult, EditRequest, change, storage_of
from virtprov.actions.edit.changing.original import Source
from virtprov.actions.edit.changing.outcome import ApplyOptions, EditResult, compare_autostart, render_with_diff
from virtprov.guest.document import DomainDocument, Guest
from virtprov.guest.write import select
from virtprov.options.catalogue import table

if TYPE_CHECKING:
    from virtprov.host.connection import Host


def make(
    requests: tuple[EditRequest, ...],
    source: Source,
    options: ApplyOptions,
    host: Host | None,
    autostart: bool | None = None,
) -> EditResult:
    """Return what would have to change in the definitions that `options` selects: stored (define), running (update).

    A guest that is off only has its stored definition. Raises the same UsageErrors as `changes.change`, except for a
    device to remove that does not exist.
    """
    running = source.running if options.update else None
    parts: list[ChangeResult] = []
    text, difference, live = source.stored.text, "", ""
    if running is None or options.define:
        parts = _through(requests, source.stored, host)
        if parts:
            text, difference = render_with_diff(source.stored, parts[-1].guest)
    if running is not None:
        lives = _through(requests, running, host)
        live = render_with_diff(running, lives[-1].guest)[1] if lives else ""
    return EditResult(
        requests,
        source,
        text,
        difference,
        tuple(parts),
        live_diff=live,
        autostart=compare_autostart(requests, source, autostart),
    )


def _through(requests: tuple[EditRequest, ...], document: DomainDocument, host: Host | None) -> list[ChangeResult]:
    """Apply every change that the guest does not match yet."""
    storage, guest = storage_of(document.guest, host, requests), document.guest
    parts: list[ChangeResult] = []
    for request in requests:
        so = is_so(request, guest, host)
        parts.append(ChangeResult(guest, ()) if so else change(request, guest, host, storage, dry=True))
        guest = parts[-1].guest
    return parts


def is_so(request: EditRequest, guest: Guest, host: Host | None) -> bool:
    """Return whether a device to add exists, or a device to remove does not. Other changes have to be tried."""
    if request.action == ADD:
        left = select.elements(guest, table(request.group))
        for use in request.uses:
            twin = next((node for node in left if select.has_values(node, use.said, host)), None)
            if twin is None:
                return False
            left.remove(twin)
        return True
    if request.action == REMOVE:
        try:
            select.choose(guest, table(request.group), request.selector, host)
        except select.NoneSuch:
            return True
    return False
