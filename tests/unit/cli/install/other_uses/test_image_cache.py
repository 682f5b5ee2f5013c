"""virtprov-install --image-cache: what is printed, and the status."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from virtprov.cli.install import command
from virtprov.host.inventory.storage import Storage
from virtprov.images import cache
from virtprov.images.image import Digest, ResolvedImage
from virtprov.support.errors import HostError, UsageError

FREE, USED = "0" * 16, "1" * 16
HOST = f"""<node><pool type='dir'><name>images</name><target><path>/srv/images</path></target>
<volume type='file'><name>a-{FREE}.base.qcow2</name><capacity unit='GiB'>3</capacity>
<allocation unit='MiB'>300</allocation><target><path>/srv/images/a-{FREE}.base.qcow2</path></target></volume>
<volume type='file'><name>b-{USED}.base.img</name><capacity unit='GiB'>2</capacity>
<target><path>/srv/images/b-{USED}.base.img</path></target></volume>
<volume type='file'><name>web.qcow2</name><capacity unit='GiB'>2</capacity>
<target><path>/srv/images/web.qcow2</path></target>
<backingStore><path>/srv/images/b-{USED}.base.img</path></backingStore></volume></pool></node>"""


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def uri(tmp_path: Path) -> str:
    (tmp_path / "host.xml").write_text(HOST)
    folder = Path(cache.hold(FREE))
    cache.is_held(FREE)
    (folder / "x.file.part").write_bytes(b"x" * 4096)
    cache.write_note(FREE, ResolvedImage("debian13", url="https://x.org/a", digest=Digest("sha256", FREE * 4)))
    return f"test://{tmp_path}/host.xml"


def test_the_list(uri: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--connect", uri, "--image-cache", "list"]) == 0
    assert capsys.readouterr().out == (
        "IMAGE     NAME                           WHERE                          SIZE              USE\n"
        f"debian13  a-{FREE}.base.qcow2  pool images                    300 MiB of 3 GiB  not in use\n"
        f"-         b-{USED}.base.img    pool images                    2 GiB of 2 GiB    "
        "used as backing image by volume web.qcow2\n"
        "debian13  -                              downloaded, not in a pool yet  4 KiB             not in use\n"
    )


def test_pruning(uri: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--connect", uri, "--image-cache", "prune"]) == 0
    said = capsys.readouterr()
    assert said.out == (
        f"Removed base image a-{FREE}.base.qcow2 in pool 'images' (300 MiB).\n"
        f"Removed download of debian13 in {tmp_path}/cache/virtprov/images/{FREE} (4 KiB).\n"
    )
    assert f"Kept base image b-{USED}.base.img in pool 'images' (2 GiB): used as backing image by volume" in said.err
    assert os.listdir(tmp_path / "cache/virtprov/images") == []


def test_as_json(uri: str, capsys: pytest.CaptureFixture[str]) -> None:
    for action, more in (("list", set()), ("prune", {"removed", "why"})):
        assert command.main(["--connect", uri, "--image-cache", action, "--output", "json"]) == 0
        found = json.loads(capsys.readouterr().out)
        assert set(found) == {"uri", "images", "warnings"}
        keys = {"kind", "name", "pool", "path", "size", "capacity", "user", "label", "source", "checksum"}
        assert [set(image) - more for image in found["images"]] == [keys] * 3
    assert [image["removed"] for image in found["images"]] == [True, False, True]
    assert found["images"][0]["checksum"] == f"sha256:{FREE * 4}"


def test_nothing_is_there(uri: str, capsys: pytest.CaptureFixture[str]) -> None:
    cache.remove(FREE)
    for action, sentence in (("list", "No images are cached."), ("prune", "No cached image can be removed.")):
        assert command.main(["--connect", "test:///default", "--image-cache", action]) == 0
        assert capsys.readouterr().out == f"{sentence}\n"


def test_what_cannot_be_removed(uri: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def refuse(storage: Storage, pool: str, name: str) -> bool:
        raise HostError("the pool is read-only")

    monkeypatch.setattr(Storage, "delete_volume", refuse)
    assert command.main(["--connect", uri, "--image-cache", "prune"]) == 3
    assert f"could not remove base image a-{FREE}.base.qcow2" in capsys.readouterr().err


def test_another_word() -> None:
    with pytest.raises(UsageError, match="--image-cache 'lost': invalid choice"):
        command.main(["--image-cache", "lost"])
