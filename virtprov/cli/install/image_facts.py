"""The cloud image of a new guest in `--output json`."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from virtprov.actions.install.os_source.image_disk import ImagePlan


def image_facts(plan: ImagePlan | None, *, is_fetched: bool) -> dict[str, object] | None:
    """Return what is known about the image, null where nothing is; None for a guest without one.

    With `is_fetched`, the image has been verified: before that, its own signature is not compared with it.
    """
    if plan is None:
        return None
    image, facts = plan.image, plan.image.facts
    is_good = image.signature.state == "good" or is_fetched and image.signature.state == "image"
    return {
        "name": image.label,
        "os": facts.os or None,
        "source": image.shown,
        "file": image.file_name,
        "build": image.build or None,
        "arch": image.arch or None,
        "checksum": image.digest.text if image.digest is not None else None,
        "signed_by": image.signature.signer or None,
        "is_signature_checked": is_good,
        "default_user": facts.default_user or None,
        "base": plan.base.path,
        "is_copy": plan.base.copies,
    }
