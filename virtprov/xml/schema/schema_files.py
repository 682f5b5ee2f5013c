"""Find the schema, and keep the graph made from it in a file in the cache directory."""

from __future__ import annotations

import os
import sys

from virtprov.support.errors import ProvError
from virtprov.support.file_access.regular import reading
from virtprov.support.user_files import dirs
from virtprov.xml.schema.graph import Graph

MAIN = "domain.rng"
FOLDER_VARIABLE = "VIRTPROV_SCHEMA_DIR"
_FORMAT = 2  # increased when the format of the graph's data changes

_graphs: dict[str, Graph | None] = {}


def folder() -> str:
    """Return the folder with libvirt's schema; "" if none is installed.

    If $VIRTPROV_SCHEMA_DIR is set, only that is used; otherwise every share/libvirt/schemas of the system is tried.
    """
    setting = os.environ.get(FOLDER_VARIABLE)
    if setting is not None:
        return setting if setting and os.path.isfile(os.path.join(setting, MAIN)) else ""
    shares = [*dirs.data_of_all(), "/usr/share", "/usr/local/share", os.path.join(sys.prefix, "share")]
    for share in dict.fromkeys([*shares, "/opt/homebrew/share", "/opt/local/share"]):
        result = os.path.join(share, "libvirt", "schemas")
        if os.path.isfile(os.path.join(result, MAIN)):
            return result
    return ""


def load(where: str = "") -> Graph | None:
    """Return the graph of the schema in `where` (default: of `folder()`); None if it cannot be read."""
    where = where or folder()
    if where not in _graphs:
        _graphs[where] = _load(where) if where else None
    return _graphs[where]


def _load(where: str) -> Graph | None:
    stamp = _stamp(where)
    known = _from_cache(where, stamp)
    if known is not None:
        return known
    from virtprov.xml.schema import builder

    try:
        data = builder.build(where)
    except ProvError:
        return None
    _keep(where, {"stamp": stamp, **data})
    return Graph(data)


def _stamp(where: str) -> str:
    """Return what identifies a schema: the format of the data, then each file's name, size and time."""
    words = [str(_FORMAT)]
    try:
        for entry in sorted(os.scandir(where), key=lambda entry: entry.name):
            if entry.name.endswith(".rng"):
                status = entry.stat()
                words.append(f"{entry.name} {status.st_size} {status.st_mtime_ns}")
    except OSError:
        return ""
    return "\n".join(words)


def _cache_path(where: str) -> str:
    import zlib

    mark = zlib.crc32(os.fsencode(os.path.abspath(where)))
    return os.path.join(dirs.cache(), "virtprov", f"schema-{mark:08x}.json")


def _from_cache(where: str, stamp: str) -> Graph | None:
    """Return the graph from the cache; None if it is missing, damaged, or of another schema."""
    import json

    try:
        with reading(_cache_path(where)) as stream:
            data = json.loads(stream.read())
        if not stamp or data["stamp"] != stamp or not (data["patterns"] and data["start"]):
            return None
        return Graph(data)
    except (OSError, ValueError, LookupError, TypeError):
        return None


def _keep(where: str, data: dict[str, object]) -> None:
    """Write the graph to the cache; if that is not possible, the next process builds it again."""
    import json

    from virtprov.support.file_access.files import write_atomic
    from virtprov.support.user_files.private import make_folder

    target = _cache_path(where)
    try:
        make_folder(os.path.dirname(target))
        write_atomic(target, json.dumps(data, separators=(",", ":")))
    except (OSError, ProvError):
        return
