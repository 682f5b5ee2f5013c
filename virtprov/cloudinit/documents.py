"""The four documents of a seed, from a request.

**user-data.** What the sub-options request (passwords, keys, a user, `disable`) is written as cloud-config for
cloud-init 18 and later. Deprecated keys are avoided: with them, `cloud-init status` reports an error although nothing
is wrong.

* The root password is a `hashed_passwd` in `users` (`chpasswd.list` is deprecated, `chpasswd.users` is unknown
  before 22.2); a command at the end of the first boot makes it expire.
* The password of the image's own user is `password`; it does not expire.
* `manage_etc_hosts` is set if `hostname` is given, so that sudo and `hostname -f` find the name.
* The keys of the image's own user are `ssh_authorized_keys`, those of root are in `users`. cloud-init copies the
  former to root with a command that only says which user to log in as. This would replace a key that both have: only in
  that case `disable_root: false` is written.
* `users` contains `default`, so that the image's own user is still created.

**The user's own user-data** goes into the seed unchanged, if no such sub-option is given. Otherwise the seed gets a
MIME multi-part document: first the user's document, unchanged, then ours. cloud-init merges cloud-config parts in that
order, and ours requests (`merge_how`) that lists are appended and that nothing is replaced: `runcmd`, `users` and
`ssh_authorized_keys` of both take effect, the user's first. If both set the same value, such as root's password, the
request is refused. (virt-install silently ignores the sub-options then.)

**meta-data** always has an instance-id and a local-hostname; they are added to the user's file if missing.

**network-config** and **vendor-data** are the user's bytes, checked. The copy of a guest gets a network-config for its
MAC addresses (`renewal.py`), unless the user gives one.
"""

from __future__ import annotations

from typing import NamedTuple

from virtprov.cloudinit import renewal, word_config
from virtprov.cloudinit.checks.document_check import CheckedDocument, check_meta_data, check_user_data
from virtprov.cloudinit.checks.kinds import CLOUD_CONFIG, CLOUDBASE, MULTIPART, TALOS, UNKNOWN
from virtprov.cloudinit.renewal import Renewal
from virtprov.cloudinit.seed_request import FLAG
from virtprov.cloudinit.word_contents import GuestContents, read_contents
from virtprov.support.errors import InputError, UsageError
from virtprov.support.text import host_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from virtprov.cloudinit.seed_request import SeedRequest
    from virtprov.cloudinit.value_sources import Reader, Source
    from virtprov.support.logins.ssh_key import KeyPair

HEADER = "#cloud-config\n"
SUDO = "ALL=(ALL) NOPASSWD:ALL"
DISABLE = 'echo "Disabled by virtprov after the first boot" > /etc/cloud/cloud-init.disabled'
# lists are appended, maps merged, and single values of the first part kept
MERGE_HOW = [
    {"name": "list", "settings": ["append"]},
    {"name": "dict", "settings": ["no_replace", "recurse_list"]},
]

# documents that nothing can be added to, and why
_ALONE = {
    MULTIPART: "already multi-part",
    TALOS: "a Talos machine config",
    CLOUDBASE.kind: "a script for Windows",
    UNKNOWN: "of a kind that cloud-init does not know",
}


class Wishes(NamedTuple):
    """What the sub-options request of user-data, with files read and passwords hashed.

    `password_hash` is for `user`, or for the image's own user without one. `manage_hosts` adds the host name to
    /etc/hosts; for this alone no second part is added to the user's file. `host_key` is the ssh host key of the guest.
    """

    root_hash: str = ""
    root_expires: bool = False
    root_keys: tuple[str, ...] = ()
    image_user_keys: tuple[str, ...] = ()
    user: str = ""
    user_keys: tuple[str, ...] = ()
    shell: str = "/bin/bash"
    disable: bool = False
    renewal: Renewal | None = None
    password_hash: str = ""
    manage_hosts: bool = False
    contents: GuestContents = GuestContents()
    host_key: KeyPair | None = None


class Document(NamedTuple):
    """The bytes of a document, and warnings about the part given by the user."""

    data: bytes
    warnings: tuple[str, ...] = ()


