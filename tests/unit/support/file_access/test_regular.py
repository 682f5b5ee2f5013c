"""FIFOs, devices and sockets where a file is wanted: refused, and never waited for."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from virtprov.host.connection import connect
from virtprov.osinfo.identify import identify
from virtprov.support.errors import InputError, ProvError
from virtprov.support.file_access import copy, files
from virtprov.support.file_access import image_header as image
from virtprov.support.file_access.regular import open_regular, reading
from virtprov.support.user_files import state
from virtprov.xml import tree

BIN = Path(__file__).resolve().parents[4] / "bin"
NEW = "virtprov-install --connect test:///default --name n --memory 64 --osinfo generic"
GUEST = "<domain type='test'><name>a</name><memory>1</memory><os><type>hvm</type></os></domain>"


@pytest.fixture
def fifo(tmp_path: Path) -> str:
    path = str(tmp_path / "fifo")
    os.mkfifo(path)
    return path


READERS: list[Callable[[str], object]] = [
    files.read_bytes,
    tree.parse_file,
    reading,
    lambda path: copy.copy_image(path, f"{path}.copy"),
    lambda path: state.Lines.open(path),
]


@pytest.mark.parametrize("read", READERS)
def test_a_fifo_is_not_waited_for(fifo: str, read: Callable[[str], object]) -> None:
    with pytest.raises((ProvError, OSError), match="not a regular file"):
        read(fifo)


def test_other_things_that_are_no_files(tmp_path: Path) -> None:
    for path in ("/dev/zero", "/dev/tty0", "/dev/ptmx"):
        if os.path.exists(path):
            with pytest.raises(OSError, match=r"not a regular file|No such device|denied|not permitted"):
                open_regular(path)
    with pytest.raises(OSError, match="not a regular file"):
        open_regular("/dev/null")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket"))
        with pytest.raises(InputError, match="cannot be read"):
            files.read_bytes(str(tmp_path / "socket"))
    with pytest.raises(InputError, match="is a directory"):
        files.read_bytes(str(tmp_path))


def test_what_the_shell_hands_over_is_read() -> None:
    assert files.read_bytes("/dev/null") == b""
    reader, writer = os.pipe()
    os.write(writer, b"hello")
    os.close(writer)
    assert files.read_bytes(f"/dev/fd/{reader}") == b"hello"
    os.close(reader)


def test_images_state_files_and_trees(fifo: str, tmp_path: Path) -> None:
    assert image.probe(fifo) is None
    assert state.first_line(fifo) is None and state.last_line(fifo) is None
    os.rename(fifo, tmp_path / ".treeinfo")
    (found,) = identify([str(tmp_path)], [])
    assert "not a regular file" in found.error


def test_libvirts_test_driver_and_recordings(fifo: str, tmp_path: Path) -> None:
    with pytest.raises(ProvError, match="not a regular file"):
        connect(f"test://{fifo}")
    for name in ("inventory.xml", "host.json"):
        folder = tmp_path / name[0]
        folder.mkdir()
        (folder / "host.json").write_text('{"uri": "qemu:///system"}')
        (folder / name).unlink(missing_ok=True)
        os.mkfifo(folder / name)
        with pytest.raises(ProvError, match="not a regular file"):
            connect(f"recorded://{folder}")


LINES = {
    f"{NEW} --cdrom FIFO --disk none": "not a regular file",
    f"{NEW} --import --disk FIFO": "not a regular file",
    f"{NEW} --import --disk path=FIFO,device=cdrom": "not a regular file",
    f"{NEW} --import --disk size=1,backing_store=FIFO": "FIFO",
    f"{NEW} --import --disk size=1,upload=FIFO": "is not a regular file",
    f"{NEW} --import --disk IMAGE --cloud-init user-data=FIFO": "not a regular file",
    f"{NEW} --import --disk IMAGE --cloud-init clouduser-ssh-key=FIFO": "not a regular file",
    f"{NEW} --import --disk IMAGE --cloud-init root-password-file=FIFO": "not a regular file",
    f"{NEW} --location FIFO --disk none": "",
    "virtprov-install --identify FIFO": "",
    "virtprov-xml --file FIFO --edit --memory 64": "not a regular file",
    "virtprov-clone --connect test:///default --original-xml FIFO --auto-clone": "not a regular file",
    "virtprov-clone --connect test:///default --original-xml GUEST -n b --preserve-data --file FIFO": "not a regular",
    "virtprov-clone --connect test:///default --original-xml GUEST -n b --file FIFO": "not a regular file",
}


@pytest.mark.parametrize("line", LINES)
def test_the_commands_refuse_it(line: str, fifo: str, tmp_path: Path) -> None:
    guest, disk = tmp_path / "guest.xml", tmp_path / "disk.img"
    disk.write_bytes(b"\0" * 4096)
    devices = f"<devices><disk type='file'><source file='{disk}'/><target dev='vda'/></disk></devices></domain>"
    guest.write_text(GUEST.replace("</domain>", devices))
    words = line.replace("FIFO", fifo).replace("GUEST", str(guest)).replace("IMAGE", str(disk)).split()
    done = subprocess.run(
        [str(BIN / words[0]), *words[1:]],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        stdin=subprocess.DEVNULL,
        cwd=tmp_path,
    )
    told = done.stderr + done.stdout
    assert done.returncode in (1, 2, 3), told
    assert LINES[line].replace("FIFO", fifo) in told and "bug" not in told
