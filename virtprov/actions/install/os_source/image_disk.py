"""The cloud image of a new guest: which base it is, in which pool, and the steps that bring it there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.guest.disks.base_volume import BaseVolume
from virtprov.guest.disks.existing import running
from virtprov.guest.disks.new.volumes import DEFAULT_POOL, FILE_POOLS, NewPool, images_directory
from virtprov.images.image import CLOUD_INIT, NOCLOUD, NUAGEINIT, TINY_CLOUD
from virtprov.support.errors import HostError
from virtprov.support.frozen import Record
from virtprov.support.notation.units import GIB

if TYPE_CHECKING:
    from virtprov.actions.install.os_source.which_system import System
    from virtprov.actions.request import InstallRequest
    from virtprov.actions.run.plan import Step
    from virtprov.guest.disks.spec import DiskSpec
    from virtprov.host.connection import Host
    from virtprov.images.image import ResolvedImage


class ImagePlan(Record):
    """The image of a new guest, its tag and its base, and the pool that has to be created for the base, if any.

    `option` names the size that the user gave ("" for none).
    """

    image: ResolvedImage
    tag: str
    base: BaseVolume
    new_pool: NewPool | None = None
    option: str = ""

    @property
    def sentence(self) -> str:
        """Return what the user is told of it."""
        image, path = self.image, self.base.path
        name = f"{image.label} ({image.file_name})" if image.file_name != image.label else image.label
        if self.base.copies:
            return f"The disk is a copy of the image {name}, which is kept in {path}"
        return f"The disk is an overlay on the image {name}, which is kept in {path}"


def plan_image(request: InstallRequest, system: System, host: Host, spec: DiskSpec, advised: float) -> ImagePlan:
    """Return the base for the image of a guest, whose disk is `spec`; `advised` is a disk size in GiB.

    Raises HostError for a host without a pool for files, FetchError if the version of the image cannot be found out.
    """
    from virtprov.actions.steps.find_base import find_base
    from virtprov.images import cache

    image = system.image
    assert image is not None and request.image is not None
    if host.driver not in ("qemu", "test", "xen", "bhyve") and not host.is_recorded:
        raise HostError(
            f"--image cannot be used with the {host.driver} driver", hint="give the disk with --disk and --import"
        )
    tag = cache.tag_of(image)
    pool, directory, new = _choose_pool(host, spec)
    name = cache.base_name(image, tag)
    base = BaseVolume(pool, name, f"{directory}/{name}", copies=request.image.copies, advised=int(advised * GIB))
    found = None if new is not None else find_base(host, base)
    if found is not None:
        base = base._replace(capacity=found.capacity)
    elif host.driver == "test" and not (request.dry or request.printing):
        raise HostError(
            f"--image {request.image.text}: libvirt's test driver keeps no data, so it cannot have the image",
            hint="add --print-xml or --dry-run to see what is created, or use another host with --connect",
        )
    option = f"--disk size={spec.size:g}" if spec.size is not None else ""
    return ImagePlan(image, tag, base, new, option)


def _choose_pool(host: Host, spec: DiskSpec) -> tuple[str, str, NewPool | None]:
    """Return the pool for the base and its directory: that of the disk if it holds files, otherwise `default`.

    Raises HostError for a pool that does not hold files, or is not active.
    """
    asked = host.storage.pool(spec.pool) if spec.pool else None
    if asked is not None and asked.type in FILE_POOLS:
        return running(asked).name, asked.path, None
    directory = images_directory(host)
    pool = host.storage.pool(DEFAULT_POOL) or host.storage.pool_at(directory)
    if pool is None:
        return DEFAULT_POOL, directory, NewPool(DEFAULT_POOL, directory)
    if pool.type not in FILE_POOLS:
        raise HostError(
            f"storage pool '{pool.name}' of type {pool.type} cannot hold the image",
            hint="give a pool for files with --disk pool=POOL",
        )
    return running(pool).name, pool.path, None


def replace_steps(plan: ImagePlan, request: InstallRequest, host: Host, storage: list[Step]) -> list[Step]:
    """Return the steps for storage with those of the image: the base comes before the disk on it."""
    from virtprov.actions.install.os_source.which_system import find_image
    from virtprov.actions.steps.base_images import MakeImageDisk, ObtainBase, Obtained
    from virtprov.actions.steps.storage import MakePool, MakeVolume

    obtained = Obtained()

    def again() -> ResolvedImage:
        return find_image(request, host)

    steps: list[Step] = [MakePool(plan.new_pool)] if plan.new_pool is not None else []
    for step in storage:
        if isinstance(step, MakePool) and step.pool == plan.new_pool:
            continue
        if isinstance(step, MakeVolume) and step.volume.base is not None:
            steps.append(ObtainBase(plan.image, plan.tag, plan.base, obtained, again))
            steps.append(MakeImageDisk(step.volume, obtained, plan.option))
        else:
            steps.append(step)
    return steps


def with_seed(request: InstallRequest, system: System) -> InstallRequest:
    """Return the request with the seed that a cloud image gets unless the user said otherwise.

    It is completed with a login and a host key, as with one of the options for what goes into the guest.
    """
    facts = system.image_facts
    if system.image is None or request.seed is not None or "cloud-init" in request.refused:
        return request
    if facts.configured_by not in ("", CLOUD_INIT, NUAGEINIT, TINY_CLOUD) or (
        facts.seeds and NOCLOUD not in facts.seeds
    ):
        return request
    from virtprov.cloudinit.seed_request import SeedRequest

    return request._replace(seed=SeedRequest(completes=True))