def user_data(request: SeedRequest, wishes: Wishes, source: Source | None) -> Document:
    """Return the user-data for `wishes`, combined with the user's own document if there is one.

    Raises InputError for a document that cannot be used, or that contradicts the wishes.
    """
    if source is None:
        accounts = renewal.leave_accounts() if wishes.renewal is not None and not _names_accounts(wishes) else {}
        return Document(render({**accounts, **cloud_config(wishes)}))
    checked = _check(request, source, lambda: check_user_data(source, request.system))
    if not cloud_config(wishes._replace(manage_hosts=False)):
        return Document(source.data, checked.warnings)
    own = cloud_config(wishes, _their_keys(checked, wishes))
    how = "gzipped" if checked.mime == "application/gzip" else _ALONE.get(checked.kind)
    if how:
        raise UsageError(
            f"{FLAG}: {_options(wishes)} cannot be added to {source.name}, which is {how}",
            hint="configure this in the file instead",
        )
    if not checked.text:
        return Document(render(own), checked.warnings)
    if checked.kind == CLOUD_CONFIG:
        own = _fit(own, checked.tree or {}, wishes, source.name)
    return Document(multipart(checked, own), checked.warnings)


def _names_accounts(wishes: Wishes) -> bool:
    return bool(wishes.root_hash or wishes.root_keys or wishes.image_user_keys or wishes.user or wishes.password_hash)


def _check(request: SeedRequest, source: Source, check: Callable[[], CheckedDocument]) -> CheckedDocument:
    """Return the result of `check` for a document; with --check cloud_init=off a refusal only causes a warning."""
    try:
        return check()
    except InputError as problem:
        if request.strict:
            raise
        return CheckedDocument(UNKNOWN, "", "", None, (f"passed on as it is: {problem.message}",))


def render(tree: dict[str, Any]) -> bytes:
    """Return `tree` as the bytes of a cloud-config document; an empty one is only the header."""
    if not tree:
        return HEADER.encode()
    from virtprov.cloudinit.loading import dump

    return (HEADER + dump(tree)).encode()


def cloud_config(wishes: Wishes, other_keys: Iterable[str] = ()) -> dict[str, Any]:
    """Return the cloud-config for `wishes`, empty if nothing is requested.

    `other_keys` are those that a preceding document gives to the image's user.
    """
    users = [entry for entry in (_root(wishes), _user(wishes)) if entry]
    commands = []
    if wishes.root_expires:
        commands.append("passwd -e root")
    if wishes.disable:
        commands.append(DISABLE)
    tree: dict[str, Any] = {}
    if users:
        tree["users"] = ["default", *users]
    if _share_a_key(wishes.root_keys, (*wishes.image_user_keys, *other_keys)):
        tree["disable_root"] = False
    if wishes.image_user_keys:
        tree["ssh_authorized_keys"] = list(wishes.image_user_keys)
    if wishes.password_hash and not wishes.user:
        tree["password"] = wishes.password_hash
        tree["chpasswd"] = {"expire": False}  # otherwise it must be changed at the first login
    if wishes.manage_hosts:
        tree["manage_etc_hosts"] = True
    commands = [*wishes.contents.commands, *commands]
    if commands:
        tree["runcmd"] = commands
    tree.update(word_config.cloud_config(wishes.contents))
    if wishes.host_key is not None:
        tree["ssh_keys"] = {"ed25519_private": wishes.host_key.private, "ed25519_public": wishes.host_key.public}
    if wishes.renewal is not None:
        tree = {**renewal.cloud_config(wishes.renewal, has_key=wishes.host_key is not None), **tree}
    return tree


def _share_a_key(first: Iterable[str], second: Iterable[str]) -> bool:
    """Return whether a key is in both lists, whatever its options and comment are."""
    from virtprov.cloudinit.value_sources import key_data

    return bool({key_data(key) for key in first} & {key_data(key) for key in second})


def _their_keys(checked: CheckedDocument, wishes: Wishes) -> tuple[str, ...]:
    """Return the keys that the user's document gives to the image's user.

    If they cannot be known (a template, a list of addresses), root's keys are assumed to be among them.
    """
    if checked.tree is not None:
        keys = checked.tree.get("ssh_authorized_keys")
        return tuple(key for key in keys if isinstance(key, str)) if isinstance(keys, list) else ()
    return () if checked.kind in ("script", "boothook") else wishes.root_keys


def _root(wishes: Wishes) -> dict[str, Any]:
    if not wishes.root_hash and not wishes.root_keys:
        return {}
    # by default cloud-init locks the password, also one that was just set or that the image has
    entry: dict[str, Any] = {"name": "root", "lock_passwd": False}
    if wishes.root_hash:
        entry["hashed_passwd"] = wishes.root_hash
    if wishes.root_keys:
        entry["ssh_authorized_keys"] = list(wishes.root_keys)
    return entry


def _user(wishes: Wishes) -> dict[str, Any]:
    if not wishes.user:
        return {}
    locked = not wishes.password_hash
    entry: dict[str, Any] = {"name": wishes.user, "shell": wishes.shell, "sudo": SUDO, "lock_passwd": locked}
    if wishes.password_hash:
        entry["hashed_passwd"] = wishes.password_hash
    if wishes.user_keys:
        entry["ssh_authorized_keys"] = list(wishes.user_keys)
    return entry


