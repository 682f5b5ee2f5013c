"""What goes into a new guest: its seed, and the way to log in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.actions.seed import login
from virtprov.actions.seed.login import Login
from virtprov.support.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from virtprov.actions.request import InstallRequest
    from virtprov.actions.seed.attach import Seed
    from virtprov.cloudinit.fixed_addresses import Interface
    from virtprov.cloudinit.seed_request import SeedRequest
    from virtprov.guest.document import Guest
    from virtprov.guest.rules.rule_context import RuleContext
    from virtprov.guest.write.compose import NewDevice
    from virtprov.osinfo.profile import Profile

NEEDS_SEED = "--network static"
_NOT_FOR_WINDOWS = ("package", "ca_certs", "proxy", "timezone")
_WITH_ADDRESS = "add --wait, --network ...,static=ADDRESS/PREFIX, or --publish PORT:22"


def _find_interfaces(guest: Guest, fixed: Sequence[NewDevice]) -> tuple[Interface, ...]:
    """Return all interfaces of the guest, those in `fixed` with their fixed addresses; none if there are no such."""
    if not fixed:
        return ()
    from virtprov.cloudinit.fixed_addresses import Interface
    from virtprov.xml import path

    nics = guest.devices("interface")
    # one with published ports may have become an argument of QEMU
    nics += [device.element for device in fixed if not any(device.element is nic for nic in nics)]
    interfaces = []
    for nic in nics:
        use = next((device.use for device in fixed if device.element is nic), None)
        interfaces.append(Interface(path.text(nic, "./mac/@address"), use.fixed if use is not None else None))
    return tuple(interfaces)


def plan(
    request: InstallRequest,
    setting: RuleContext,
    fixed: Sequence[NewDevice],
    final: Guest,
    install: Guest | None = None,
    *,
    machine: str = "",
) -> tuple[Seed, Login]:
    """Return the seed of a guest, and how to log in; with an installer both phases have its drive.

    `fixed` are the interfaces with a fixed address, `machine` is the name of the host if it is not this machine. Raises
    UsageError for what the guest cannot take, and if nobody could log in.
    """
    if request.seed is None:
        raise _no_seed(fixed)
    from virtprov.actions.seed import attach

    wanted = request.seed._replace(interfaces=_find_interfaces(setting.guest, fixed))
    _check(wanted, setting.profile)
    build = not (request.printing or request.dry)
    if wanted.completes and not request.printing:
        wanted = _complete(wanted, request, setting, final)
    way = _find_login(request, wanted, setting, final, machine)
    if request.ssh_config and not request.printing:
        has_address = bool(way.address or request.wait)
        way = login.name_entry(way, request.ssh_config, final.name, has_address=has_address, hint=_WITH_ADDRESS)
    seed = attach.plan(wanted, setting, final, install, build=build)
    if wanted.host_key is not None:
        from virtprov.actions.steps.known_hosts import KeepHostKey

        step = KeepHostKey(way.known_hosts, login.known_hosts_text(way, wanted.host_key.public))
        seed = seed._replace(steps=(*seed.steps, step))
    return seed, way


def _no_seed(fixed: Sequence[NewDevice]) -> UsageError:
    """Return the error for a guest without a seed, which is needed for a fixed address and for --ssh-config."""
    if fixed:
        return UsageError(
            f"{NEEDS_SEED}: the guest has no cloud-init seed, so it would not get this address",
            hint="add --cloud-init, or another option for what goes into a cloud image, such as --ssh-key",
        )
    return UsageError(
        "--ssh-config: the login of this guest is not set up by virtprov",
        hint="add --ssh-key FILE, or another option for what goes into a cloud image",
    )


def _check(wanted: SeedRequest, profile: Profile) -> None:
    """Raise UsageError for contradictions that only show with the guest's interfaces and system."""
    if wanted.interfaces and wanted.network_config:
        raise UsageError(
            f"{NEEDS_SEED} and --cloud-init network-config= cannot be used together", hint="omit one of them"
        )
    if profile.is_windows:
        for field in _NOT_FOR_WINDOWS:
            if getattr(wanted, field):
                name = field.replace("_", "-")
                raise UsageError(
                    f"--{name} cannot be used with {profile.name}: cloudbase-init does not read it",
                    hint="do this in a script, with --cloud-init user-data=FILE",
                )


def _complete(wanted: SeedRequest, request: InstallRequest, setting: RuleContext, guest: Guest) -> SeedRequest:
    """Add a login and a host key; the user is told whose keys are used.

    Raises UsageError if nobody could log in.
    """
    if not wanted.has_login and not request.no_login:
        from virtprov.cloudinit.own_keys import find_own_keys

        own = find_own_keys()
        if not own.keys:
            raise UsageError(
                "nobody could log in: neither ssh-agent nor ~/.ssh has a public key",
                hint="give --ssh-key FILE or --password-file FILE, or accept this with --no-login",
            )
        wanted = wanted._replace(login_keys=own.keys)
        user = wanted.user or setting.image.default_user or login.default_user(setting.profile)
        who = f"'{user}'" if user else "the image's user"
        setting.note(f"Your ssh keys from {own.source} let you log in to '{guest.name}' as {who}")
    if login.takes_host_key(wanted, setting.profile, setting.host):
        from virtprov.support.logins import ssh_key

        wanted = wanted._replace(host_key=ssh_key.generate())
    return wanted


def _find_login(
    request: InstallRequest, wanted: SeedRequest, setting: RuleContext, guest: Guest, machine: str
) -> Login:
    """Return the way to log in to the guest: at a published port, at its fixed address, or where it will be found."""
    own = wanted.completes or wanted.ssh_key or wanted.clouduser_ssh_key or wanted.password or wanted.password_file
    own_user = setting.image.default_user or login.default_user(setting.profile)
    user = wanted.user or (own_user if own or not wanted.root_ssh_key else "root")
    keys = (*wanted.ssh_key, wanted.clouduser_ssh_key, wanted.root_ssh_key)
    way = Login(user, guest.uuid, identity=login.find_identity(key for key in keys if key))
    if wanted.host_key is not None:
        way = way._replace(known_hosts=login.known_hosts_path(guest.uuid))
    from virtprov.guest.network import publish

    forward = next(iter(publish.select_tcp(request.publish)), None)
    if forward is None:
        fixed = next((each.fixed.first for each in wanted.interfaces if each.fixed is not None), "")
        return way._replace(address=fixed)
    here = "127.0.0.1" if forward.address != "::" else "::1"
    everywhere = forward.address in ("", "0.0.0.0", "::")
    address = (machine or here) if everywhere else forward.address
    return way._replace(address=address, port=forward.host)
