"""What the new guest boots from: not a disk that this very command makes, empty."""

from __future__ import annotations

from pathlib import Path

import pytest

from virtprov.cli import app
from virtprov.cli.install import command

KVM = f"recorded://{Path(__file__).resolve().parents[3] / 'data' / 'hosts' / 'kvm'}"
BASE = "backing_store=/srv/images/base.qcow2"


@pytest.mark.parametrize(
    ("flags", "status", "said"),
    [
        (["--cloud-init", "--disk", "pool=images,size=2"], 2, "error: --cloud-init: the guest boots from /srv/images"),
        (["--cloud-init", "--import", "--disk", "/srv/images/x.img,size=2"], 2, "boots from /srv/images/x.img, which"),
        (["--cloud-init", "--disk", f"pool=images,{BASE}"], 0, ""),
        (["--cloud-init", "--disk", f"pool=images,{BASE}", "--disk", "pool=images,size=2"], 0, ""),
        (["--cloud-init", "--disk", "pool=images,size=2", "--cdrom", "/srv/images/base.qcow2"], 0, ""),
        (["--import", "--disk", "pool=images,size=2"], 0, "warning: --import: the guest boots from /srv/images"),
        (["--import", "--disk", "pool=images,size=2,as=volume"], 0, "warning: --import: the guest boots from images/g"),
        (["--import"], 0, "warning: --import: the guest boots from"),  # the disk that the system's profile advises
        (["--import", "--disk", f"pool=images,{BASE}"], 0, ""),
        (["--import", "--disk", "pool=images,size=2", "--disk", f"pool=images,{BASE},boot.order=1"], 0, ""),
        (["--import", "--disk", "pool=images,size=2", "--boot", "network"], 0, ""),
        (["--pxe", "--disk", "pool=images,size=2"], 0, ""),
    ],
)
def test_an_empty_disk_boots_nothing(
    flags: list[str], status: int, said: str, capsys: pytest.CaptureFixture[str], only_bundled_profiles: None
) -> None:
    words = ["--connect", KVM, "--name", "g", "--osinfo", "debian12", "--dry-run", *flags]
    assert app.run("virtprov-install", command.main, words) == status
    err = capsys.readouterr().err
    assert said in err and ("which is new and empty" in err) is bool(said)
    assert not said or "give backing_store=IMAGE or upload=IMAGE to start from an image with an installed system" in err


@pytest.mark.parametrize(
    "flags",
    [
        ["--import", "--install", "vim"],
        ["--import", "--install", "os=vim"],
        ["--pxe", "--install", "kernel=/k"],
        ["--cdrom", "/x.iso", "--install", "bootdev=network"],
    ],
)
def test_two_ways_in(flags: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run("virtprov-install", command.main, ["--connect", KVM, "--osinfo", "debian12", *flags]) == 2
    assert f"{flags[0]} and --install" in capsys.readouterr().err
