"""Questions that a command answers without a guest: sub-options, operating systems, checks."""

from __future__ import annotations

from virtprov.cli import compat, parser
from virtprov.guest.write import gather, subopts
from virtprov.options.catalogue import table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterable

    from virtprov.cli.printing.output import Output
    from virtprov.osinfo.os_request import OsinfoRequest


def help_of_groups(args: Namespace, groups: Iterable[str], output: Output) -> bool:
    """Print the sub-options of every group for which help is requested; return whether there was one."""
    asked = [group for group in groups if gather.is_help_requested(parser.texts(args, group))]
    for group in asked:
        output.result(subopts.help_text(table(group)))
    return bool(asked)


def osinfo(text: str | None) -> OsinfoRequest:
    """Read the value of --osinfo; raises UsageError."""
    from virtprov.library.texts import parse_osinfo

    return parse_osinfo(text)


def osinfo_words(request: OsinfoRequest, output: Output) -> bool:
    """Print the answer to `--osinfo list` and `--osinfo help`; return whether one of them was given."""
    if request.wants_help:
        output.result(subopts.help_text(table("osinfo")))
    elif request.wants_list:
        from virtprov.osinfo import listing

        warnings: list[str] = []
        entries = listing.listing(request.list_word, warnings)
        for sentence in warnings:
            output.warn(sentence)
        import sys

        for_people = sys.stdout.isatty() and not compat.held.plain_lists
        output.result(listing.as_table(entries) if for_people else listing.as_names(entries))
        output.object("osinfo-list", {"systems": listing.as_objects(entries)})
    return request.wants_help or request.wants_list


def image_list(text: str | None, output: Output) -> bool:
    """Print the answer to `--image list`; return whether `text`, the value of --image, asks for it.

    Raises UsageError for an empty text.
    """
    if text is None:
        return False
    if not text.strip():
        from virtprov.support.errors import UsageError

        raise UsageError("--image: no image given", hint="give a name from `--image list`, a URL or a path")
    if text != "list" and not text.startswith("list="):
        return False
    from virtprov.images import listing

    warnings: list[str] = []
    entries = listing.listing(text.partition("=")[2], warnings)
    for sentence in warnings:
        output.warn(sentence)
    output.result(listing.as_table(entries))
    output.object("image-list", {"images": listing.as_objects(entries)})
    return True
