"""Find an image: its address, its checksum, and what is known about the system in it."""

from __future__ import annotations

import os

from virtprov.images import image_urls as addresses
from virtprov.images.address_templates import NamePattern, base_name, fill, needs_build, order_of, with_build
from virtprov.images.choose import choose_image, choose_system, facts_of
from virtprov.images.image import Digest, ImageRequest, ResolvedImage, Signature
from virtprov.images.image_facts import NO_FACTS, ImageFacts
from virtprov.images.image_text import parse_pin
from virtprov.images.indexes import INDEX_LIMIT, Build, Wanted, read_index
from virtprov.images.names import disk_format_of, packing_of
from virtprov.images.verifying import checksum_files, signatures, verify
from virtprov.images.verifying.checksum_files import Entry
from virtprov.osinfo.profile import canonical_arch
from virtprov.support.errors import FetchError, InputError, UsageError
from virtprov.support.frozen import Record
from virtprov.support.text import join_words
from virtprov.support.web.http import shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from virtprov.images.image import ReadIndex
    from virtprov.images.verifying.verify import Sums
    from virtprov.osinfo.image_profiles import CloudImage, CloudSystem

_SIGNED = (".asc", ".gpg", ".sig", ".sign")
"""Endings of detached signatures of a file of checksums that the user names."""
_LISTED = 5
"""How many builds a message names."""


def resolve_image(request: ImageRequest, *, arch: str, read: ReadIndex, firmware: str = "") -> ResolvedImage:
    """Return where an image is and how its file is verified.

    `arch` is the architecture of the guest, in libvirt's words, `firmware` the one that it is to have (BIOS, UEFI, ""
    for any). Index and checksum files are read with `read`, and nothing is kept, so a second call sees what has changed
    on the server meanwhile: call again, once, if the downloaded file does not match `digest` or is gone. A mirror can
    replace an image and its checksum at different moments.

    Raises UsageError for an unknown name, variant or build, FetchError for index files that are not there or cannot be
    read and for an image whose checksum is not known, InputError for a path that does not exist.
    """
    if request.url or request.path:
        return _resolve_file(request, arch, read)
    system = choose_system(request)
    image = choose_image(request, system, arch)
    facts = facts_of(system, image, arch, firmware)
    if not image.url:
        raise UsageError(
            f"--image {request.text}: {system.name} has no public address for its images",
            hint=f"give one: --image {request.name},url=URL",
        )
    try:
        return _Search(request, system, image, arch, facts, read).result()
    except _OutOfStep:  # the server is changing: what belongs together did not match
        return _Search(request, system, image, arch, facts, read).result()


class _OutOfStep(FetchError):
    """An index names a file that the list of checksums does not have."""


class _File(Record):
    """The file that was found so far."""

    url: str
    build: str = ""
    digest: Digest | None = None
    size: int | None = None
    unpacked: Digest | None = None
    signature_url: str = ""


# -- a URL or a path ------------------------------------------------------------------------------


def _resolve_file(request: ImageRequest, arch: str, read: ReadIndex) -> ResolvedImage:
    """Return the image at a URL or a path; a file of this machine needs no checksum."""
    if request.path and not os.path.isfile(request.path):
        why = "not a file" if os.path.exists(request.path) else "file not found"
        raise InputError(f"--image {request.text}: {why}", hint="give the path of a disk image")
    path = os.path.abspath(request.path) if request.path else ""
    name = base_name(path or request.url)
    digest, known = _pin(request, name, read)
    found = ResolvedImage(
        name,
        url=request.url,
        path=path,
        file_name=name,
        digest=digest,
        packing=packing_of(name),
        disk_format=disk_format_of(name),
        arch=arch if request.name else "",
        is_pinned=bool(request.checksum),
        signature=known,
        facts=_facts_of_name(request, arch) if request.name else NO_FACTS,
    )
    if request.keyring and known.state != "good":
        raise FetchError(
            f"--image-keyring: no signature of '{name}' is known", hint="give a signed list with checksum=URL"
        )
    return found if path and digest is None else _require_digest(found, request)


