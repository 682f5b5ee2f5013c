"""One use of an option group on a command line."""

from __future__ import annotations

from virtprov.guest import choices
from virtprov.guest.choices import Choices
from virtprov.guest.disks import spec
from virtprov.guest.disks.spec import DiskSpec
from virtprov.guest.write.assign import Assignments
from virtprov.support.frozen import Record

_HOST_DEVICE = {"hostdev": "name", "network": "hostdev"}
"""Groups whose device may be one of the host's, and the sub-option that names it."""


class Use(Record):
    """One use of an option group, and its text; a group that makes several elements at once gives several uses.

    `said` is what goes into the XML. Beside it: `disk` is where the data of a `--disk` lies (None for other groups),
    `host_device` the device of the host that a guest is given, `choices` is what the rules for defaults go by.
    """

    group: str
    said: Assignments
    text: str = ""
    disk: DiskSpec | None = None
    host_device: str = ""
    choices: Choices = Choices()


def read(group: str, said: Assignments, text: str = "") -> Use:
    """Read what was said in one use of a group. Raises UsageError for values that make no sense."""
    switched_off = frozenset(place.name for place in said.places if place.flag and place.text is None)
    return Use(
        group,
        said,
        text,
        spec.parse(said.verbs) if group == "disk" else None,
        said.verbs.get(_HOST_DEVICE.get(group, ""), ""),
        choices.parse(group, said.verbs, switched_off),
    )
