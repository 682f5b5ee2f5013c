"""Parse the values of an option group: look up the pairs, and handle `none`."""

from __future__ import annotations

from virtprov.guest.write import subopts
from virtprov.options.catalogue import says_none, table
from virtprov.options.model import devices_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from virtprov.guest.write.use import Use


def group_uses(group: str, texts: Iterable[str], *, schema: bool = True) -> tuple[list[Use], bool]:
    """Parse every use of one group; also return whether one of them was `none`.

    `schema` tells whether names and values are checked against libvirt's schema. Raises UsageError for invalid text.
    """
    from virtprov.guest.write.assign import resolve
    from virtprov.guest.write.use import read

    results: list[Use] = []
    refused = False
    for text in texts:
        if says_none(group, text):
            refused = True
            continue
        rows = table(group)
        for pairs in devices_of(rows, subopts.pairs(rows, text)):
            results.append(read(group, resolve(rows, pairs, schema=schema), text))
    return results, refused


def words(group: str, texts: Iterable[str]) -> dict[str, str]:
    """Parse a group without a place in the XML: returns its values; the last use of each wins."""
    from virtprov.guest.write.assign import resolve

    result: dict[str, str] = {}
    for text in texts:
        rows = table(group)
        result.update(resolve(rows, subopts.pairs(rows, text)).verbs)
    return result


def is_help_requested(texts: Iterable[str]) -> bool:
    """Return whether one of the uses asks for the list of sub-options."""
    return any(subopts.wants_help(text) for text in texts)


def repeated_words(group: str, texts: Iterable[str]) -> dict[str, list[str]]:
    """Do the same, with all values of each sub-option in order."""
    from virtprov.guest.write.assign import resolve

    result: dict[str, list[str]] = {}
    for text in texts:
        rows = table(group)
        pairs = subopts.pairs(rows, text)
        resolve(rows, pairs)  # some pairs are only wrong together
        for pair in pairs:
            for name, value in resolve(rows, [pair]).verbs.items():
                result.setdefault(name, []).append(value)
    return result
