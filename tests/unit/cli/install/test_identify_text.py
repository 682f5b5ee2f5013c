"""What --identify prints, in words."""

from __future__ import annotations

import pytest

from virtprov.cli.install import identify_text
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
            "Fedora 38 Workstation (fedora38): a live system for x86_64 that installs as well",
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
            "Fedora 40 (fedora99): an installation tree for x86_64; a release newer than any that is known here",
        ),
        (Detected("disk", format="qcow2"), "a disk image (qcow2), of a system that no profile describes"),
        (
            Detected("installer", format="iso", volume_id="MINE", installs=True),
            "an installer, of a system that no profile describes (label 'MINE')",
        ),
        (
            Detected("unknown", format="iso", volume_id="CDROM", bootable=True),
            "an ISO that no profile describes, bootable (label 'CDROM')",
        ),
        (Detected("unknown", format="iso", bootable=False), "an ISO that no profile describes, not bootable"),
        (Detected("unknown", format="gzip"), "nothing that is known here (gzip)"),
        (Detected("unknown"), "nothing that is known here"),
    ],
)
def test_sentences(found: Detected, words: str) -> None:
    assert identify_text.sentence(found) == words


def test_lines_begin_with_the_path() -> None:
    assert identify_text.line(Identified("/a", Detected("unknown"))) == "/a: nothing that is known here"
    assert identify_text.line(Identified("/a", Detected("unknown"), "it is gone")) == "/a: it is gone"
    assert identify_text.line(Identified("/a", Detected("unknown"), "'/a' cannot be read")) == "/a: cannot be read"
