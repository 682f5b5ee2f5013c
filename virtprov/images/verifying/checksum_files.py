"""Files of checksums, and the pointers and indexes that distributions publish beside their images.

They come from servers: sizes are bounded before they are read here, and nothing but complete, well-formed lines is
used. A name is compared as a whole; a line with a path is about the file in that folder, not about the one beside it.
"""

from __future__ import annotations

import re

from virtprov.images.image import LENGTHS, Digest, make_digest
from virtprov.support.errors import FetchError
from virtprov.support.frozen import Record

SUMS_LIMIT = 2 * 1024 * 1024
"""Bytes of a file of checksums."""
_LONGEST = 4096
_MOST = 20_000
"""Characters of a line, and lines of a file, that are looked at."""
_BY_LENGTH = {length: algorithm for algorithm, length in LENGTHS.items()}
_GNU = re.compile(r"(?P<hex>[0-9A-Fa-f]{32,128}) [ *](?P<name>[^\x00-\x1f\x7f]+)")
_BSD = re.compile(r"(?P<algorithm>[A-Z0-9-]{3,10}) \((?P<name>[^\x00-\x1f\x7f]+)\) = (?P<hex>[0-9A-Fa-f]{32,128})")
_SIZE = re.compile(r"# (?P<name>[^\x00-\x1f\x7f]+): (?P<size>[0-9]{1,18}) bytes")
_BARE = re.compile(r"\s*(?P<hex>[0-9A-Fa-f]{32,128})\s*")
_POINTER = re.compile(r"(?P<name>[^\s\x00-\x1f\x7f]+)(?:[ \t]+(?P<size>[0-9]{1,18}))?")
_BEGIN, _BEGIN_SIGNATURE = "-----BEGIN PGP SIGNED MESSAGE-----", "-----BEGIN PGP SIGNATURE-----"


class Entry(Record):
    """A file, its checksum, and its size in bytes (None: not known)."""

    name: str
    digest: Digest
    size: int | None = None


def is_clearsigned(data: bytes) -> bool:
    """Return whether a text is inside a clearsigned OpenPGP message."""
    return data.lstrip().startswith(_BEGIN.encode())


def unwrap(data: bytes, shown: str) -> str:
    """Return the text of a clearsigned OpenPGP message, without its armour and dash escapes; other text as it is.

    What is outside of the message is dropped. `shown` names the file. Raises FetchError for an incomplete message.
    The signature is not checked: see `signatures`.
    """
    text = data.decode("utf-8", "replace")
    if not is_clearsigned(data):
        return text
    lines = [line.rstrip("\r") for line in text.lstrip().split("\n")]
    try:
        start = next(at for at, line in enumerate(lines) if not line.strip()) + 1
        end = lines.index(_BEGIN_SIGNATURE, start)
    except (StopIteration, ValueError):
        raise FetchError(
            f"'{shown}' is an incomplete OpenPGP message", hint="try again later, or use another server"
        ) from None
    return "\n".join(line[2:] if line.startswith("- ") else line for line in lines[start:end])


def parse_sums(text: str) -> list[Entry]:
    """Return the entries of a file of checksums: lines of `sha256sum` in both of its forms, or with a BSD tag.

    Comments of the form `# NAME: N bytes` give sizes. Lines that are anything else are skipped.
    """
    sizes: dict[str, int] = {}
    results: list[Entry] = []
    for line in text.split("\n", _MOST)[:_MOST]:
        line = line.rstrip("\r \t")
        if len(line) > _LONGEST:
            continue
        size = _SIZE.fullmatch(line)
        if size:
            sizes[size["name"]] = int(size["size"])
            continue
        entry = _parse_line(line)
        if entry is not None:
            results.append(entry)
    return [entry._replace(size=sizes.get(entry.name)) for entry in results]


def _parse_line(line: str) -> Entry | None:
    match = _BSD.fullmatch(line)
    if match:
        algorithm = match["algorithm"].lower().replace("-", "")
        return _entry(match["name"], algorithm, match["hex"])
    match = _GNU.fullmatch(line)
    return _entry(match["name"], _BY_LENGTH.get(len(match["hex"]), ""), match["hex"]) if match else None


def _entry(name: str, algorithm: str, digits: str) -> Entry | None:
    digest = make_digest(algorithm, digits)
    return Entry(name.removeprefix("./"), digest) if digest is not None else None


def parse_bare(text: str) -> Digest | None:
    """Return the checksum of a file that holds nothing else; None for any other content."""
    match = _BARE.fullmatch(text) if len(text) <= _LONGEST else None
    return make_digest(_BY_LENGTH.get(len(match["hex"]), ""), match["hex"]) if match else None


def parse_pointer(text: str) -> tuple[str, int | None] | None:
    """Return the file that a pointer names, with its size: one line `NAME SIZE`, besides comments and empty lines.

    None for any other content, and for names that lead out of the folder.
    """
    lines = [line.strip() for line in text.split("\n", 200)[:200]]
    lines = [line for line in lines if line and not line.startswith("#")]
    match = _POINTER.fullmatch(lines[0]) if len(lines) == 1 and len(lines[0]) <= _LONGEST else None
    if match is None or ".." in match["name"].split("/") or match["name"].startswith("/") or ":" in match["name"]:
        return None
    return match["name"], int(match["size"]) if match["size"] else None


def strongest(entries: list[Entry]) -> list[Entry]:
    """Return the entries with the longest checksum of each name, in their order.

    Some files list every name with several algorithms.
    """
    best: dict[str, Entry] = {}
    for entry in entries:
        known = best.get(entry.name)
        if known is None or len(entry.digest.hex) > len(known.digest.hex):
            best[entry.name] = entry
    return list(best.values())
