"""The keys that cloud-init knows, and hints for those that look misspelt.

The keys are those of cloud-init's module reference and of the JSON schema in its package (22.4 and 25.1), those of
network-config of its pages "Networking config Version 1" and "Version 2".
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

TOP_KEYS = frozenset(
    """
    allow_public_ssh_keys allow_userdata ansible apk_repos apt apt_get_command apt_get_upgrade_subcommand
    apt_get_wrapper apt_pipelining apt_reboot_if_required apt_update apt_upgrade authkey_hash autoinstall
    bootcmd byobu_by_default ca-certs ca_certs chef chpasswd cloud_config_modules cloud_final_modules
    cloud_init_modules config coreos create_hostname_file datasource datasource_list debug def_log_file
    device_aliases disable_ec2_metadata disable_root disable_root_opts disk_setup drivers fan final_message
    fqdn fs_setup groups growpart grub-dpkg grub_dpkg hostname keyboard landscape launch-index locale
    locale_configfile log_cfgs lxd manage_etc_hosts manage_resolv_conf mcollective merge_how merge_type
    migrate mount_default_fields mounts network no_ssh_fingerprints ntp output package_reboot_if_required
    package_update package_upgrade packages password phone_home power_state prefer_fqdn_over_hostname
    preserve_hostname puppet random_seed reporting resize_rootfs resolv_conf rh_subscription rpi rsyslog
    runcmd salt_minion snap spacewalk ssh ssh_authorized_keys ssh_deletekeys ssh_fp_console_blacklist
    ssh_genkeytypes ssh_import_id ssh_key_console_blacklist ssh_keys ssh_publish_hostkeys ssh_pwauth
    ssh_quiet_keygen ssh_redirect_user ssh_svcname swap syslog_fix_perms system_info timezone
    ubuntu_advantage ubuntu_pro unverified_modules updates user users vendor_data vendor_data2 version
    wireguard write_files yum_repo_dir yum_repos zypper
    """.split()
)
NETWORK_V2_KEYS = frozenset(
    """version renderer ethernets wifis bonds bridges vlans tunnels vrfs modems dummy-devices
    nm-devices openvswitch virtual-ethernets""".split()
)
NETWORK_V2_DEVICES = frozenset("ethernets wifis bonds bridges vlans".split())
NETWORK_V2_DEVICE_KEYS = frozenset(
    """
    accept-ra access-points activation-mode addresses auth critical dhcp-identifier dhcp4 dhcp4-overrides dhcp6
    dhcp6-overrides embedded-switch-mode emit-lldp gateway4 gateway6 generic-receive-offload id ignore-carrier
    infiniband-mode interfaces ipv6-address-generation ipv6-address-token ipv6-mtu ipv6-privacy link link-local
    macaddress match mtu nameservers neigh-suppress openvswitch optional optional-addresses parameters renderer
    routes routing-policy set-name virtual-function-count wakeonlan
    """.split()
)
NETWORK_V1_KEYS = frozenset(
    """
    accept-ra address bond_interfaces bridge_interfaces destination gateway interface keep_configuration mac_address
    metric mtu name netmask params search subnets type vlan_id vlan_link wakeonlan
    """.split()
)
NETWORK_V1_SUBNET_KEYS = frozenset(
    """
    address broadcast control dns_nameservers dns_search gateway ipv4 ipv6 metric netmask pointopoint prefix routes
    scope type
    """.split()
)
NETWORK_V1_TYPES = frozenset("physical loopback vlan bond bridge infiniband nameserver route".split())
META_KEYS = frozenset(
    """instance-id local-hostname hostname public-keys dsmode seedfrom network-interfaces availability-zone region
    cloud-name platform launch-index tags""".split()
)

_USER = frozenset(
    """
    create_groups doas expiredate gecos groups hashed_passwd homedir inactive lock-passwd lock_passwd name
    no-create-home no-log-init no-user-group no_create_home no_log_init no_user_group passwd plain_text_passwd
    primary-group primary_group selinux-user selinux_user shell snapuser ssh-authorized-keys ssh-import-id
    ssh_authorized_keys ssh_import_id ssh_redirect_user sudo system uid
    """.split()
)
_BELOW = {
    "chpasswd": frozenset(("expire", "list", "users")),
    "fs_setup": frozenset("cmd device extra_opts filesystem label overwrite partition replace_fs".split()),
    "growpart": frozenset(("devices", "ignore_growroot_disabled", "mode")),
    "keyboard": frozenset(("layout", "model", "options", "variant")),
    "ntp": frozenset(("allow", "config", "enabled", "ntp_client", "peers", "pools", "servers")),
    "phone_home": frozenset(("post", "tries", "url")),
    "power_state": frozenset(("condition", "delay", "message", "mode", "timeout")),
    "swap": frozenset(("filename", "maxsize", "size")),
    "user": _USER,
    "users": _USER,
    "write_files": frozenset("append content defer encoding owner path permissions source".split()),
}
"""Keys below a key of cloud-config, or below each entry of its list."""


def misspelt(tree: dict[str, Any]) -> Iterator[str]:
    """Yield one sentence for every key of a cloud-config that cloud-init does not know and that resembles one."""
    for key, value in tree.items():
        hint = resembling(key, TOP_KEYS)
        if hint:
            yield f"cloud-init has no key '{key}': {hint}"
        known = _BELOW.get(key) if isinstance(key, str) else None
        if known:
            yield from _below(str(key), value, known)


def _below(key: str, value: Any, known: frozenset[str]) -> Iterator[str]:
    seen = set()
    for entry in value if isinstance(value, list) else [value]:
        for name in entry if isinstance(entry, dict) else ():
            hint = resembling(name, known)
            if hint and name not in seen:
                seen.add(name)
                yield f"{key} has no key '{name}' in cloud-init: {hint}"


def resembling(key: object, known: Iterable[str]) -> str:
    """Return a hint if `key` looks like a misspelt one of `known`; others may belong to a module of their own."""
    known = frozenset(known)
    if not isinstance(key, str) or key in known:
        return ""
    import difflib

    folded = _folded(key)
    same = sorted(name for name in known if _folded(name) == folded)
    close = same or sorted(difflib.get_close_matches(key, sorted(known), n=3, cutoff=0.8))
    best = max(
        close, key=lambda name: difflib.SequenceMatcher(None, name, key).ratio(), default=""
    )  # the first of them
    return f"did you mean '{best}'?" if best else ""


def _folded(key: str) -> str:
    return key.lower().replace("-", "").replace("_", "")
