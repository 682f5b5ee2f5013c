"""Choose the image that a request means."""

from __future__ import annotations

from virtprov.images.image import ImageRequest
from virtprov.images.image_facts import BIOS, UEFI, ImageFacts
from virtprov.osinfo.image_profiles import CloudImage, CloudSystem, all_systems, find_system
from virtprov.osinfo.profile import canonical_arch
from virtprov.support.errors import UsageError, nearest
from virtprov.support.text import join_words

_HINT = "`virtprov-install --image list` lists the names"


def choose_system(request: ImageRequest) -> CloudSystem:
    """Return the system with this short id. Raises UsageError for a name without images."""
    result = find_system(request.name)
    if result is not None:
        return result
    systems = all_systems()
    names = [short for system in systems for short in system.short_ids]
    from virtprov.osinfo.find_profile import find_or_none

    if find_or_none(request.name) is not None:
        raise UsageError(
            f"--image {request.text}: no cloud image of '{request.name}' is known",
            hint=f"give the URL or the path of an image; {_HINT}",
        )
    hint = nearest(request.name, names)
    raise UsageError(f"--image {request.text}: unknown image '{request.name}'", hint=hint or _HINT)


def choose_image(request: ImageRequest, system: CloudSystem, arch: str) -> CloudImage:
    """Return the image for an architecture and a variant. Raises UsageError if there is none."""
    known = canonical_arch(arch)
    variants = [image for image in system.images if request.variant in ("", image.variant)]
    if not variants:
        names = list(dict.fromkeys(image.variant for image in system.images))
        raise UsageError(
            f"--image {request.text}: unknown variant '{request.variant}'",
            hint=nearest(request.variant, names) or "known variants: " + ", ".join(names),
        )
    fitting = [image for image in variants if image.arch_word(known) is not None]
    if not fitting:
        arches = list(dict.fromkeys(arch for image in variants for arch, _ in image.arches))
        raise UsageError(
            f"--image {request.text}: no image for {known}", hint=f"there are images for {join_words(arches)}"
        )
    return next((image for image in reversed(fitting) if image.is_default), fitting[0])


def facts_of(system: CloudSystem, image: CloudImage, arch: str, firmware: str) -> ImageFacts:
    """Return what is known about the system in an image for an architecture.

    `firmware` is the one that the guest will have ("" for any): some images exist once for each firmware.
    """
    is_x86 = canonical_arch(arch) == "x86_64"
    return ImageFacts(
        os=system.short_ids[0],
        default_user=image.user,
        cpu_floor=image.cpu if is_x86 or not image.cpu.startswith("x86") else "",
        firmware=_firmware(image, firmware, is_x86=is_x86),
        seeds=image.seeds,
        configured_by=image.config,
        ready_port=image.port,
    )


def _firmware(image: CloudImage, wanted: str, *, is_x86: bool) -> str:
    """Return the only firmware that boots an image, or the chosen one of several; "" if it does not matter."""
    if len(image.firmware) > 1:
        return wanted if wanted in image.firmware and (is_x86 or wanted == UEFI) else BIOS if is_x86 else UEFI
    only = next(iter(image.firmware), "")
    return only if is_x86 or only != BIOS else ""