def _options(wishes: Wishes) -> str:
    """Return the sub-options behind `wishes`, for messages."""
    from virtprov.support.text import join_words

    return join_words(
        name
        for name, wished in (
            ("the root password", wishes.root_hash),
            ("root's ssh key", wishes.root_keys),
            ("the ssh key of the image's user", wishes.image_user_keys),
            (f"the user '{wishes.user}'", wishes.user),
            ("the password", wishes.password_hash and not wishes.user),
            *((f"--{name}", True) for name in word_config.names(wishes.contents)),
            ("disable", wishes.disable),
            ("the script that renews the identity of a clone", wishes.renewal),
        )
        if wished
    )


def _fit(second: dict[str, Any], first: dict[str, Any], wishes: Wishes, name: str) -> dict[str, Any]:
    """Return `second` so that it can be merged after `first`.

    Raises InputError if only one of both could take effect.
    """
    for key in ("users", "runcmd", "bootcmd", "ssh_authorized_keys", "packages", "write_files"):
        if key in second and first.get(key) is not None and not isinstance(first[key], list):
            raise _conflict(name, f"its '{key}' is not a list, so nothing can be added to it")
    fitted = dict(second)
    if isinstance(first.get("users"), list):
        named = _user_names(first["users"])
        if "users" in second:
            fitted["users"] = [entry for entry in second["users"] if entry != "default"]
        for entry in fitted.get("users", ()):
            if entry["name"] in named:
                raise _conflict(name, f"it already defines a user '{entry['name']}'")
        if wishes.image_user_keys and "default" not in named:
            raise _conflict(name, "its 'users' omits 'default', so the ssh key would not be used")
    if wishes.password_hash and not wishes.user and first.get("password"):
        raise _conflict(name, "it also sets a 'password'")
    if wishes.root_hash and _sets_root_password(first.get("chpasswd")):
        raise _conflict(name, "its 'chpasswd' also sets root's password")
    for key in word_config.find_conflicts(first, second):
        raise _conflict(name, f"it also sets '{key}'")
    if "disable_root" in second and first.get("disable_root") not in (None, False):
        raise _conflict(name, "it has 'disable_root: true', but root should get a key")
    return fitted


def _conflict(name: str, reason: str) -> InputError:
    return InputError(
        f"{name} cannot be combined with the other {FLAG} sub-options: {reason}",
        hint="configure this in only one of the two places",
    )


def _user_names(users: list[Any]) -> set[str]:
    """Return the names in a `users` list, whose entries are names or mappings."""
    named: set[str] = set()
    for entry in users:
        if isinstance(entry, str):
            named.update(word.strip() for word in entry.split(","))
        elif isinstance(entry, dict):
            named.add(str(entry.get("name", "")))
    return named


def _sets_root_password(chpasswd: Any) -> bool:
    """Return whether a `chpasswd` mapping names root, in its `users` or in its `list` (a list or lines)."""
    if not isinstance(chpasswd, dict):
        return False
    users, lines = chpasswd.get("users"), chpasswd.get("list")
    if isinstance(lines, str):
        lines = lines.splitlines()
    named = {str(user.get("name")) for user in users or () if isinstance(user, dict)}
    return "root" in named or any(str(line).strip().startswith("root:") for line in lines or ())


def multipart(first: CheckedDocument, ours: dict[str, Any]) -> bytes:
    """Return a MIME document: the user's part, unchanged, then ours, to be merged after it."""
    parts = (
        (first.mime, f"user-data.{'txt' if first.kind != 'script' else 'sh'}", first.text.encode()),
        ("text/cloud-config", "virtprov.cfg", render({"merge_how": MERGE_HOW, **ours})),
    )
    from hashlib import sha256

    # the same parts always give the same document; neither part can contain the digest of both
    boundary = "part-" + sha256(b"\0".join(data for _, _, data in parts)).hexdigest()[:32]
    out = [f'Content-Type: multipart/mixed; boundary="{boundary}"\nMIME-Version: 1.0\n']
    for mime, file_name, data in parts:
        out.append(f"\n--{boundary}\n{_part(mime, file_name, data)}")
    return ("".join(out) + f"\n--{boundary}--\n").encode()


