"""The request made with `--cloud-init`, as one frozen value."""

from __future__ import annotations

from virtprov.cloudinit.guest_words import GuestWords
from virtprov.cloudinit.renewal import Renewal
from virtprov.support.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from virtprov.cloudinit.fixed_addresses import Interface
    from virtprov.support.logins.ssh_key import KeyPair

FLAG = "--cloud-init"
UNTIL_READY = "until-ready"
KEEP = "yes"


class SeedRequest(GuestWords):
    """Everything from which a seed is built. Texts are as typed ("" if not given): paths, addresses, inline text.

    `ssh_key` is also virt-install's old name for root's key: without `user` it is given to root as well, unless the
    seed is completed. `password` is that of `password_file`, as text. `keep` is how long the seed stays with the guest:
    UNTIL_READY, "first-boot" or KEEP. `instance_id` is generated if empty. `shell` is the login shell of `user`.
    `system` is the family of the guest's system ("" if unknown), which determines what reads the seed; without
    `strict`, a document that it would not read only causes a warning. `renewal` is set for the copy of a guest: what
    its first boot renews.

    With `completes` what is not given is completed: the host name, and an ssh host key that is known before the first
    boot, `host_key`. `interfaces` are all of the guest's, if one of them has a fixed address. `login_keys` are the
    caller's public keys, given to the image's own user because nobody could log in otherwise.
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
    password: str = ""
    keep: str = UNTIL_READY
    instance_id: str = ""
    shell: str = "/bin/bash"
    renewal: Renewal | None = None
    system: str = ""
    strict: bool = True
    completes: bool = False
    host_key: KeyPair | None = None
    interfaces: tuple[Interface, ...] = ()
    login_keys: tuple[str, ...] = ()

    @property
    def has_login(self) -> bool:
        """Whether somebody is given a key or a password, or may be by the user's own user-data."""
        words = (self.ssh_key, self.root_ssh_key, self.clouduser_ssh_key, self.password, self.password_file)
        return any((*words, self.root_password_generate, self.root_password_file, self.user_data, self.login_keys))


_INNER = (
    "guest_name", "instance_id", "shell", "system", "strict", "renewal", "completes", "host_key", "interfaces",
    "login_keys",
)  # fmt: skip
NAMES = tuple(field.replace("_", "-") for field in SeedRequest()._asdict() if field not in _INNER)
"""Every sub-option of `--cloud-init`."""


def from_options(options: Mapping[str, str | Sequence[str]]) -> SeedRequest:
    """Return the request for the sub-options of `--cloud-init`, name -> text, as written by their table.

    Those that can be repeated may have a list of texts. Without any sub-option, a root password is generated and
    `disable` is set, as with virt-install; an empty text means "not given". Raises UsageError for invalid values and
    for combinations that are not possible.
    """
    if not options:
        return SeedRequest(root_password_generate=True, disable=True)
    defaults = SeedRequest()._asdict()
    given: dict[str, Any] = {}
    for name, text in options.items():
        field = name.replace("-", "_")
        listed = [text] if isinstance(text, str) else list(text)
        several = isinstance(defaults[field], tuple)
        if any(listed):
            given[field] = tuple(word for word in listed if word) if several else listed[-1]
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
    from virtprov.cloudinit import word_check

    word_check.check(request, f"{FLAG} ")
