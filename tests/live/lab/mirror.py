"""An https server of the lab that plays the mirrors of distributions, with a certificate of the lab's own authority.

It can be told to misbehave: see `Mirror.trouble`.
"""

from __future__ import annotations

import base64
import bz2
import contextlib
import gzip
import hashlib
import io
import json
import lzma
import os
import shutil
import ssl
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path

from lab import pki
from lab.host import Host
from lab.image import Image
from lab.web import Answering, Web, run_server

PORT = 8443
ADDRESS = "192.168.122.1"
PAUSE = 0.05
SIGNER = "Distribution <images@example.org>"


class Mirror(Web):
    """The running server: its URL, the folder it serves, the certificate of its authority, and what it has sent."""

    def __init__(self, folder: Path, authority: Path, log: Path) -> None:
        super().__init__(f"https://{ADDRESS}:{PORT}", log)
        self.folder, self.ca = folder, authority / "cacert.pem"
        self.faults = folder.parent / "faults.json"
        self.trouble({})

    def trouble(self, faults: dict[str, str]) -> None:
        """Misbehave from now on: path -> "cut N" (hang up after N bytes, once), "always cut N", "slow N" (bytes a
        second), "drip" (a byte a second), "to URL" (a redirect)."""
        fresh = self.faults.with_suffix(".new")
        fresh.write_text(json.dumps(faults))
        fresh.replace(self.faults)  # the server reads it at any time

    def put(self, path: str, data: bytes | str) -> str:
        """Publish a file; return its name."""
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data.encode() if isinstance(data, str) else data)
        return target.name


@contextlib.contextmanager
def mirroring(host: Host, folder: Path) -> Iterator[Mirror]:
    """Serve `folder` inside of `host` while the block runs."""
    authority = pki.make_authority(folder.parent / "mirror-pki")
    pki.make_server(authority, ADDRESS)
    log = folder.parent / "mirror.log"
    log.write_text("")
    mirror = Mirror(folder, authority, log)
    with run_server(host, "lab.mirror", folder, authority, log, mirror.faults):
        yield mirror


LATEST = "images/cloud/trixie/latest"
NAME = "debian-13-generic-amd64.qcow2"


@contextlib.contextmanager
def mirroring_debian(host: Host, image: Image) -> Iterator[Mirror]:
    """Serve the Debian image that the lab built under its distribution's name, with checksums."""
    folder = host.state / "mirror"
    (folder / LATEST).mkdir(parents=True)
    folder.chmod(0o755)
    os.link(image.disk, folder / LATEST / NAME)
    with image.disk.open("rb") as file:
        digest = hashlib.file_digest(file, "sha512").hexdigest()
    with mirroring(host, folder) as server:
        server.put(f"{LATEST}/SHA512SUMS", f"{digest}  {NAME}\n{'0' * 128}  {NAME}.old\n")
        yield server


class Misbehaving(Answering):
    """Answers as a mirror does, or as `faults` says."""

    faults = Path()
    over: set[str] = set()

    def answer(self, *, body: bool) -> None:
        """Send a file, the list of a folder, or what is wrong with it."""
        path = self.path.partition("?")[0]
        self.fault = json.loads(self.faults.read_text()).get(path, "")
        place = self.folder / path.lstrip("/")
        if self.fault.startswith("to "):
            self.note(302, 0)
            self.reply(302, b"", Location=self.fault.removeprefix("to "))
        elif path.endswith("/") and place.is_dir():
            self.note(200, 0)
            links = "".join(f'<a href="{each.name}">{each.name}</a>\n' for each in sorted(place.iterdir()))
            self.reply(200, links.encode(), body=body)
        else:
            super().answer(body=body)

    def reply(self, status: int, data: bytes, *, body: bool = True, **headers: str) -> None:
        """Send a short answer."""
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(data))}.items():
            self.send_header(name, value)
        self.end_headers()
        if body:
            self.wfile.write(data)

    def pour(self, path: Path, start: int, end: int) -> None:
        """Send a part of a file, in the way of its fault."""
        kind, _, number = self.fault.rpartition(" ")
        if kind == "cut" and str(path) not in self.over:
            self.over.add(str(path))
            end, self.close_connection = min(end, start + int(number)), True
        elif kind == "always cut":
            end, self.close_connection = min(end, start + int(number)), True
        elif kind == "slow" or self.fault == "drip":
            self.dawdle(path, start, end, 1 if kind != "slow" else int(int(number) * PAUSE))
            return
        super().pour(path, start, end)

    def dawdle(self, path: Path, start: int, end: int, size: int) -> None:
        """Send a part of a file in small pieces, as long as somebody listens."""
        pause = 1.0 if self.fault == "drip" else PAUSE
        with path.open("rb") as file, contextlib.suppress(OSError):
            file.seek(start)
            while start < end:
                self.wfile.write(file.read(min(size, end - start)))
                self.wfile.flush()
                start += size
                time.sleep(pause)


