"""One answer for each path and address, whatever it is."""

from __future__ import annotations

import json
import os
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.unit.osinfo.handmade import iso, write_tree
from virtprov.osinfo.identify import Identified, identify

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tests.unit.osinfo.conftest import Describe, Folders

KEYS = (
    "path", "os", "name", "kind", "arch", "variant", "variants", "format", "volume_id", "live", "installs", "bootable",
    "languages", "exact", "error",
)  # fmt: skip
TREEINFO = "[general]\nfamily = One\nversion = 12\narch = x86_64\n"


@pytest.fixture(autouse=True)
def profiles(folders: Folders, describe: Describe) -> None:
    one = describe(
        "one12",
        '<media arch="x86_64"><iso><volume-id>One 12</volume-id></iso></media>',
        '<tree arch="x86_64"><treeinfo><family>One</family><version>12</version></treeinfo></tree>',
    )
    folders.write(folders.bundled, "os/one.xml", one)


class Store(ThreadingHTTPServer):
    """Serves files from memory, in pieces too, and remembers what was asked."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.asked: list[tuple[str, str]] = []
        super().__init__(("127.0.0.1", 0), Answer)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Answer(BaseHTTPRequestHandler):
    server: Store

    def do_GET(self) -> None:
        span = self.headers.get("Range", "")
        self.server.asked.append((self.path, span))
        data = self.server.files.get(self.path)
        if data is None:
            self.send_error(404)
            return
        found = re.fullmatch(r"bytes=(\d+)-(\d+)", span)
        piece = data[int(found[1]) : int(found[2]) + 1] if found else data
        self.send_response(206 if found else 200)
        self.send_header("Content-Length", str(len(piece)))
        self.end_headers()
        self.wfile.write(piece)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with Store() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def one(path: str) -> Identified:
    [found] = identify([path])
    return found


def test_answers_come_in_order_and_nothing_stops_them(tmp_path: Path) -> None:
    image = tmp_path / "a.iso"
    image.write_bytes(iso("One 12"))
    tree = write_tree(tmp_path / "tree", dot_treeinfo=TREEINFO)
    paths = [str(tmp_path / "missing.iso"), str(image), str(tree), str(tmp_path), "smb://example.org/x.iso", ""]
    answers = identify(paths)
    assert [answer.path for answer in answers] == paths
    assert [answer.found.os for answer in answers] == ["", "one12", "one12", "", "", ""]
    assert [answer.found.kind for answer in answers] == [
        "unknown",
        "installer",
        "tree",
        "unknown",
        "unknown",
        "unknown",
    ]
    assert [bool(answer.error) for answer in answers] == [True, False, False, False, True, True]
    assert "missing.iso" in answers[0].error


def test_json_has_the_same_keys_for_all(tmp_path: Path) -> None:
    image = tmp_path / "a.iso"
    image.write_bytes(iso("One 12", boot=True))
    answers = [answer.as_json() for answer in identify([str(image), str(tmp_path / "none")])]
    assert all(tuple(answer) == KEYS for answer in answers)
    good, bad = json.loads(json.dumps(answers))
    assert good == {
        "path": str(image), "os": "one12", "name": "The one12", "kind": "installer", "arch": "x86_64", "variant": None,
        "variants": [], "format": "iso", "volume_id": "One 12", "live": False, "installs": True, "bootable": True,
        "languages": [], "exact": True, "error": None,
    }  # fmt: skip
    assert (bad["os"], bad["kind"], bad["name"], bad["bootable"]) == (None, "unknown", None, None)
    assert bad["error"]


def test_a_file_is_read_in_small_pieces_only(tmp_path: Path) -> None:
    image = tmp_path / "big.iso"
    image.write_bytes(iso("One 12"))
    os.truncate(image, 50 * 2**30)
    assert one(str(image)).found.os == "one12"


def test_file_addresses_and_links(tmp_path: Path) -> None:
    image = tmp_path / "a b.iso"
    image.write_bytes(iso("One 12"))
    (tmp_path / "link").symlink_to(image)
    assert one(f"file://{tmp_path}/a%20b.iso").found.os == "one12"
    assert one(str(tmp_path / "link")).found.os == "one12"


def test_names_that_are_none() -> None:
    assert one("/nosuch\0name").error
    assert one("x" * 5000).error


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert one(str(tmp_path / "pipe")).error


def test_an_iso_on_the_web_is_read_in_place(store: Store) -> None:
    store.files["/a.iso"] = iso("One 12") + bytes(100_000)
    assert one(store.url + "/a.iso").found.os == "one12"
    assert store.asked == [("/a.iso", "bytes=32768-45055")]


def test_an_image_on_the_web(store: Store) -> None:
    store.files["/a.qcow2"] = b"QFI\xfb".ljust(70_000, b"\0")
    found = one(store.url + "/a.qcow2").found
    assert (found.kind, found.format) == ("disk", "qcow2")


def test_a_tree_on_the_web(store: Store) -> None:
    store.files["/os/.treeinfo"] = TREEINFO.encode()
    for address in ("/os", "/os/"):
        assert one(store.url + address).found.os == "one12"


def test_an_address_without_an_ending_may_be_a_file(store: Store) -> None:
    store.files["/download/12345"] = iso("One 12")
    assert one(store.url + "/download/12345").found.os == "one12"


def test_nothing_on_the_web(store: Store) -> None:
    assert "/none.iso" in one(store.url + "/none.iso").error
    assert one(store.url + "/none/").found.kind == "unknown"
    assert one("http://127.0.0.1:9/x.iso").error


def test_a_bad_server_does_not_spoil_the_rest(store: Store, tmp_path: Path) -> None:
    image = tmp_path / "a.iso"
    image.write_bytes(iso("One 12"))
    answers = identify([store.url + "/none.iso", str(image)])
    assert [answer.found.os for answer in answers] == ["", "one12"]
