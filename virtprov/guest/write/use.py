"""One use of an option group on a command line."""

from __future__ import annotations

from virtprov.guest.write.assign import Assignments
from virtprov.support.frozen import Record


class Use(Record):
    """One use of an option group, and its text; a group that makes several elements at once gives several uses."""

    group: str
    said: Assignments
    text: str = ""