def main(folder: str, authority: str, log: str, faults: str) -> None:
    """Serve until this process is ended."""
    Misbehaving.folder, Misbehaving.log, Misbehaving.faults = Path(folder), Path(log), Path(faults)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{authority}/servercert.pem", f"{authority}/serverkey.pem")
    with ThreadingHTTPServer((ADDRESS, PORT), Misbehaving) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        print("ready", flush=True)
        server.serve_forever()


# -- what distributions publish --------------------------------------------------------------------


def sums(algorithm: str, files: dict[str, bytes], mark: str = " ") -> str:
    """A list of checksums as the GNU tools write it."""
    return "".join(f"{hashlib.new(algorithm, data).hexdigest()} {mark}{name}\n" for name, data in files.items())


def bsd_sums(algorithm: str, files: dict[str, bytes]) -> str:
    """A list of checksums as the BSD tools write it, with sizes as Fedora does."""
    return "".join(
        f"# {name}: {len(data)} bytes\n{algorithm.upper()} ({name}) = {hashlib.new(algorithm, data).hexdigest()}\n"
        for name, data in files.items()
    )


def zstd(data: bytes) -> bytes:
    """The data, packed by zstd."""
    return subprocess.run(["zstd", "-qc"], input=data, capture_output=True, check=True).stdout


def tar_xz(data: bytes) -> bytes:
    """An archive with one disk and a note."""
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as archive:
        for name, content in (("README", b"words\n"), ("disk.raw", data)):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return lzma.compress(target.getvalue(), preset=1)


class Signer:
    """A key that signs what a distribution publishes; `keyring` is its public half."""

    def __init__(self, keyring: Path) -> None:
        self.home = tempfile.mkdtemp(prefix="gpg-")  # the path of the agent's socket has to be short
        self.keyring = keyring
        self.gpg("--passphrase", "", "--quick-generate-key", SIGNER, "ed25519", "sign", "never")
        keyring.write_bytes(self.gpg("--export", SIGNER))

    def gpg(self, *words: str, data: bytes = b"") -> bytes:
        """What gpg prints."""
        argv = ["gpg", "--homedir", self.home, "--batch", "--quiet", "--pinentry-mode", "loopback", *words]
        return subprocess.run(argv, input=data, capture_output=True, check=True).stdout

    def clearsign(self, text: str) -> bytes:
        """The text inside of a signed message."""
        return self.gpg("--clearsign", data=text.encode())

    def detach(self, data: bytes) -> bytes:
        """A signature of the data."""
        return self.gpg("--detach-sign", data=data)

    def close(self) -> None:
        """End the agent, and delete the key."""
        subprocess.run(["gpgconf", "--homedir", self.home, "--kill", "all"], check=False)
        shutil.rmtree(self.home, ignore_errors=True)  # the agent removes its sockets at the same time


