"""What goes into a guest, from its own options and from the sub-options of `--cloud-init`, which are the same words."""

from __future__ import annotations

from virtprov.library import texts
from virtprov.options.guest_words import WORDS
from virtprov.support.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from virtprov.cloudinit.guest_words import GuestWords
    from virtprov.cloudinit.seed_request import SeedRequest

GENERATE = {"root-password-generate": ["yes"], "disable": ["yes"]}
"""What `--cloud-init` without a sub-option stands for, as with virt-install."""


def read(fields: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the texts of the options that are given, by their names. Raises UsageError for values that cannot work."""
    given = {word.name: texts.as_list(fields[word.field]) for word in WORDS}
    results = {name: listed for name, listed in given.items() if listed}
    if results:
        from virtprov.cloudinit import word_check

        word_check.check(_to_words(results), "--")
    return results


def _to_words(given: dict[str, list[str]]) -> GuestWords:
    from virtprov.cloudinit.guest_words import GuestWords

    fields: dict[str, Any] = {}
    for word in WORDS:
        if word.name in given:
            fields[word.field] = tuple(given[word.name]) if word.several else given[word.name][-1]
    return GuestWords(**fields)


def merge(given: dict[str, list[str]], uses: list[str], *, bare: dict[str, list[str]]) -> SeedRequest:
    """Return the request for a seed with the options `given` and all uses of `--cloud-init`.

    `bare` is what `--cloud-init` without a sub-option stands for. Raises UsageError for invalid values, and for a word
    that has different values in both.
    """
    from virtprov.cloudinit.seed_request import SeedRequest, from_options
    from virtprov.guest.write import gather

    words: dict[str, list[str]] = gather.repeated_words("cloud-init", [text for text in uses if text]) or dict(bare)
    words = add_words("cloud-init", words, given)
    return from_options(words) if words else SeedRequest()


def add_words(group: str, words: dict[str, list[str]], given: dict[str, list[str]]) -> dict[str, list[str]]:
    """Return the sub-options of a group with the options that mean the same.

    Raises UsageError for a word that has different values in both.
    """
    for name, listed in given.items():
        there = words.get(name)
        if there and any(there) and there != listed:
            raise UsageError(
                f"--{name} and --{group} {name}={there[-1]} cannot be used together", hint="omit one of them"
            )
    return {**words, **given}


def refuse_standard_input(fields: Mapping[str, Any]) -> None:
    """Raise UsageError for a file that would be read from standard input, which belongs to the program."""
    texts.refuse_standard_input("cloud-init", texts.as_list(fields["cloud_init"]))
    for word in WORDS:
        for text in texts.as_list(fields[word.field]):
            if text == "-" or (word.name == "write" and text.startswith("-:/")):
                raise UsageError(f"--{word.name} {text}: only the commands can read standard input", hint="give a file")
