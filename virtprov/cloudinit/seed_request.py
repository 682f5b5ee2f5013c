"""The request made with `--cloud-init`, as one frozen value."""

from __future__ import annotations

from virtprov.support.errors import UsageError
from virtprov.support.frozen import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

FLAG = "--cloud-init"
UNTIL_READY = "until-ready"
KEEP = "yes"


class SeedRequest(Record):
    """Everything from which a seed is built. Texts are as typed ("" if not given): paths, addresses, inline text.

    `password`, `password_file` and `ssh_key` belong to `user`, or to the image's own user without one. `ssh_key` is
    also virt-install's old name for root's key: without `user` it is given to root as well. `keep` is
    how long the seed stays with the guest: UNTIL_READY, "first-boot" or KEEP. `instance_id` is generated if empty.
    `shell` is the login shell of `user`. `system` is the family of the guest's system ("" if unknown), which
    determines what reads the seed; without `strict`, a document that it would not read only causes a warning.
    """

    guest_name: str = ""
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
    password: str = ""
    password_file: str = ""
    ssh_key: str = ""
    keep: str = UNTIL_READY
    instance_id: str = ""
    shell: str = "/bin/bash"
    system: str = ""
    strict: bool = True


_INNER = ("guest_name", "instance_id", "shell", "system", "strict")
NAMES = tuple(field.replace("_", "-") for field in SeedRequest()._asdict() if field not in _INNER)
"""Every sub-option of `--cloud-init`."""


def from_options(options: Mapping[str, str]) -> SeedRequest:
    """Return the request for the sub-options of `--cloud-init`, name -> text, as written by their table.

    Without any sub-option, a root password is generated and `disable` is set, as with virt-install; an empty text means
    "not given". Raises UsageError for invalid values and for combinations that are not possible.
    """
    if not options:
        return SeedRequest(root_password_generate=True, disable=True)
    given = {name.replace("-", "_"): text for name, text in options.items() if text}
    generate, disable = (given.pop(name, "no") == "yes" for name in ("root_password_generate", "disable"))
    request = SeedRequest(root_password_generate=generate, disable=disable)._replace(**given)
    _refuse_nonsense(request)
    return request


def _refuse_nonsense(request: SeedRequest) -> None:
    """Raise UsageError for values that cannot work, whatever the files contain."""
    if request.root_password_generate and request.root_password_file:
        raise UsageError(
            f"{FLAG}: root-password-generate and root-password-file cannot be used together", hint="omit one of them"
        )
    if request.password and request.password_file:
        raise UsageError(f"{FLAG}: password and password-file cannot be used together", hint="omit one of them")
    if request.user:
        _check_user(request.user)
    if request.hostname:
        from virtprov.support.text import host_name

        if host_name(request.hostname) != request.hostname.lower():
            fit = host_name(request.hostname)
            raise UsageError(
                f"{FLAG} hostname: '{request.hostname}' is not a valid host name",
                hint=f"use letters, digits, dashes and dots: '{fit}'"
                if fit
                else "use letters, digits, dashes and dots",
            )


def _check_user(name: str) -> None:
    """Raise UsageError for a name that useradd would refuse, or that exists in every guest."""
    if name == "root":
        raise UsageError(f"{FLAG} user: root already exists", hint="use root-ssh-key or root-password-generate")
    letters = name.replace("_", "a").replace("-", "a")
    good = name.isascii() and letters.isalnum() and name == name.lower() and not name[0].isdigit()
    if not good or name[0] == "-" or len(name) > 32:
        raise UsageError(
            f"{FLAG} user: '{name}' is not a valid user name",
            hint="use up to 32 lower-case letters, digits, dashes and underscores, starting with a letter",
        )
    if name == "default":
        raise UsageError(
            f"{FLAG} user: 'default' is reserved for the image's own user", hint="use clouduser-ssh-key for it"
        )
