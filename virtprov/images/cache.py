"""The files of images on this machine: `~/.cache/virtprov/images`, a folder for each image.

A folder holds what is being downloaded, the verified disk until it is in a pool, and a note about the image. It is
named by a tag: the first digits of the checksum, or what else tells one version of an image from another. While a run
uses an image, it holds the folder, so that nobody removes what the run needs.
"""

from __future__ import annotations

import os
from contextlib import suppress

from virtprov.images.image import QCOW2, ResolvedImage
from virtprov.support.errors import ProvError
from virtprov.support.frozen import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

TAG = 16
"""Digits of a tag."""
NOTE = "about.json"
BASE_NAME = r"(?P<stem>.+)-(?P<tag>[0-9a-f]{16})\.base\.(?:qcow2|img)"
"""The form of the names of bases, a regular expression."""
_NOTE_LIMIT = 64 * 1024


class Note(Record):
    """What is noted about an image: its name for the user, where it came from, and its checksum; "" if not known."""

    label: str = ""
    source: str = ""
    checksum: str = ""


def folder() -> str:
    """Return the folder of all images. Nothing is created."""
    from virtprov.support.user_files import dirs

    return os.path.join(dirs.cache(), "virtprov", "images")


def folder_of(tag: str) -> str:
    """Return the folder of an image. Nothing is created."""
    return os.path.join(folder(), tag)


def hold(tag: str) -> str:
    """Create the folder of an image, for this user only, and return it; others do not remove it while this run lasts.

    Raises ProvError.
    """
    from virtprov.support.user_files import private, sharing

    path = folder_of(tag)
    try:
        private.make_folder(folder())
        private.check_folder(folder())
        sharing.make_and_hold(path)
    except OSError as error:
        said = (error.strerror or str(error)).lower()
        raise ProvError(
            f"cannot create the cache '{path}': {said}", hint="set XDG_CACHE_HOME to a folder that can be written"
        ) from None
    return path


def is_held(tag: str) -> bool:
    """Return whether another run uses an image. If this run has used it, it no longer does."""
    from virtprov.support.user_files.sharing import is_shared

    return is_shared(folder_of(tag))


def claim(tag: str) -> AbstractContextManager[bool]:
    """Yield True if no other run uses an image; then none can begin to until the block ends."""
    from virtprov.support.user_files import private, sharing

    with suppress(OSError):  # without a folder, nobody could hold it
        private.make_folder(folder_of(tag))
    return sharing.claim(folder_of(tag))


def tag_of(image: ResolvedImage) -> str:
    """Return the tag of an image; a server is asked for the version of a file whose checksum is not known.

    Raises FetchError, InputError.
    """
    known = image.digest or image.unpacked
    if known is not None:
        return known.hex[:TAG]
    from hashlib import sha256

    return sha256(f"{image.url or image.path}\n{_version_of(image)}".encode("utf-8", "surrogateescape")).hexdigest()[
        :TAG
    ]


def _version_of(image: ResolvedImage) -> str:
    """Return what distinguishes this version of a file from others: its size and date, or what the server says."""
    if image.own_path:
        try:
            facts = os.stat(image.own_path)
        except OSError as error:
            from virtprov.support.file_access.files import unreadable

            raise unreadable(image.own_path, error, "image") from None
        return f"{facts.st_size} {facts.st_mtime_ns}"
    from virtprov.support.web.http import Web, refuse_failure
    from virtprov.support.web.server_file import version

    with Web() as web, web.ask("HEAD", image.url) as answer:
        if answer.status_code not in (405, 501):
            refuse_failure(answer, image.url)
        return version(answer)


def base_name(image: ResolvedImage, tag: str) -> str:
    """Return the name of the volume for an image: that of its file, its tag, and `base`."""
    from virtprov.images.fetching.fetch import safe_name
    from virtprov.images.names import unpacked_name

    stem, dot, ending = safe_name(unpacked_name(image.file_name or image.label)).rpartition(".")
    if not dot or ending.lower() not in ("qcow2", "img", "raw"):
        stem, ending = f"{stem}{dot}{ending}", ""
    is_qcow2 = QCOW2 in (image.disk_format, ending.lower())
    return f"{stem}-{tag}.base.{'qcow2' if is_qcow2 else 'img'}"


# -- notes ---------------------------------------------------------------------------------------


def write_note(tag: str, image: ResolvedImage) -> None:
    """Note what an image is, for lists. A failure has no consequences."""
    import json

    from virtprov.support.file_access.files import writing

    known = image.digest or image.unpacked
    facts = {"virtprov": 1, "label": image.label, "source": image.shown, "checksum": known.text if known else ""}
    path = os.path.join(folder_of(tag), NOTE)
    with suppress(ProvError), writing(path, mode=0o600) as temporary, open(temporary, "w", encoding="utf-8") as file:
        json.dump(facts, file)


def read_note(tag: str) -> Note:
    """Return what is noted about an image; a damaged note counts as none."""
    import json

    try:
        with open(os.path.join(folder_of(tag), NOTE), encoding="utf-8") as file:
            facts = json.loads(file.read(_NOTE_LIMIT))
        words = [facts.get(key, "") for key in ("label", "source", "checksum")]
    except (OSError, ValueError, AttributeError, RecursionError):
        return Note()
    return Note(*(word if isinstance(word, str) else "" for word in words))


# -- what is there -------------------------------------------------------------------------------


def tags() -> list[str]:
    """Return the tags of all images that have a folder here."""
    try:
        found = [entry.name for entry in os.scandir(folder()) if entry.is_dir(follow_symlinks=False)]
    except OSError:
        return []
    return sorted(name for name in found if len(name) == TAG and not name.strip("0123456789abcdef"))


def files_of(tag: str) -> Iterator[os.DirEntry[str]]:
    """Yield the files of an image, without the note."""
    with suppress(OSError):
        yield from (entry for entry in os.scandir(folder_of(tag)) if entry.name != NOTE)


def size_of(tag: str) -> int:
    """Return the bytes on the disk that the files of an image take."""
    total = 0
    for entry in files_of(tag):
        with suppress(OSError):
            total += entry.stat(follow_symlinks=False).st_blocks * 512
    return total


def remove(tag: str) -> None:
    """Delete the folder of an image. Raises ProvError."""
    path = folder_of(tag)
    try:
        for entry in list(files_of(tag)):
            os.unlink(entry.path)
        with suppress(FileNotFoundError):
            os.unlink(os.path.join(path, NOTE))
        with suppress(FileNotFoundError):
            os.rmdir(path)
    except OSError as error:
        raise ProvError(f"cannot delete the files in '{path}': {(error.strerror or str(error)).lower()}") from None


def remove_if_empty(tag: str) -> None:
    """Delete the folder of an image if nothing is in it, not even a note."""
    with suppress(OSError):
        os.rmdir(folder_of(tag))
