"""Cloud images by name: a mirror of our own, real hosts, and everything that can go wrong on the way."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from lab.far import Far
from lab.guests import until
from lab.host import Done, Host
from lab.image import Image
from lab.mirror import LATEST, NAME, Mirror, Signer, mirroring_debian, publish
from lab.user import HOME, User

pytestmark = pytest.mark.live

IMAGES = "/var/lib/libvirt/images"
DEFINE = "--cloud-init none --noreboot --noautoconsole --network none --graphics none --virt-type qemu".split()
TIMEOUT = 900.0
DRIP_LIMIT = 60


@pytest.fixture(scope="module")
def small(image: Image, lab: Host) -> bytes:
    """The first 6 MiB of the Debian image's disk, as qcow2."""
    path = lab.state / "small.qcow2"
    convert = ["qemu-img", "dd", "-f", "qcow2", "-O", "qcow2", "bs=1M", "count=6", f"if={image.disk}", f"of={path}"]
    subprocess.run(convert, check=True)
    return path.read_bytes()


@pytest.fixture(scope="module")
def signer(lab: Host) -> Iterator[Signer]:
    with contextlib.closing(Signer(lab.state / "distribution.gpg")) as key:
        yield key


@pytest.fixture(scope="module")
def mirror(lab: Host, image: Image) -> Iterator[Mirror]:
    """The mirror; it has the Debian image that the lab built, with checksums."""
    with mirroring_debian(lab, image) as server:
        yield server


@pytest.fixture(scope="module")
def published(mirror: Mirror, small: bytes, signer: Signer) -> dict[str, str]:
    """The names of the small images, with the paths of their files."""
    return publish(mirror, small, signer)


@pytest.fixture(autouse=True)
def no_trouble(mirror: Mirror) -> None:
    """Each test begins with a mirror that behaves."""
    mirror.trouble({})
    mirror.forget()


def words(mirror: Mirror, name: str, image: str, *more: str) -> list[str]:
    """The words of virtprov-install for a guest that is only defined; `more` can say otherwise."""
    return [
        *("virtprov-install", "--name", name, "--memory", "256", "--osinfo", "debian12", *DEFINE),
        *("--image", image, "--image-mirror", mirror.url, *more),
    ]


def environment(mirror: Mirror, ca: str = "") -> list[str]:
    """Trust the mirror's authority; `ca` is where its certificate can be read."""
    return ["env", f"REQUESTS_CA_BUNDLE={ca or mirror.ca}"]


def install(host: Host, mirror: Mirror, name: str, image: str, *more: str, uri: str = "", ca: str = "") -> Done:
    """Define a guest with an image of the mirror."""
    own = host.own(words(mirror, name, image, *more), uri=uri)
    return host.execute([*environment(mirror, ca), *own], deadline=TIMEOUT)


def start(host: Host, mirror: Mirror, name: str, image: str, *more: str) -> subprocess.Popen[str]:
    """Begin the same."""
    return host.start([*environment(mirror), *host.own(words(mirror, name, image, *more))])


def send(run: subprocess.Popen[str], number: int) -> None:
    """Send a signal to the command itself, which is a child of the one that enters the lab."""
    (child,) = Path(f"/proc/{run.pid}/task/{run.pid}/children").read_text().split()
    os.kill(int(child), number)


def downloads(mirror: Mirror, path: str) -> list[int]:
    """How many bytes of a file were sent, answer by answer."""
    return [sent.size for sent in mirror.sent() if sent.path == path and sent.size]


def bases(host: Host) -> list[str]:
    """The names of the bases in the pool `default`."""
    return [line.split()[0] for line in host.virsh("vol-list", "default").splitlines() if ".base." in line]


def backing(host: Host, name: str, folder: str = IMAGES) -> dict[str, object]:
    """What qemu-img says about the disk of a guest."""
    shown = host.execute(["qemu-img", "info", "--output=json", f"{folder}/{name}.qcow2"])
    found: dict[str, object] = json.loads(shown.out)
    return found


def remove(host: Host, *names: str) -> None:
    """Remove guests with their disks."""
    for name in names:
        host.virsh("undefine", name, "--remove-all-storage")


def prune(host: Host) -> Done:
    """Remove all cached images that nobody uses."""
    return host.run(["virtprov-install", "--image-cache", "prune"])


