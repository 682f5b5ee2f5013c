"""From what was typed behind an option group to what it says: pairs looked up, `none` told apart."""

from __future__ import annotations

from virtprov.guest.write import subopts
from virtprov.options.catalogue import says_none, table
from virtprov.options.model import devices_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from virtprov.guest.write.use import Use


def group_uses(group: str, texts: Iterable[str], *, schema: bool = True) -> tuple[list[Use], bool]:
    """Read every use of one group; also says whether one of them was `none`.

    `schema` is whether names and values are held against libvirt's schema. Raises UsageError for what cannot be read.
    """
    from virtprov.guest.write.assign import resolve
    from virtprov.guest.write.use import read

    found: list[Use] = []
    refused = False
    for text in texts:
        if says_none(group, text):
            refused = True
            continue
        rows = table(group)
        for pairs in devices_of(rows, subopts.pairs(rows, text)):
            found.append(read(group, resolve(rows, pairs, schema=schema), text))
    return found, refused


def words(group: str, texts: Iterable[str]) -> dict[str, str]:
    """Read a group that has no place in the XML: its words, the last use of each winning."""
    from virtprov.guest.write.assign import resolve

    said: dict[str, str] = {}
    for text in texts:
        rows = table(group)
        said.update(resolve(rows, subopts.pairs(rows, text)).verbs)
    return said


def help_asked(texts: Iterable[str]) -> bool:
    """Whether one of the uses asks which sub-options there are."""
    return any(subopts.wants_help(text) for text in texts)
