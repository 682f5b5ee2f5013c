"""What --identify prints, in words."""

from __future__ import annotations

import pytest

from virtprov.cli.install.other_uses import identify_text
from virtprov.osinfo.detect import Detected
from virtprov.osinfo.identify import Identified


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (
            Detected("installer", "debian12", "Debian 12", "x86_64", installs=True, format="iso"),
            "Debian 12 (debian12): an installer for x86_64",
        ),
        (
            Detected("live", "fedora38", "Fedora 38 Workstation", "x86_64", live=True, installs=True, format="iso"),
            "Fedora 38 Workstation (fedora38): a live system for x86_64 that can also be installed",
        ),
        (
            Detected("live", "x1", "X 1", live=True, format="iso"),
            "X 1 (x1): a live system",
        ),
        (
            Detected("tree", "rhel9.0", "RHEL 9.0", "aarch64", format="treeinfo", installs=True),
            "RHEL 9.0 (rhel9.0): an installation tree for aarch64",
        ),
        (
            Detected("cloud image", "ubuntu24.04", "Ubuntu 24.04", "x86_64", format="qcow2"),
            "Ubuntu 24.04 (ubuntu24.04): a cloud image (qcow2) for x86_64",
        ),
        (
            Detected("tree", "fedora99", "Fedora 40", "x86_64", exact=False, installs=True),
            "Fedora 40 (fedora99): an installation tree for x86_64; a newer release than any known profile",
        ),
        (Detected("disk", format="qcow2"), "a disk image (qcow2) of an operating system without a profile"),
        (
            Detected("installer", format="iso", volume_id="MINE", installs=True),
            "an installer of an operating system without a profile (label 'MINE')",
        ),
        (
            Detected("unknown", format="iso", volume_id="CDROM", bootable=True),
            "an ISO of an operating system without a profile, bootable (label 'CDROM')",
        ),
        (
            Detected("unknown", format="iso", bootable=False),
            "an ISO of an operating system without a profile, not bootable",
        ),
        (Detected("unknown", format="gzip"), "unknown contents (gzip)"),
        (Detected("unknown"), "unknown contents"),
    ],
)
def test_sentences(found: Detected, words: str) -> None:
    assert identify_text.sentence(found) == words


def test_lines_begin_with_the_path() -> None:
    assert identify_text.line(Identified("/a", Detected("unknown"))) == "/a: unknown contents"
    assert identify_text.line(Identified("/a", Detected("unknown"), "it is gone")) == "/a: it is gone"
    assert identify_text.line(Identified("/a", Detected("unknown"), "'/a' cannot be read")) == "/a: cannot be read"
