"""What others answer, for `tools/fuzz.py`: a guest's agent, files of earlier runs, servers of the web, media.

Each function takes any bytes, and returns a status as a command would. What it raises is a finding, but for a refusal
in our own words.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from typing import Any

PARTS: dict[str, tuple[bytes, ...]] = {
    "agent": (
        b'{"return": ', b'{"return": {}}', b'{"error": {"class": "x"}}', b'{"v1": ', b'"errors": ', b'"datasource": ',
        b"null", b"[]", b"{}", b"\n", b"7", b'"x"', b"NaN", b"1e999",
    ),
    "trail": (
        b'{"run": ', b'{"begin": ', b'{"made": ', b'{"gone": true, "n": 1}', b'{"settled": true}',
        b'{"complete": true}', b"\n", b'"n": ', b'"at": ', b'"kind": "volume"', b'"kind": "pool"', b'"name": ',
        b'"uri": ', b"[]", b"{}", b"null", b"-1", b"1e400", b"true", b'{"guest": ', b'{"left": ', b'{"undone": ',
        b'{"virtprov": 1, "uri": "test:///default", ',
    ),
    "web": (
        b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 302 Found\r\nLocation: ", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/0.9",
        b"\r\n",
        b"\r\n\r\n", b"Content-Length: ", b"Content-Range: bytes ", b"Transfer-Encoding: chunked\r\n", b"ETag: ", b"//",
        b"ffffffffffffffff\r\n", b"http://[::1", b"file:///", b"http://a:b@", b"Content-Encoding: gzip\r\n", b":", b" ",
        b"0\r\n\r\n",
    ),
    "place": (
        b"CD001", b"[general]\n", b"[images-x86_64]\n", b"kernel = ", b"initrd = ", b"[checksums]\n", b"${x}",
        b"menuentry x {\n", b"linux /k ", b"initrd /i\n", b"label a\n", b"append initrd=", b"include ", b"source /",
        b"netboot/debian-installer/amd64/linux", b"../", b"(cd0)", b"NM", b"\x00" * 34, b"\xff" * 4, b"\n",
    ),
    "image": (
        b"SHA256 (", b") = ", b"a" * 64, b"b" * 128, b"  ", b" *", b"# ", b": 5 bytes", b'{"items": [', b"{build}",
        b'{"products": {', b'"link": ', b'"sha256": ', b"sha512:", b"-----BEGIN PGP SIGNED MESSAGE-----\n", b"null",
        b"-----BEGIN PGP SIGNATURE-----", b"- ", b"../", b"file:///", b"https://", b"latest", b"20260801", b"[]",
        b'<a href="', b"1e999",
    ),
}  # fmt: skip
"""What each kind of answer is made of."""
IMAGES = (
    "debian13", "ubuntu24.04", "fedora43", "almalinux10", "rocky9", "gentoo", "alpine3.23", "fedora-coreos-stable",
    "ol9", "kali", "cirros0.5.2", "archlinux",
)  # fmt: skip


def agent(data: bytes) -> int:
    """Each line is what the agent says next, the last one again and again; and all is the file that it hands out."""
    import base64
    import json

    from virtprov.actions.waiting.agent_answers import cloud_init_result
    from virtprov.support.terminal.visible import visible

    handed = json.dumps({"return": {"buf-b64": base64.b64encode(data).decode()}})
    for answers in ([line.decode("utf-8", "replace") for line in data.split(b"\n")], ['{"return": 1}', handed]):
        host: Any = _Agent(answers)
        found = cloud_init_result(host, "web")
        if found is not None and any(visible(error) != error for error in found.errors):
            raise AssertionError(f"not shown safely: {found.errors!r:.200}")
    return 0


class _Agent:
    def __init__(self, answers: list[str]) -> None:
        self._answers = answers

    def agent(self, name: str, command: str) -> str:
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


def runs(data: bytes) -> int:
    """The bytes are the trail, and the journal, of a run that has ended."""
    from virtprov.actions.edit import journal, undo
    from virtprov.actions.run import leftovers, trail, trail_reader
    from virtprov.support.errors import ProvError
    from virtprov.support.user_files import state

    paths = [os.path.join(state.directory(), f"{kind}-{1:020d}-1.jsonl") for kind in (trail.KIND, journal.KIND)]
    try:
        for path in paths:
            with open(path, "wb") as stream:
                stream.write(data)
        leftovers.notice()
        for run, lines in trail_reader.read_ended_runs([]):
            run.describe()
            lines.close()
        try:
            history, _ = undo.last(None, [])
            undo.when(history.run)
            history.close()
        except ProvError:
            return 1
    finally:
        for path in paths:
            state.remove(path)
    return 0


def web(data: bytes) -> int:
    """The bytes are what a server answers to every request."""
    from urllib3.util import connection

    from virtprov.support.errors import ProvError
    from virtprov.support.web.http import Web

    asks: tuple[Callable[[Web], object], ...] = (
        lambda web: web.fetch("http://h/a", limit=1 << 16),
        lambda web: web.size("http://h/a"),
        lambda web: web.read("http://h/a", 5, 10),
    )
    kept, status, far = connection.create_connection, 0, list[socket.socket]()

    def connect(*words: Any, **more: Any) -> socket.socket:
        ours, theirs = socket.socketpair()
        theirs.setblocking(False)
        far.append(theirs)
        try:
            theirs.sendall(data[: 1 << 15])
            theirs.shutdown(socket.SHUT_WR)
        except OSError:
            return ours
        return ours

    setattr(connection, "create_connection", connect)  # noqa: B010
    try:
        for ask in asks:
            try:
                with Web(timeout=2, whole=2) as client:
                    ask(client)
            except ProvError:
                status = 1
    finally:
        setattr(connection, "create_connection", kept)  # noqa: B010
        for end in far:
            end.close()
    return status


def place(data: bytes) -> int:
    """The bytes are an ISO from its first descriptor on, and each index file of a tree."""
    from virtprov.places.choose import Wanted, choose
    from virtprov.places.reading import Found, Iso, Place
    from virtprov.support.errors import ProvError

    class Tree(Place):
        def _fetch(self, name: str) -> bytes | None:
            return data

        def _find(self, name: str) -> Found | None:
            return None if name.startswith("boot") else Found(1)

        def names(self, folder: str) -> list[str]:
            return data.decode("latin-1").split("\n")[:50]

    status, image = 0, bytes(16 * 2048) + data
    try:
        iso = Iso("/a.iso", lambda offset, size: image[offset : offset + size], len(image))
        for made in (iso, Tree("/tree")):
            found = choose(made, Wanted("x86_64", False, None), None)
            words = (found.kernel, found.initrd, *found.args) if found else ()
            if any("\0" in word or "/../" in f"/{word}/" for word in words[:2]):
                raise AssertionError(f"not a path in the place: {words!r:.200}")
            if found and any(not word.isprintable() for word in found.args):
                raise AssertionError(f"not an argument: {words!r:.200}")
    except ProvError:
        status = 1
    return status


def image(data: bytes) -> int:
    """The first line names an image, the rest is each index file and each list of checksums."""
    from virtprov.images.image import ImageRequest
    from virtprov.images.resolve import resolve_image
    from virtprov.support.errors import ProvError

    first, _, answer = data.partition(b"\n")
    word = first.decode("latin-1")
    name = word if word in IMAGES else IMAGES[len(data) % len(IMAGES)]
    try:
        found = resolve_image(ImageRequest(name, name=name), arch="x86_64", read=lambda url, limit: answer[:limit])
    except ProvError:
        return 1
    if not found.url.startswith(("http://", "https://")) or not found.url.isprintable() or " " in found.url:
        raise AssertionError(f"not an address: {found.url!r:.200}")
    if found.digest is None or "/" in found.file_name or not found.file_name:
        raise AssertionError(f"not a file with a checksum: {found.file_name!r:.200}")
    return 0


RUN: dict[str, Callable[[bytes], int]] = {"agent": agent, "trail": runs, "web": web, "place": place, "image": image}
