"""--image on the command line: what goes with it, the list, and what the guest gets to know of it."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

from virtprov.actions.install.os_source.which_system import find_system
from virtprov.cli import answers, app
from virtprov.cli.install import command, flags, legacy
from virtprov.cli.install.parse_request import to_request
from virtprov.host.connection import connect
from virtprov.library.image_option import MIRROR
from virtprov.support.errors import FetchError, HostError, UsageError

pytestmark = pytest.mark.usefixtures("only_bundled_profiles")
KVM = f"recorded://{Path(__file__).resolve().parents[3] / 'data' / 'hosts' / 'kvm'}"
GUEST = ["--connect", KVM, "--name", "web1", "--memory", "512"]


@pytest.fixture(autouse=True)
def no_mirror(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(MIRROR, raising=False)


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    """A folder that mirrors some distributions, for --image-mirror."""

    def put(path: str, name: str) -> None:
        folder = tmp_path / "mirror" / path
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.write_text(f"{hashlib.sha256(name.encode()).hexdigest()}  {name}\n")

    put("centos/9-stream/x86_64/images/CHECKSUM", "CentOS-Stream-GenericCloud-9-20260801.0.x86_64.qcow2")
    put("almalinux/10/cloud/x86_64/images/CHECKSUM", "AlmaLinux-10-GenericCloud-10.2-20260526.0.x86_64.qcow2")
    put("almalinux/10/cloud/aarch64/images/CHECKSUM", "AlmaLinux-10-GenericCloud-10.2-20260526.0.aarch64.qcow2")
    put("releases/noble/release/SHA256SUMS", "ubuntu-24.04-server-cloudimg-amd64.img")
    return tmp_path / "mirror"


def printed(words: list[str], mirror: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """Return the XML of a guest with an image from the mirror."""
    assert command.main([*GUEST, *words, "--image-mirror", mirror.as_uri(), "--print-xml"]) == 0
    return capsys.readouterr().out


def test_the_profile_of_the_image_is_that_of_the_guest(mirror: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert 'id="http://ubuntu.com/ubuntu/24.04"' in printed(["--image", "ubuntu24.04"], mirror, capsys)
    words = [*GUEST, "--image", "ubuntu24.04", "--image-mirror", mirror.as_uri(), "--no-login", "--dry-run"]
    assert command.main(words) == 0
    assert "Using --osinfo ubuntu24.04, the system of the image\n" in capsys.readouterr().err
    other = printed(["--image", "ubuntu24.04", "--osinfo", "ubuntu22.04"], mirror, capsys)
    assert 'id="http://ubuntu.com/ubuntu/22.04"' in other, "what the user says counts more"


@pytest.mark.parametrize("text", ["", " "])
def test_an_empty_image_is_not_ignored(text: str) -> None:
    with pytest.raises(UsageError, match="--image: no image given"):
        command.main([*GUEST, "--import", "--disk", "size=3", "--image", text, "--print-xml"])


def test_the_path_of_the_base_is_told_beside_the_xml(mirror: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [*GUEST, "--image", "ubuntu24.04", "--image-mirror", mirror.as_uri(), "--print-xml"]
    digest = hashlib.sha256(b"ubuntu-24.04-server-cloudimg-amd64.img").hexdigest()
    assert command.main(words) == 0
    found = capsys.readouterr()
    assert found.err == (
        "The disk is an overlay on the image ubuntu24.04 (ubuntu-24.04-server-cloudimg-amd64.img), which is kept in "
        f"/var/lib/libvirt/images/ubuntu-24.04-server-cloudimg-amd64-{digest[:16]}.base.qcow2\n"
    )
    assert found.out.startswith("<domain")
    assert command.main([*words, "--quiet"]) == 0
    assert capsys.readouterr().err == ""


def test_the_test_driver_shows_a_guest_with_an_image(
    mirror: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("os.uname", lambda: os.uname_result(("Linux", "here", "6", "1", "x86_64")))
    words = ["--connect", "test:///default", "--name", "web1", "--memory", "512", "--disk", "size=5"]
    words += ["--no-login", "--image", "ubuntu24.04", "--image-mirror", mirror.as_uri()]
    assert command.main([*words, "--print-xml"]) == 0
    assert "ubuntu.com/ubuntu/24.04" in capsys.readouterr().out
    assert command.main([*words, "--dry-run"]) == 0
    with pytest.raises(HostError, match="libvirt's test driver keeps no data"):
        command.main(words)
    assert not (tmp_path / "cache/virtprov/images").exists()
    with pytest.raises(UsageError, match="no image for i686"):
        command.main([*words, "--arch", "i686", "--print-xml"])


def test_what_is_known_of_the_image_is_found_with_the_system(mirror: Path) -> None:
    words = ["--image", "centos-stream9", "--image-mirror", mirror.as_uri()]
    args = flags.install_parser().parse_args([*GUEST, *words])
    legacy.apply(args)
    with connect(KVM) as host:
        system = find_system(to_request(args, answers.osinfo(args.osinfo)), host, [])
    assert system.image is not None
    assert system.image.url == (
        f"{mirror.as_uri()}/centos/9-stream/x86_64/images/CentOS-Stream-GenericCloud-9-20260801.0.x86_64.qcow2"
    )
    assert (system.profile.short_id, system.image_facts.default_user) == ("centos-stream9", "cloud-user")


def test_a_guest_gets_the_firmware_and_the_cpu_that_its_image_needs(
    mirror: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "firmware=" not in printed(["--image", "centos-stream9"], mirror, capsys)
    with pytest.raises(UsageError, match="the image centos-stream9 boots with BIOS only"):
        printed(["--image", "centos-stream9", "--boot", "uefi"], mirror, capsys)
    assert "<cpu" in printed(["--image", "almalinux10"], mirror, capsys)
    with pytest.raises(UsageError, match="--cpu Nehalem: the image almalinux10 requires a CPU of level x86-64-v3"):
        printed(["--image", "almalinux10", "--cpu", "Nehalem"], mirror, capsys)
    printed(["--image", "almalinux10", "--arch", "aarch64"], mirror, capsys)


def test_explain_names_the_image_as_the_reason(mirror: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [*GUEST, "--image", "almalinux10", "--virt-type", "qemu", "--image-mirror", mirror.as_uri(), "--explain"]
    assert command.main(words) == 0
    text = capsys.readouterr().out
    assert "that of the image" in " ".join(text.split())


def test_a_url_without_a_known_system_needs_osinfo() -> None:
    words = [*GUEST, "--image", "https://127.0.0.1:1/x.qcow2", "--no-verify", "--print-xml"]
    with pytest.raises(UsageError, match="the operating system is unknown"):
        command.main(words)


def test_an_image_that_cannot_be_verified(tmp_path: Path) -> None:
    line = [*GUEST, "--image", "ubuntu24.04", "--image-mirror", tmp_path.as_uri(), "--print-xml"]
    with pytest.raises(FetchError, match="no checksum is known") as caught:
        command.main(line)
    assert "--no-verify" in caught.value.hint
    assert app.run("virtprov-install", command.main, line) == 1


def test_a_mirror_from_the_environment(
    mirror: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(MIRROR, mirror.as_uri())
    assert command.main([*GUEST, "--image", "ubuntu24.04", "--print-xml"]) == 0
    assert "ubuntu/24.04" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--disk", "/srv/a.qcow2"], "--disk /srv/a.qcow2: the first disk gets the image, so it cannot have path="),
        (["--disk", "vol=pool/a"], "cannot have vol="),
        (["--disk", "backing_store=/a,size=5"], "cannot have backing_store="),
        (["--disk", "upload=/a"], "cannot have upload="),
        (["--disk", "source.dev=/dev/sdz"], "cannot have source="),
        (["--disk", "device=cdrom", "--disk", "size=5"], "cannot have device=cdrom"),
        (["--disk", "none"], "--image debian13 and --disk none cannot be used together"),
        (["--reinstall", "web1"], "--image cannot be used with --reinstall"),
        (["--container"], "--image cannot be used with --container"),
    ],
)
def test_disks_and_guests_that_cannot_take_the_image(words: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        command.main([*GUEST, "--image", "debian13", *words, "--print-xml"])
    assert caught.value.hint


@pytest.mark.parametrize(
    "words", [["--disk", "size=5"], ["--disk", "pool=images,size=5", "--disk", "/srv/b.qcow2"], []]
)
def test_disks_that_can(words: list[str]) -> None:
    args = flags.install_parser().parse_args([*GUEST, "--image", "debian13", *words])
    request = to_request(args, answers.osinfo(args.osinfo))
    assert request.image is not None
    assert (request.image.name, request.method.kind) == ("debian13", "import")


@pytest.mark.parametrize(
    "words", [["--image-mirror", "https://m.example.org"], ["--image-keyring", "/k"], ["--no-verify"]]
)
def test_flags_that_require_an_image(words: list[str]) -> None:
    with pytest.raises(UsageError, match=f"{words[0]} requires --image"):
        command.main([*GUEST, "--import", "--disk", "size=1", *words])


def test_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--image", "list"]) == 0
    assert "\ndebian13 " in capsys.readouterr().out
    assert command.main(["--image", "list=trixie"]) == 0
    assert capsys.readouterr().out.splitlines()[1].startswith("debian13  ")
    assert command.main(["--image", "list=trixie", "--output", "json"]) == 0
    (entry,) = json.loads(capsys.readouterr().out)["images"]
    assert [variant["variant"] for variant in entry["variants"]] == ["generic", "genericcloud"]
    assert command.main(["--image", "help"]) == 0
    assert "checksum" in capsys.readouterr().out


def test_an_old_host_is_named_before_anything_is_made(mirror: Path, tmp_path: Path) -> None:
    import shutil

    folder = tmp_path / "old"
    shutil.copytree(KVM.removeprefix("recorded://"), folder)
    for path in folder.glob("domcapabilities*.xml"):
        text = path.read_text()
        for name in (
            "Skylake",
            "Haswell",
            "Broadwell",
            "EPYC",
            "Cascadelake",
            "Icelake",
            "SapphireRapids",
            "Cooperlake",
        ):
            text = text.replace(f">{name}", ">Nehalem")
        path.write_text(text)
    words = [*GUEST, "--image", "almalinux10", "--image-mirror", mirror.as_uri(), "--print-xml"]
    words[1] = f"recorded://{folder}"
    with pytest.raises(HostError, match="requires a CPU of level x86-64-v3, which the host does not have"):
        command.main(words)