@pytest.fixture(scope="module")
def dripping(lab: Host, mirror: Mirror, published: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """A command whose server sends a byte a second; it is begun first, as its limit is a minute."""
    path = mirror.put("drip/disk.qcow2", bytes(1 << 20))
    own = {f"/drip/{path}": "drip"}
    mirror.trouble(own)
    process = start(lab, mirror, "drip", f"{mirror.url}/drip/{path},checksum=sha256:{'0' * 64}")
    until("the drip begins", lambda: bool(downloads(mirror, f"/drip/{path}")), lambda _: time.sleep(0.05), TIMEOUT)
    yield process
    process.kill()
    process.communicate()


# -- one download, many guests ---------------------------------------------------------------------


def test_two_guests_of_one_download(lab: Host, mirror: Mirror, image: Image, dripping: subprocess.Popen[str]) -> None:
    done = install(lab, mirror, "one", "debian13", "--disk", "size=5")
    assert done.rc == 0, done.err
    assert f"is kept in {IMAGES}/debian-13-generic-amd64-" in done.err
    assert downloads(mirror, f"/{LATEST}/{NAME}") == [image.disk.stat().st_size]
    mirror.forget()
    done = install(lab, mirror, "two", "debian13")
    assert done.rc == 0, done.err
    assert downloads(mirror, f"/{LATEST}/{NAME}") == []
    (base,) = bases(lab)
    path = lab.outside(f"{IMAGES}/{base}")
    assert path.stat().st_mode & 0o7777 == 0o444
    assert path.read_bytes() == image.disk.read_bytes()
    assert [backing(lab, name)["full-backing-filename"] for name in ("one", "two")] == [f"{IMAGES}/{base}"] * 2
    assert backing(lab, "one")["virtual-size"] == 5 << 30
    assert not any(lab.state.joinpath("home/.cache/virtprov/images").rglob("disk"))


def test_guests_keep_their_base_and_nobody_prunes_it(lab: Host, mirror: Mirror) -> None:
    (base,) = bases(lab)
    done = prune(lab)
    assert done.rc == 0 and "used by guest '" in done.err, done.err
    assert bases(lab) == [base]
    for name in ("one", "two"):  # the guests go, and an overlay that libvirt has not seen yet stays
        lab.virsh("undefine", name)
        lab.outside(f"{IMAGES}/{name}.qcow2").rename(lab.outside(f"{IMAGES}/of-{name}"))
    done = prune(lab)
    assert done.rc == 0 and "used as backing image by volume of-" in done.err, done.err
    assert bases(lab) == [base]
    listed = lab.run(["virtprov-install", "--image-cache", "list", "--output", "json"])
    (known,) = [found for found in json.loads(listed.out)["images"] if found["kind"] == "base"]
    assert (known["name"], known["pool"], known["label"]) == (base, "default", "debian13")
    assert known["checksum"].startswith("sha512:")


def test_ten_at_once_and_one_download(lab: Host, mirror: Mirror, image: Image) -> None:
    for name in ("one", "two"):
        lab.outside(f"{IMAGES}/of-{name}").unlink()
    assert "Removed base image" in prune(lab).out
    assert bases(lab) == []
    names = [f"ten{number}" for number in range(10)]
    runs = [start(lab, mirror, name, "debian13") for name in names]
    told = [run.communicate(timeout=TIMEOUT)[0] for run in runs]
    assert [run.returncode for run in runs] == [0] * 10, "\n".join(told)
    assert downloads(mirror, f"/{LATEST}/{NAME}") == [image.disk.stat().st_size]
    assert len(bases(lab)) == 1
    assert len({str(backing(lab, name)["full-backing-filename"]) for name in names}) == 1
    remove(lab, *names)


def test_a_full_copy_needs_no_base(lab: Host, mirror: Mirror) -> None:
    done = install(lab, mirror, "copy", "debian13,copy=yes", "--disk", "size=4,format=raw")
    assert done.rc == 0, done.err
    assert "Removed base image" in prune(lab).out
    path = lab.outside(f"{IMAGES}/copy.img")
    assert path.stat().st_size == 4 << 30
    assert path.stat().st_blocks * 512 < 2 << 30, "the copy has no holes"
    remove(lab, "copy")


def test_looking_reads_small_files_only(lab: Host, mirror: Mirror) -> None:
    for flag in ("--dry-run", "--print-xml"):
        done = install(lab, mirror, "looked", "debian13", flag, "--output", "json")
        assert done.rc == 0, done.err
        assert json.loads(done.out)["image"]["base"].startswith(f"{IMAGES}/debian-13-generic-amd64-")
    assert downloads(mirror, f"/{LATEST}/{NAME}") == []
    assert bases(lab) == []


# -- forms and formats -----------------------------------------------------------------------------


def test_every_form_of_packing_and_checksum(
    lab: Host, mirror: Mirror, published: dict[str, str], small: bytes, signer: Signer
) -> None:
    signed = ("ubuntu24.04", "fedora43", "gentoo", "flatcar")
    contents = (small, b"\xebraw" + bytes(508) + small[: 1 << 20])
    for number, (image, path) in enumerate(published.items()):
        keys = ("--image-keyring", str(signer.keyring)) if image in signed else ()
        done = install(lab, mirror, f"form{number}", image, *keys)
        assert done.rc == 0, f"{image}: {done.err}"
        assert len(downloads(mirror, path)) == 1, image
        base = str(backing(lab, f"form{number}")["full-backing-filename"])
        assert lab.outside(base).read_bytes() in contents, image
        remove(lab, f"form{number}")
    assert prune(lab).out.count("Removed base image") == len(published)
    assert bases(lab) == []


def test_a_wrong_signature(lab: Host, mirror: Mirror, published: dict[str, str], signer: Signer) -> None:
    list_path = "releases/noble/release/SHA256SUMS"
    good = (mirror.folder / list_path).read_bytes()
    mirror.put(list_path, good + b"\n")
    flatcar = mirror.folder / published["flatcar"].lstrip("/")
    image = flatcar.read_bytes()
    mirror.put(published["flatcar"].lstrip("/"), image + image)
    for name in ("ubuntu24.04", "flatcar"):
        done = install(lab, mirror, "forged", name, "--image-keyring", str(signer.keyring))
        assert done.rc == 1 and "signature" in done.err and "is not valid" in done.err, done.err
    mirror.put(list_path, good)
    mirror.put(published["flatcar"].lstrip("/"), image)
    assert_nothing_left(lab, "forged")


def assert_nothing_left(host: Host, name: str) -> None:
    """Nothing of a guest that failed is on the host, nor what it would have believed."""
    assert host.try_virsh("domid", name).rc != 0
    assert bases(host) == []
    assert not any(name in line for line in host.virsh("vol-list", "default").splitlines())
    assert not any(host.state.joinpath("home/.cache/virtprov/images").rglob("disk"))


# -- bad days --------------------------------------------------------------------------------------


def test_what_a_server_can_do_wrong(lab: Host, mirror: Mirror, published: dict[str, str], small: bytes) -> None:
    digest = hashlib.sha256(small).hexdigest()
    mirror.put("wrong/disk.qcow2", small)
    mirror.put("short/disk.qcow2", small[: len(small) // 2])
    packed = (mirror.folder / published["freebsd14.3"].lstrip("/")).read_bytes()
    mirror.put("torn/disk.qcow2.xz", packed[: len(packed) // 2])
    mirror.put("page/disk.qcow2", "<!DOCTYPE html><html>Log in first</html>")
    over = hashlib.sha256(b"<!DOCTYPE html><html>Log in first</html>").hexdigest()
    mirror.trouble({"/round": f"to {mirror.url}/round", "/plain": "to ftp://nowhere.example.org/disk"})
    cases = {
        f"{mirror.url}/wrong/disk.qcow2,checksum=sha256:{'1' * 64}": "has the sha256 checksum",
        f"{mirror.url}/short/disk.qcow2,checksum=sha256:{digest}": "has the sha256 checksum",
        f"{mirror.url}/torn/disk.qcow2.xz,checksum=sha256:{digest}": "ends too early",
        f"{mirror.url}/page/disk.qcow2,checksum=sha256:{over}": "is a web page",
        f"{mirror.url}/none/disk.qcow2,checksum=sha256:{digest}": "not found (status 404)",
        f"{mirror.url}/round,checksum=sha256:{digest}": "redirects too many times",
        f"{mirror.url}/plain,checksum=sha256:{digest}": "neither http nor https",
        f"{mirror.url}/wrong/disk.qcow2": "no checksum is known for",
        "ubuntu24.04,build=20250101": "there are builds 20260701",
    }
    for image, why in cases.items():
        done = install(lab, mirror, "wrong", image)
        assert done.rc == 1 and why in done.err and "Traceback" not in done.err, done.err
        assert_nothing_left(lab, "wrong")
    done = lab.run(words(mirror, "wrong", f"{mirror.url}/wrong/disk.qcow2,checksum=sha256:{digest}"))
    assert done.rc == 1 and "is not trusted" in done.err and "REQUESTS_CA_BUNDLE" in done.err, done.err


def test_an_image_that_names_another_file(lab: Host, mirror: Mirror, small: bytes) -> None:
    base, data = lab.state / "evil-base.qcow2", lab.state / "evil-data"
    base.write_bytes(small)
    create = ["qemu-img", "create", "-q", "-f", "qcow2"]
    subprocess.run([*create, "-b", base, "-F", "qcow2", mirror.folder / "on.qcow2"], check=True)
    subprocess.run([*create, "-o", f"data_file={data}", mirror.folder / "beside.qcow2", "1M"], check=True)
    for name, why in (("on.qcow2", "has a backing file"), ("beside.qcow2", "has an external data file")):
        digest = hashlib.sha256((mirror.folder / name).read_bytes()).hexdigest()
        done = install(lab, mirror, "evil", f"{mirror.url}/{name},checksum=sha256:{digest}")
        assert done.rc == 1 and why in done.err, done.err
        assert_nothing_left(lab, "evil")


def test_a_redirect_and_a_server_that_dies_midway(lab: Host, mirror: Mirror, small: bytes) -> None:
    half = len(small) // 2
    mirror.put("moved/disk.qcow2", small)
    path = "/moved/disk.qcow2"
    mirror.trouble({"/old.qcow2": f"to {mirror.url}{path}", path: f"cut {half}"})
    digest = hashlib.sha256(small).hexdigest()
    done = install(lab, mirror, "moved", f"{mirror.url}/old.qcow2,checksum=sha256:{digest}")
    assert done.rc == 0, done.err
    first, rest = downloads(mirror, path)
    assert first == len(small) and rest <= len(small) - half + (1 << 16), "it began anew"
    remove(lab, "moved")
    prune(lab)


def put_slow(mirror: Mirror, name: str, disk: bytes) -> tuple[str, str]:
    """Publish a disk that is sent slowly; return its path, and the value of `--image` for it."""
    path = f"/{name}/disk.qcow2"
    mirror.put(path[1:], disk)
    mirror.trouble({path: "slow 1000000"})
    return path, f"{mirror.url}{path},checksum=sha256:{hashlib.sha256(disk).hexdigest()}"


def test_an_interrupted_download_continues_in_a_later_run(lab: Host, mirror: Mirror, small: bytes) -> None:
    path, image = put_slow(mirror, "slow", small)
    run = start(lab, mirror, "slow", image)
    folder = lab.state / "home/.cache/virtprov/images"

    def has_begun() -> bool:
        with contextlib.suppress(FileNotFoundError):  # files come and go meanwhile
            return any(part.stat().st_size > 1 << 19 for part in folder.rglob("*.part"))
        return False

    until("the download has begun", has_begun, lambda _: time.sleep(0.05), TIMEOUT)
    send(run, signal.SIGINT)
    told, _ = run.communicate(timeout=TIMEOUT)
    assert run.returncode == 130, told
    assert_nothing_left(lab, "slow")
    mirror.trouble({})
    mirror.forget()
    done = install(lab, mirror, "slow", image)
    assert done.rc == 0, done.err
    (rest,) = downloads(mirror, path)
    assert rest < len(small) - (1 << 18)
    remove(lab, "slow")
    prune(lab)


def test_a_killed_run_leaves_nothing_after_a_clean_up(lab: Host, mirror: Mirror, small: bytes) -> None:
    _, image = put_slow(mirror, "killed", small)
    folder = lab.state / "home/.cache/virtprov/images"
    kept = set(folder.rglob("*.part"))
    run = start(lab, mirror, "killed", image)
    until("it is downloaded", lambda: bool(set(folder.rglob("*.part")) - kept), lambda _: time.sleep(0.05), TIMEOUT)
    send(run, signal.SIGKILL)
    run.communicate(timeout=TIMEOUT)
    assert run.returncode in (-signal.SIGKILL, 128 + signal.SIGKILL)
    done = lab.run(["virtprov-install", "--clean-up", "--yes"])
    assert done.rc == 0 and "Removed downloaded image" in done.out, done.err
    assert set(folder.rglob("*.part")) <= kept
    assert_nothing_left(lab, "killed")


# -- other hosts -----------------------------------------------------------------------------------


def test_a_users_session(user: User, mirror: Mirror, published: dict[str, str]) -> None:
    path, ca = published["alpine3.23"], user.outside(f"{HOME}/mirror.pem")
    ca.write_bytes(mirror.ca.read_bytes())
    ca.chmod(0o644)
    for name in ("mine", "mine2"):
        done = install(user, mirror, name, "alpine3.23", ca=f"{HOME}/mirror.pem")
        assert done.rc == 0, done.err
    assert len(downloads(mirror, path)) == 1
    folder = f"{HOME}/.local/share/libvirt/images"
    base = str(backing(user, "mine", folder)["full-backing-filename"])
    assert base.startswith(f"{folder}/nocloud_alpine-3.23.1-")
    assert user.outside(base).stat().st_mode & 0o7777 == 0o444
    remove(user, "mine", "mine2")
    assert "Removed base image" in user.run(["virtprov-install", "--image-cache", "prune"]).out


def test_another_host_by_ssh(lab: Host, far: Far, mirror: Mirror, published: dict[str, str], small: bytes) -> None:
    path = published["centos-stream9"]
    for name in ("far1", "far2"):
        done = install(lab, mirror, name, "centos-stream9", uri=far.by_ssh())
        assert done.rc == 0, done.err
    assert len(downloads(mirror, path)) == 1
    base = str(backing(far.host, "far1")["full-backing-filename"])
    there = far.host.outside(base)
    assert there.read_bytes() == small and there.stat().st_mode & 0o7777 == 0o444
    assert backing(far.host, "far2")["full-backing-filename"] == base
    remove(far.host, "far1", "far2")
    done = lab.run(["virtprov-install", "--image-cache", "prune"], uri=far.by_ssh())
    assert "Removed base image" in done.out and "Removed download of centos-stream9" in done.out
    assert not there.exists()


def apart(host: Host, number: int) -> list[str]:
    """The environment of another machine: it has a cache and a state of its own."""
    folder = host.state / f"machine{number}"
    return [f"XDG_CACHE_HOME={folder}/cache", f"XDG_STATE_HOME={folder}/state"]


def test_machines_that_bring_one_base_at_once(
    lab: Host, far: Far, mirror: Mirror, published: dict[str, str], small: bytes
) -> None:
    path = published["centos-stream9"]
    for target, uri in ((lab, ""), (far.host, far.by_ssh())):
        names = [f"apart{number}" for number in range(3)]
        runs = [
            lab.start(
                [
                    *(*environment(mirror), *apart(lab, number)),
                    *lab.own(words(mirror, name, "centos-stream9"), uri=uri),
                ]
            )
            for number, name in enumerate(names)
        ]
        told = [run.communicate(timeout=TIMEOUT)[0] for run in runs]
        assert [run.returncode for run in runs] == [0] * 3, "\n".join(told)
        (base,) = bases(target)
        assert target.outside(f"{IMAGES}/{base}").read_bytes() == small
        assert {str(backing(target, name)["full-backing-filename"]) for name in names} == {f"{IMAGES}/{base}"}
        assert not [file for file in target.outside(IMAGES).iterdir() if file.name.endswith(".part")]
        remove(target, *names)
        lab.run(["virtprov-install", "--image-cache", "prune"], uri=uri)
        for number in range(3):
            shutil.rmtree(lab.state / f"machine{number}")
    assert 2 <= len(downloads(mirror, path)) <= 6, "each machine has a cache of its own"


def test_an_incomplete_upload_is_waited_for(
    lab: Host, far: Far, mirror: Mirror, published: dict[str, str], small: bytes
) -> None:
    looked = install(lab, mirror, "part", "centos-stream9", "--dry-run", uri=far.by_ssh())
    name = next(word for word in looked.err.split() if ".base." in word).rpartition("/")[2]
    far.host.virsh("vol-create-as", "default", name, "1M", "--format", "raw")
    own = lab.own(words(mirror, "part", "centos-stream9"), uri=far.by_ssh())
    run = lab.start([*environment(mirror), *own])
    assert run.stdout is not None
    said = next(line for line in run.stdout if "waiting for another machine" in line)
    assert name in said
    far.host.outside(f"{IMAGES}/{name}").write_bytes(small)
    told, _ = run.communicate(timeout=TIMEOUT)
    assert run.returncode == 0, told
    assert downloads(mirror, published["centos-stream9"]) == []
    remove(far.host, "part")
    lab.run(["virtprov-install", "--image-cache", "prune"], uri=far.by_ssh())


def test_a_server_that_drips_is_given_up(dripping: subprocess.Popen[str]) -> None:
    told, _ = dripping.communicate(timeout=TIMEOUT)
    assert dripping.returncode == 1 and f"within {DRIP_LIMIT} seconds" in told, told
