"""The facts about all systems that detection needs, packed as records of the index (kind `detect`)."""

from __future__ import annotations

from virtprov.osinfo.media.disk_image import pack_images
from virtprov.osinfo.media.install_tree import pack_trees
from virtprov.osinfo.media.match import pack_media
from virtprov.osinfo.media.systems import pack_systems

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from virtprov.osinfo.profile_files.resolve import MergedRecord

_TOLD = ("name", "version", "distro", "codename", "release-date")


def detection_records(known: Mapping[str, MergedRecord]) -> dict[str, str]:
    """Return the records `media`, `trees`, `images` and `systems`."""
    systems = [one for one in known.values() if one.short_ids]
    return {
        "media": pack_media((one.short_ids[0], one.media) for one in systems),
        "trees": pack_trees((one.short_ids[0], one.trees) for one in systems),
        "images": pack_images((one.short_ids[0], one.images) for one in systems),
        "systems": pack_systems(
            (
                one.short_ids[0],
                tuple(one.scalars.get(key, "") for key in _TOLD),
                one.variants.values(),
            )
            for one in systems
        ),
    }
