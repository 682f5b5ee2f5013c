"""One use of an option group on a command line."""

from __future__ import annotations

from virtprov.guest.disks import spec
from virtprov.guest.disks.spec import DiskSpec
from virtprov.guest.rules import choices
from virtprov.guest.rules.choices import Choices
from virtprov.guest.write.assign import Assignments
from virtprov.support.frozen import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from virtprov.cloudinit.fixed_addresses import FixedAddress

_HOST_DEVICE = {"hostdev": "name", "network": "hostdev"}
"""Groups that can use a host device, and the sub-option that names it."""


class Use(Record):
    """One use of an option group, and its text; a group that creates several elements at once has several uses.

    `said` is written to the XML. Besides it, `disk` is the source of a `--disk` (None for other groups), `host_device`
    the host device for the guest, `fixed` the address of a `--network`, and `choices` are for the default rules.
    """

    group: str
    said: Assignments
    text: str = ""
    disk: DiskSpec | None = None
    host_device: str = ""
    choices: Choices = Choices()
    fixed: FixedAddress | None = None


def read(group: str, said: Assignments, text: str = "") -> Use:
    """Interpret one use of a group. Raises UsageError for invalid values."""
    switched_off = frozenset(place.name for place in said.places if place.flag and place.text is None)
    return Use(
        group,
        said,
        text,
        spec.parse(said.verbs) if group == "disk" else None,
        said.verbs.get(_HOST_DEVICE.get(group, ""), ""),
        choices.parse(group, said.verbs, switched_off),
        _read_fixed(said.verbs) if group == "network" else None,
    )


def _read_fixed(words: Mapping[str, str]) -> FixedAddress | None:
    """Return the fixed address in one use of `--network`; its parser is only loaded for one that is given."""
    if not any(name in words for name in ("static", "gateway", "dns")):
        return None
    from virtprov.cloudinit import fixed_addresses as addresses

    return addresses.parse(words)