def _facts_of_name(request: ImageRequest, arch: str) -> ImageFacts:
    """Return the facts of the profile whose name was given with an address of the user's own."""
    from virtprov.osinfo.find_profile import find
    from virtprov.osinfo.image_profiles import find_system

    system = find_system(request.name)
    if system is None:
        profile = find(request.name)
        return ImageFacts(os=profile.short_id, default_user=profile.cloud_image_username)
    image = choose_image(request, system, arch)
    facts = facts_of(system, image, arch, "")
    return facts if len(image.firmware) < 2 else facts._replace(firmware="")  # nobody knows which of them this is


def _pin(request: ImageRequest, name: str, read: ReadIndex) -> tuple[Digest | None, Signature]:
    """Return the checksum that the user gave for the file `name`: directly, or in a file of checksums."""
    if not request.checksum:
        return None, Signature()
    digest = parse_pin(request.checksum)
    if digest is not None:
        return digest, Signature()
    place, reads, beside = request.checksum, read, tuple(request.checksum + ending for ending in _SIGNED)
    if "://" not in place:
        from virtprov.support.file_access.files import read_bytes

        place = os.path.abspath(os.path.expanduser(place))
        content = read_bytes(place, limit=checksum_files.SUMS_LIMIT, what="file of checksums")
        reads, beside = (lambda _address, _limit: content), ()
    required = bool(request.keyring and beside)
    sums = verify.read_sums(reads, place, signatures=beside, keyring=request.keyring, required=required)
    if sums is None:
        raise FetchError(f"'{shown(place)}' not found", hint="check the address in checksum=")
    entry = sums.find(name)
    if entry is None and sums.bare is None:
        raise FetchError(f"'{shown(place)}' has no checksum for '{name}'", hint="check the address in checksum=")
    return entry.digest if entry is not None else sums.bare, sums.signature


def _require_digest(
    found: ResolvedImage, request: ImageRequest, read: Sequence[str] = (), lacking: Sequence[str] = ()
) -> ResolvedImage:
    """Return an image, with warnings if it cannot be verified well.

    `read` are the files that could have had a checksum, `lacking` those that do not exist. Raises FetchError if it
    cannot be verified at all.
    """
    if found.is_weak:
        assert found.digest is not None
        sentence = (
            f"'{found.file_name}' is only verified by an {found.digest.algorithm.upper()} checksum, which can be forged"
        )
        return found._replace(warnings=(*found.warnings, sentence))
    if found.digest is not None or found.signature.state == "image":
        return found
    if request.verifies:
        places = join_words(f"'{shown(url)}'" for url in dict.fromkeys(read or lacking))
        where = f"none was found in {places}; " if read else f"{places} not found; " if lacking else ""
        raise FetchError(
            f"no checksum is known for '{found.shown}'",
            hint=f"{where}give checksum=sha256:DIGITS or checksum=URL, or use --no-verify to trust the server",
        )
    sentence = f"'{found.file_name}' is not verified: no checksum is known"
    return found._replace(warnings=(*found.warnings, sentence))


# -- an image of a profile ------------------------------------------------------------------------


