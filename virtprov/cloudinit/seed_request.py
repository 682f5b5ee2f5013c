"""What the user asked of cloud-init, as one frozen value."""

from __future__ import annotations

from virtprov.support.errors import UsageError, nearest
from virtprov.support.frozen import Record
from virtprov.support.words import NO, YES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

FLAG = "--cloud-init"
NAMES = (
    "root-password-generate",
    "root-password-file",
    "root-ssh-key",
    "clouduser-ssh-key",
    "disable",
    "user-data",
    "meta-data",
    "network-config",
    "vendor-data",
    "hostname",
    "user",
    "ssh-key",
    "keep",
)
"""Every sub-option; the first eight are virt-install's."""

UNTIL_READY = "until-ready"
FIRST_BOOT = "first-boot"
KEEP = "yes"


class SeedRequest(Record):
    """Everything a seed is made from. Texts are as typed ("" when not given): paths, addresses, inline text.

    `ssh_key` belongs to `user`; without `user` it is virt-install's old name for root's key and goes to root
    and to the image's own user as well. `keep` is how long the seed stays with the guest: UNTIL_READY,
    FIRST_BOOT or KEEP. `instance_id` is made up when empty. `shell` is the login shell of `user`.
    """

    guest_name: str
    root_password_generate: bool = False
    root_password_file: str = ""
    root_ssh_key: str = ""
    clouduser_ssh_key: str = ""
    disable: bool = False
    user_data: str = ""
    meta_data: str = ""
    network_config: str = ""
    vendor_data: str = ""
    hostname: str = ""
    user: str = ""
    ssh_key: str = ""
    keep: str = UNTIL_READY
    instance_id: str = ""
    shell: str = "/bin/bash"


def request_from(options: Mapping[str, str | None], guest_name: str) -> SeedRequest:
    """Return the request for the sub-options of `--cloud-init`, name -> text.

    No sub-option at all means a generated root password and `disable`, as with virt-install; an empty text
    means "not given". Raises UsageError for unknown names, values that make no sense and pairs that exclude
    each other.
    """
    for name, text in options.items():
        if name not in NAMES:
            hint = nearest(name, NAMES) or f"known names: {', '.join(NAMES)}"
            raise UsageError(f"{FLAG}: there is no '{name}'", hint=hint)
        if text is None:
            raise UsageError(f"{FLAG} {name} needs a value", hint=f"write {name}=VALUE")
    if not options:
        return SeedRequest(guest_name, root_password_generate=True, disable=True)
    given = {name: text for name, text in options.items() if text}
    texts = {
        name.replace("-", "_"): text
        for name, text in given.items()
        if name not in ("root-password-generate", "disable", "keep")
    }
    request = SeedRequest(
        guest_name,
        root_password_generate=_truth(given, "root-password-generate"),
        disable=_truth(given, "disable"),
        keep=_keep(given.get("keep", "no")),
        **texts,
    )
    _refuse_nonsense(request)
    return request


def _truth(given: Mapping[str, str], name: str) -> bool:
    word = given.get(name, "no").lower()
    if word not in YES + NO:
        raise UsageError(f"{FLAG} {name}: '{given[name]}' is neither on nor off", hint=f"write {name}=on")
    return word in YES


def _keep(text: str) -> str:
    word = text.lower()
    if word in YES:
        return KEEP
    if word in NO:
        return UNTIL_READY
    if word in (UNTIL_READY, FIRST_BOOT):
        return word
    raise UsageError(
        f"{FLAG} keep: '{text}' is not one of its values", hint=f"write yes, {UNTIL_READY} or {FIRST_BOOT}"
    )


def _refuse_nonsense(request: SeedRequest) -> None:
    """Raise UsageError for values that cannot work, whatever the files hold."""
    if request.root_password_generate and request.root_password_file:
        raise UsageError(
            f"{FLAG}: root-password-generate and root-password-file exclude each other", hint="give one of them"
        )
    if request.user:
        _check_user(request.user)
    if request.hostname:
        from virtprov.support.text import host_name

        if host_name(request.hostname) != request.hostname.lower():
            fit = host_name(request.hostname)
            raise UsageError(
                f"{FLAG} hostname: '{request.hostname}' is not a host name",
                hint=f"letters, digits, dashes and dots: '{fit}'" if fit else "letters, digits, dashes, dots",
            )


def _check_user(name: str) -> None:
    """Raise UsageError for a name that useradd would refuse, or that is taken in every guest."""
    if name == "root":
        raise UsageError(
            f"{FLAG} user: root is there already", hint="use root-ssh-key or root-password-generate"
        )
    letters = name.replace("_", "a").replace("-", "a")
    good = name.isascii() and letters.isalnum() and name == name.lower() and not name[0].isdigit()
    if not good or name[0] == "-" or len(name) > 32:
        raise UsageError(
            f"{FLAG} user: '{name}' is not a user name",
            hint="use up to 32 lower-case letters, digits, dashes and underscores, a letter first",
        )
    if name == "default":
        raise UsageError(
            f"{FLAG} user: 'default' stands for the image's own user", hint="use clouduser-ssh-key for it"
        )
