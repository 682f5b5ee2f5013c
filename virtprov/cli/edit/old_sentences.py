"""What virt-xml prints on standard output about an edit; programs look for these sentences."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from virtprov.actions.edit.guest_report import GuestReport

_DEVICE = {"add-device": "hotplug", "remove-device": "hotunplug"}


def of(planned: GuestReport, actions: list[str], *, done: bool) -> list[str]:
    """Return the sentences for a guest; `actions` are those of the requested changes, `done` if something was done.

    virt-xml stores a definition that does not change as well, and says so.
    """
    name, wanted = planned.name, planned.wanted
    lines = []
    if done and planned.updates:
        lines += [f"Device {_DEVICE.get(action, 'update')} successful." for action in actions]
    if wanted.define and (done or not planned.changed):
        lines.append(f"Domain '{name}' defined successfully.")
        if done and planned.waits and not planned.updates:
            lines.append("Changes will take effect after the domain is fully powered off.")
    if done and wanted.start:
        lines.append(f"Domain '{name}' started successfully.")
    return lines
