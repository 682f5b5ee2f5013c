"""What --doctor finds on the machine where it runs."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from virtprov.actions.doctor import finding as findings
from virtprov.actions.doctor import machine_checks
from virtprov.actions.doctor.finding import LIMITED, MISSING, OK, Finding, Mend
from virtprov.support import programs


def look(name: str) -> Finding:
    (check,) = [check for check in machine_checks.CHECKS if check.name == name]
    found = check.look()
    assert found is not None
    return found


def test_the_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    assert look("python-packages") == Finding(OK, "libvirt, lxml, pycdlib, requests, yaml")
    real = importlib.util.find_spec

    def find(name: str, package: str | None = None) -> Any:
        return None if name in ("libvirt", "yaml") else real(name, package)

    monkeypatch.setattr(importlib.util, "find_spec", find)
    found = look("python-packages")
    assert (found.state, found.found) == (MISSING, "libvirt, yaml cannot be found")
    assert found.mends == (
        Mend("debian", "apt install python3-libvirt python3-yaml"),
        Mend("", "pip install libvirt-python PyYAML"),
    )


@pytest.mark.parametrize(
    ("name", "program", "command"),
    [
        ("ssh", "ssh", "apt install openssh-client"),
        ("gpgv", "gpgv", "apt install gpgv"),
        ("zstd", "zstd", "apt install zstd"),
        ("text-console", "virsh", "apt install libvirt-clients"),
        ("viewer", "virt-viewer", "apt install virt-viewer"),
    ],
)
def test_programs(name: str, program: str, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr(programs, "find", lambda asked: f"/opt/{asked}")
    assert look(name) == Finding(OK, f"/opt/{program}")
    monkeypatch.setattr(programs, "find", lambda asked: None)
    assert look(name).found == f"the program '{program}' is not installed"
    assert look(name).mends[0] == Mend("debian", command)


def test_a_viewer_without_a_desktop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "find", lambda asked: f"/opt/{asked}")
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    assert look("viewer").state == LIMITED


def test_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    free = 5 << 30
    monkeypatch.setattr("virtprov.support.file_access.files.free_bytes", lambda directory: free)
    folder = f"{tmp_path}/cache/virtprov/images"
    assert look("image-cache") == Finding(OK, f"0 bytes in {folder}, 5 GiB free")
    free = 3 << 30
    assert look("image-cache").state == LIMITED
    free = None  # type: ignore[assignment]
    assert look("image-cache") == Finding(OK, f"0 bytes in {folder}")
    assert not (tmp_path / "cache").exists(), "nothing is created"
    monkeypatch.setattr("os.access", lambda path, mode: False)
    found = look("image-cache")
    assert found.state == MISSING and found.found == f"{tmp_path} cannot be written" and "XDG_CACHE_HOME" in found.hint


@pytest.mark.parametrize(
    ("text", "family"),
    [
        ("ID=debian\n", "debian"),
        ('ID="ubuntu"\nID_LIKE=debian\n', "debian"),
        ("ID=fedora\n", "fedora"),
        ('NAME="x"\nID="rocky"\nID_LIKE="rhel centos fedora"\n', "fedora"),
        ("ID=arch\n", ""),
        ("", ""),
    ],
)
def test_the_family_of_a_system(text: str, family: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "os-release").write_text(text)
    monkeypatch.setattr(findings, "OS_RELEASE", str(tmp_path / "os-release"))
    assert findings.family_here() == family
    monkeypatch.setattr(findings, "OS_RELEASE", str(tmp_path / "nothing"))
    assert findings.family_here() == ""