def _part(mime: str, file_name: str, data: bytes) -> str:
    """Return one MIME part; plain ASCII stays readable, anything else is encoded as base64."""
    plain = data.isascii() and b"\r" not in data and max(map(len, data.split(b"\n"))) < 900
    text, coding = data.decode() if plain else "", "7bit"
    if not plain:
        import base64

        text, coding = base64.encodebytes(data).decode(), "base64"
    return (
        f'Content-Type: {mime}; charset="utf-8"\nMIME-Version: 1.0\nContent-Transfer-Encoding: {coding}\n'
        f'Content-Disposition: attachment; filename="{file_name}"\n\n{text}'
    )


def meta_data(request: SeedRequest, source: Source | None) -> Document:
    """Return the meta-data: that of the user, completed, or our own.

    A complete document is used byte for byte. Raises InputError if it is not a YAML mapping, or if it has another host
    name than `hostname`.
    """
    tree: dict[str, Any] = {}
    warnings: tuple[str, ...] = ()
    if source is not None:
        checked = _check(request, source, lambda: check_meta_data(source))
        if checked.tree is None:
            return Document(source.data, checked.warnings)
        tree, warnings = checked.tree, checked.warnings
        said = str(tree.get("local-hostname") or "")
        if said and request.hostname and said != request.hostname:
            raise InputError(
                f"{source.name} has 'local-hostname: {said}', but hostname={request.hostname} is given",
                hint="configure this in only one of the two places",
            )
        if said and tree.get("instance-id"):
            return Document(source.data, warnings)
    from virtprov.cloudinit.loading import dump

    kept = {key: value for key, value in tree.items() if value or key not in ("instance-id", "local-hostname")}
    added = {
        "instance-id": request.instance_id or new_instance_id(),
        "local-hostname": request.hostname or _own_name(tree) or host_name(request.guest_name) or "guest",
    }
    return Document(dump({**added, **kept}).encode(), warnings)


def _own_name(tree: dict[str, Any]) -> str:
    """Return the name that a meta-data mapping without local-hostname sets with `hostname`."""
    name = tree.get("hostname")
    return name if isinstance(name, str) else ""


def new_instance_id() -> str:
    """Return an id that no other guest has: cloud-init does its first-boot work once for each id."""
    import uuid

    return f"iid-{uuid.uuid4()}"


def network_config(request: SeedRequest, source: Source) -> Document:
    """Return the user's network-config unchanged. Raises InputError if it is neither version 1 nor 2."""
    from virtprov.cloudinit.checks.network_check import check_network_config

    return Document(source.data, _check(request, source, lambda: check_network_config(source)).warnings)


def vendor_data(request: SeedRequest, source: Source) -> Document:
    """Return the user's vendor-data unchanged; it has the same formats as user-data."""
    return Document(source.data, _check(request, source, lambda: check_user_data(source, request.system)).warnings)


def read_wishes(request: SeedRequest, reader: Reader) -> tuple[Wishes, str]:
    """Return what the sub-options request of user-data, and the generated root password or "".

    Reads the files of keys and passwords; raises InputError for those that cannot be used. The generated password is
    never logged.
    """
    from virtprov.support import log
    from virtprov.support.logins import passwords

    generated = log.secret(passwords.generate()) if request.root_password_generate else ""
    password = generated
    if request.root_password_file:
        password = reader.password("root-password-file", request.root_password_file)
    root = reader.keys("root-ssh-key", request.root_ssh_key) if request.root_ssh_key else ()
    image = reader.keys("clouduser-ssh-key", request.clouduser_ssh_key) if request.clouduser_ssh_key else ()
    image = _join(image, () if request.user else request.login_keys)
    keys = tuple(dict.fromkeys(key for text in request.ssh_key for key in reader.keys("ssh-key", text)))
    own = log.secret(request.password) if request.password else ""
    if request.password_file:
        own = reader.password("password-file", request.password_file)
    if keys and not request.user:
        root, image = root if request.completes else _join(root, keys), _join(image, keys)
    wishes = Wishes(
        root_hash=_hash(password) if password else "",
        root_expires=bool(generated),
        root_keys=root,
        image_user_keys=image,
        user=request.user,
        user_keys=_join(keys, request.login_keys) if request.user else (),
        shell=request.shell,
        disable=request.disable,
        renewal=request.renewal,
        password_hash=_hash(own) if own else "",
        manage_hosts=bool(request.hostname) or request.completes,
        contents=read_contents(request, reader),
        host_key=request.host_key,
    )
    return wishes, generated


def _hash(password: str) -> str:
    """Return the hash of `password`, which may already be a hash: virt-install's seeds accept both."""
    from virtprov.support.logins import passwords

    return password if passwords.is_hash(password) else passwords.hash_password(password)


def _join(first: tuple[str, ...], second: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(first + second))