class _Search:
    """The search for one image of a profile."""

    def __init__(
        self,
        request: ImageRequest,
        system: CloudSystem,
        image: CloudImage,
        arch: str,
        facts: ImageFacts,
        read: ReadIndex,
    ) -> None:
        self.request, self.system, self.image, self.arch, self.facts, self.read = (
            request, system, image, canonical_arch(arch), facts, read,
        )  # fmt: skip
        self.word = image.arch_word(self.arch) or arch
        self.values = {"arch": self.word, "firmware": facts.firmware}
        self.latest = fill(image.url, self.values)
        self.dated = fill(image.build_url, self.values) or self.latest
        self.names = NamePattern(base_name(self.dated))
        self.keyring = signatures.find_keyring(request.keyring, image.keyrings)
        self.is_keyring_given = bool(request.keyring)
        self.warnings: list[str] = []
        self.asked: list[str] = []
        self.lacking: list[str] = []
        self.signature = Signature()

    def result(self) -> ResolvedImage:
        """Return the image. Raises FetchError."""
        file = self._find()
        pin = parse_pin(self.request.checksum)
        is_known = file.digest is not None and pin in (None, file.digest) and not needs_build(base_name(file.url))
        if not is_known or self._has_key_for_sums():
            file = self._look_up(file, pin)
        if self.request.checksum:
            pin, known = _pin(self.request, base_name(file.url), self.read)
            self.signature = known if known.state else self.signature
            file = self._apply_pin(file, pin)
        self._check_image_signature(file)
        if self.is_keyring_given and self.signature.state not in ("good", "image"):
            raise FetchError(
                f"--image-keyring: no signature of '{base_name(file.url)}' is known", hint="omit --image-keyring"
            )
        return _require_digest(self._resolved(file), self.request, self.asked, self.lacking)

    def _resolved(self, file: _File) -> ResolvedImage:
        request, image = self.request, self.image
        name = base_name(file.url)
        if self.signature.state == "unchecked" and self.keyring:
            self.warnings.append("the signature of the image is not checked: the program 'gpgv' is not installed")
        label = request.name + (f",variant={request.variant}" if request.variant else "")
        return ResolvedImage(
            label,
            url=self._mirrored(file.url),
            file_name=name,
            digest=file.digest,
            unpacked=file.unpacked,
            size=file.size,
            packing=packing_of(name),
            disk_format=image.format or disk_format_of(name),
            arch=self.arch,
            build=file.build,
            is_pinned=bool(request.build or request.checksum),
            signature=self.signature,
            facts=self.facts,
            warnings=tuple(self.warnings),
        )

    def _mirrored(self, url: str) -> str:
        return addresses.mirrored(url, self.request.mirror)

    def _fetch(self, place: str, limit: int) -> bytes | None:
        """Return a file on the mirror; without a mirror, on the server itself."""
        data = self.read(place, limit)
        (self.lacking if data is None else self.asked).append(place)
        return data

    # -- which file

    def _find(self) -> _File:
        """Return the file that is asked for: the pinned build, or the newest one."""
        build = self.request.build
        if build and not needs_build(self.dated):
            raise UsageError(
                f"--image {self.request.text}: builds of {self.system.name} cannot be chosen",
                hint="omit build=; use checksum= to accept one build only",
            )
        start = with_build(self.dated, build) if build else self.latest
        found = [entry for entry in self._read_index(start) if build in ("", entry.build)]
        if found:
            best = max(found, key=lambda entry: order_of(entry.build))
            place = with_build(self.dated, best.build)
            if best.place:
                place = addresses.join(self._index_url(start), best.place)
            return _File(place, best.build, best.digest, best.size, best.unpacked, best.signature)
        if build and self.image.index.url and "://" in self.image.index.url:
            raise self._gone([entry.build for entry in self._read_index(start)])
        return _File(start, build)

    def _index_url(self, start: str) -> str:
        index = self.image.index
        return addresses.beside(start, index.url, self.values) if index.url else ""

    def _read_index(self, start: str) -> list[Build]:
        """Return what the index says; nothing without one."""
        index, url = self.image.index, self._index_url(start)
        return [] if not url or needs_build(url) else self._builds_in(index.type, url, index.select)

    def _builds_in(self, type: str, url: str, select: str) -> list[Build]:
        place = self._mirrored(url)
        data = self._fetch(place, INDEX_LIMIT)
        if data is None:
            return []
        if checksum_files.is_clearsigned(data) and verify.can_check(self.keyring, required=self.is_keyring_given):
            data, self.signature = signatures.check_clearsigned(data, self.keyring, shown(place))
        wanted = Wanted(self.names, self.arch, self.word, fill(select, self.values))
        return read_index(type, data, wanted, shown(place))

    # -- its checksum

    def _has_key_for_sums(self) -> bool:
        """Return whether the checksums are signed, and there is a key to check that."""
        is_signed = bool(self.image.signature) and not self.image.signs_image
        return bool(self.keyring and self.image.checksums) and (is_signed or self.is_keyring_given)

    def _look_up(self, file: _File, pin: Digest | None) -> _File:
        """Return the file with what a list of checksums says about it, under the name of its build."""
        lists: list[Sums] = []
        for template in self.image.checksums:
            if needs_build(file.url) and "{file}" in template:
                continue
            url = addresses.beside(file.url, template, {**self.values, "build": file.build})
            sums = self._read_sums(url)
            if sums is None:
                continue
            lists.append(sums)
            found = self._match(file, sums, pin, is_own="{file}" in template)
            if found is not None:
                self.signature = sums.signature
                return found
        self._refuse_missing(file, lists, pin)
        return file

    def _read_sums(self, url: str) -> Sums | None:
        signature = self.image.signature
        is_beside = bool(signature) and not self.image.signs_image
        beside = (self._mirrored(addresses.beside(url, signature, self.values)),) if is_beside else ()
        return verify.read_sums(
            self._fetch, self._mirrored(url), signatures=beside, keyring=self.keyring, required=self.is_keyring_given
        )

    def _match(self, file: _File, sums: Sums, pin: Digest | None, *, is_own: bool) -> _File | None:
        """Return the file as a list of checksums has it: under its own name, or as the newest build.

        `is_own`: the list is about this file alone.
        """
        builds = sums.builds(self.names)

        def with_digest(digest: Digest) -> tuple[str, Entry] | None:
            return next((pair for pair in builds if pair[1].digest == digest), None)

        pinned = with_digest(pin) if pin is not None else None
        if pinned is not None:
            return self._of_build(*pinned)
        entry = sums.find(base_name(file.url))
        if entry is not None:
            twin = with_digest(entry.digest) if not file.build and needs_build(self.dated) else None
            if twin is not None:
                return self._of_build(*twin)
            return file._replace(digest=entry.digest, size=entry.size or file.size)
        if not file.build and builds and needs_build(self.dated):
            return self._of_build(builds[0][0], sums.find(builds[0][1].name) or builds[0][1])
        if sums.bare is not None and is_own:
            return file._replace(digest=sums.bare)
        return None

    def _of_build(self, build: str, entry: Entry) -> _File:
        return _File(with_build(self.dated, build), build, entry.digest, entry.size)

    def _refuse_missing(self, file: _File, lists: list[Sums], pin: Digest | None) -> None:
        """Raise FetchError if the lists show that the file is not there."""
        request = self.request
        if needs_build(file.url):
            place = self._index_url(file.url) or addresses.beside(
                file.url, (*self.image.checksums, "./")[0], self.values
            )
            raise FetchError(
                f"--image {request.text}: no build of {self.system.name} found in '{shown(self._mirrored(place))}'",
                hint="try again later, or use another mirror with --image-mirror",
            )
        if request.build and not file.digest and request.verifies and pin is None:
            raise self._gone([build for sums in lists for build, _ in sums.builds(self.names)])
        if lists and file.build and not request.build:
            raise _OutOfStep(
                f"'{shown(lists[0].address)}' has no checksum for '{base_name(file.url)}'",
                hint="try again later, or use another mirror with --image-mirror",
            )

    def _gone(self, builds: list[str]) -> FetchError:
        """Return the error for a pinned build that does not exist (any more); it names those that do."""
        request, more = self.request, self.image.builds
        if not builds and more.url:
            url = addresses.beside(self.latest, more.url, self.values)
            builds = [entry.build for entry in self._builds_in(more.type, url, more.select)]
        newest = sorted({build for build in builds if build}, key=order_of, reverse=True)[:_LISTED]
        there = f"there are builds {', '.join(newest)}; without build= the newest one is used" if newest else ""
        return FetchError(
            f"--image {request.text}: build {request.build} not found: distributions delete old builds",
            hint=there or "omit build= to use the newest build",
        )

    def _apply_pin(self, file: _File, pin: Digest | None) -> _File:
        """Return the file with the checksum that the user gave. Raises FetchError if the server has another file."""
        known = file.digest
        if known is not None and pin is not None and known.algorithm == pin.algorithm and known != pin:
            name = base_name(file.url)
            raise FetchError(
                f"--image {self.request.text}: no image with this checksum found: distributions delete old builds",
                hint=f"the server has '{name}' with the checksum {known.text}",
            )
        return file._replace(digest=pin)

    def _check_image_signature(self, file: _File) -> None:
        """Get the signature of the image itself, which is checked when the image has been downloaded."""
        url = file.signature_url
        if not url and self.image.signs_image and self.image.signature:
            url = addresses.beside(file.url, self.image.signature, self.values)
        if url and self.signature.state != "good":
            place = self._mirrored(url)
            self.signature = verify.read_image_signature(
                self._fetch, place, self.keyring, required=self.is_keyring_given
            )