def publish(mirror: Mirror, disk: bytes, signer: Signer) -> dict[str, str]:
    """Publish a small disk as many distributions do; return the names for `--image`, with the path of the file."""
    raw = b"\xebraw" + bytes(508) + disk[: 1 << 20]
    xz, put = lzma.compress(disk, preset=1), mirror.put
    found = {}

    def file(name: str, path: str, data: bytes) -> str:
        found[name] = f"/{path}"
        return put(path, data)

    at = "images/cloud/bookworm/20260801-2200"  # its description has the digest in base64
    name = file("debian12", f"{at}/debian-12-generic-amd64-20260801-2200.qcow2", disk)
    digest = base64.b64encode(hashlib.sha512(disk).digest()).decode().rstrip("=")
    upload = {"kind": "Upload", "data": {"ref": f"bookworm/20260801-2200/{name}"}}
    upload["metadata"] = {"annotations": {"cloud.debian.org/digest": f"sha512:{digest}"}}
    put("images/cloud/bookworm/latest/debian-12-generic-amd64.json", json.dumps({"items": [upload]}))

    at = "releases/noble/release"
    name = file("ubuntu24.04", f"{at}/ubuntu-24.04-server-cloudimg-amd64.img", disk)
    listed = sums("sha256", {name: disk, f"my-{name}": b""}, "*")
    put(f"{at}/SHA256SUMS", listed)
    put(f"{at}/SHA256SUMS.gpg", signer.detach(listed.encode()))
    stream = {"products": {"com.ubuntu.cloud:server:24.04:amd64": {"versions": {
        "20260701": {"items": {"disk1.img": {"path": f"releases/noble/release-20260701/{name}", "sha256": "0" * 64}}}
    }}}}  # fmt: skip
    put("releases/streams/v1/com.ubuntu.cloud:released:download.json", json.dumps(stream))

    at = "centos/9-stream/x86_64/images"
    name = file("centos-stream9", f"{at}/CentOS-Stream-GenericCloud-9-20260801.0.x86_64.qcow2", disk)
    put(f"{at}/CHECKSUM", bsd_sums("sha256", {name: disk, name.replace("20260801.0", "latest"): disk}))

    at = "pub/fedora/linux/releases/43/Cloud/x86_64/images"
    name = file("fedora43", f"{at}/Fedora-Cloud-Base-Generic-43-1.6.x86_64.qcow2", disk)
    put(f"{at}/Fedora-Cloud-43-1.6-x86_64-CHECKSUM", signer.clearsign(bsd_sums("sha256", {name: disk})))
    release = {"version": "43", "arch": "x86_64", "link": f"https://download.fedoraproject.org/{at}/{name}"}
    release |= {"sha256": hashlib.sha256(disk).hexdigest(), "size": str(len(disk)), "variant": "Cloud"}
    put("releases.json", json.dumps([{**release, "version": "44 Beta"}, release]))

    at = "alpine/v3.23/releases/cloud"
    name = file("alpine3.23", f"{at}/nocloud_alpine-3.23.1-x86_64-bios-cloudinit-r0.qcow2", disk)
    put(f"{at}/{name}.sha512", hashlib.sha512(disk).hexdigest())

    at = "prod/streams/stable/builds/43.1/x86_64"
    name = file("fedora-coreos-stable", f"{at}/fedora-coreos-43.1-qemu.x86_64.qcow2.xz", xz)
    location = {"location": f"https://builds.coreos.fedoraproject.org/{at}/{name}"}
    location |= {"sha256": hashlib.sha256(xz).hexdigest(), "uncompressed-sha256": hashlib.sha256(disk).hexdigest()}
    qemu = {"release": "43.1", "formats": {"qcow2.xz": {"disk": location}}}
    put("streams/stable.json", json.dumps({"architectures": {"x86_64": {"artifacts": {"qemu": qemu}}}}))

    at = "releases/amd64/autobuilds"
    name = file("gentoo", f"{at}/20260801T1Z/di-amd64-cloudinit-20260801T1Z.qcow2", disk)
    pointer = f"# ts=1\n20260801T1Z/{name} {len(disk)}\n"
    put(f"{at}/latest-di-amd64-cloudinit.txt", signer.clearsign(pointer))
    put(f"{at}/20260801T1Z/{name}.sha256", signer.clearsign(sums("sha256", {name: disk})))

    packed, at = tar_xz(raw), "cloud-images/kali-2026.3"
    name = file("kali", f"{at}/kali-linux-2026.3-cloud-genericcloud-amd64.tar.xz", packed)
    put(f"{at}/SHA256SUMS", sums("sha256", {name: packed}))
    put("cloud-images/current/SHA256SUMS", sums("sha256", {name: packed}))

    at = "releases/VM-IMAGES/14.3-RELEASE/amd64/Latest"
    name = file("freebsd14.3", f"{at}/FreeBSD-14.3-RELEASE-amd64-BASIC-CLOUDINIT-ufs.qcow2.xz", xz)
    put(f"{at}/CHECKSUM.SHA512", bsd_sums("sha512", {name: xz}))

    packed = bz2.compress(raw)
    name = file("flatcar", "amd64-usr/current/flatcar_production_qemu_image.img.bz2", packed)
    put(f"amd64-usr/current/{name}.sig", signer.detach(packed))

    for ending, pack in (("gz", gzip.compress), ("zst", zstd)):
        packed = pack(disk)
        found[f"{mirror.url}/own.qcow2.{ending},checksum=sha256:{hashlib.sha256(packed).hexdigest()}"] = (
            f"/{put(f'own.qcow2.{ending}', packed)}"
        )
    return found


if __name__ == "__main__":
    main(*sys.argv[1:])
