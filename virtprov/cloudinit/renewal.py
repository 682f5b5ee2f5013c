"""What a copied system renews at its first boot, with the new seed.

cloud-init writes the host name and the network settings of a new instance before the network is up. The rest is done
by a script among its `bootcmd`, its first commands, which run before sshd starts:

* a filled machine-id is replaced (an empty one is filled by systemd at every boot, from the UUID of the machine);
* the ssh host keys are replaced by new ones of the same types;
* other network files that name an old MAC address get the new one; a file without DHCP, whose addresses would then be
  used twice, is moved to KEPT;
* networkd, whose DHCP identity is made from the machine-id, forgets its lease and asks again, unless told to use the
  MAC address.
"""

from __future__ import annotations

from virtprov.support.frozen import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

KEPT = "/var/lib/virtprov-clone"
"""Where the guest keeps the network files that were written for the original."""


class Renewal(Record):
    """The MAC addresses of a copy in order: each as it was in the original ("" if unknown), and as it is now."""

    macs: tuple[tuple[str, str], ...] = ()


_MACHINE_ID = """\
id=/etc/machine-id
if [ -s $id ] && ! grep -q " $id " /proc/mounts; then
  rm -f $id
  [ -L /var/lib/dbus/machine-id ] || rm -f /var/lib/dbus/machine-id
  systemd-machine-id-setup || dbus-uuidgen --ensure=$id || tr -d - < /proc/sys/kernel/random/uuid > $id
  [ -e /var/lib/dbus/machine-id ] || [ ! -d /var/lib/dbus ] || ln -s $id /var/lib/dbus/machine-id
fi
"""
_HOST_KEYS = """\
for key in /etc/ssh/ssh_host_*_key; do
  [ -f "$key" ] || continue
  type=${key##*/ssh_host_}
  rm -f "$key" "$key.pub" "$key-cert.pub"
  ssh-keygen -q -t "${type%_key}" -N "" -f "$key"
done
"""
_NETWORK_FILES = """\
cd /etc
grep -il @GREP@ netplan/* systemd/network/* network/interfaces network/interfaces.d/* udev/rules.d/* \\
  NetworkManager/system-connections/* sysconfig/network-scripts/ifcfg-* sysconfig/network/ifcfg-* 2>/dev/null |
while IFS= read -r file; do
  case $file in
    *.link|*.rules) asks=yes ;;
    *) asks=$(grep -i -e dhcp -e 'method *= *auto' "$file" | grep -iv -e 'dhcp[46]*[:= ]*\\(no\\|false\\)') ;;
  esac
  if [ -n "$asks" ]; then
    sed -i @SED@ "$file"
  else
    mkdir -p @KEPT@ && mv "$file" @KEPT@/
  fi
  : > /run/virtprov-network
done
cd /
if [ -e /run/virtprov-network ]; then
  netplan apply
  systemctl --no-block try-restart NetworkManager networking
fi
"""
_DHCP = """\
if systemctl -q is-active systemd-networkd; then
  hangs=$(grep -liE '^DHCP *= *(yes|true|ipv4)' /etc/systemd/network/*.network /run/systemd/network/*.network \\
    /usr/lib/systemd/network/*.network | while IFS= read -r file; do
      grep -qi '^ClientIdentifier *= *mac' "$file" "$file".d/*.conf || echo "$file"
    done)
  if [ -n "$hangs$(ls /run/virtprov-network)" ]; then
    rm -f /run/systemd/netif/leases/*
    systemctl kill --signal=KILL systemd-networkd
    rm -f /run/systemd/netif/leases/*
    for device in /sys/class/net/*; do
      ip -4 address flush dynamic dev "${device##*/}"
    done
    systemctl reset-failed systemd-networkd
    timeout 60 systemctl restart systemd-networkd
    waiter=/usr/lib/systemd/systemd-networkd-wait-online
    [ ! -x $waiter ] || $waiter --any --timeout=30
  fi
fi
"""


def cloud_config(renewal: Renewal, *, has_key: bool = False) -> dict[str, Any]:
    """Return the cloud-config that renews what is in the module's description, once for this instance.

    With `has_key` the seed has a host key of one type, and the keys of other types must stay after they are renewed:
    cloud-init would delete them (cc_ssh), and sshd may be told to use them.
    """
    return {
        "bootcmd": [["cloud-init-per", "instance", "virtprov-renew", "sh", "-c", script(renewal)]],
        "manage_etc_hosts": "localhost",
        "preserve_hostname": False,
        "ssh_deletekeys": not has_key,
    }


def leave_accounts() -> dict[str, Any]:
    """Return the cloud-config that leaves the accounts of a copy as they are.

    A new instance would get the image's own user again, with its password locked (cloud-init, cc_users_groups).
    """
    return {"users": []}


def script(renewal: Renewal) -> str:
    """Return the shell script of the first boot."""
    parts = [_MACHINE_ID, _HOST_KEYS]
    known = [(old.lower(), new.lower()) for old, new in renewal.macs if old]
    if known:
        grep = " ".join(f"-e {old}" for old, _ in known)
        sed = " ".join(f"-e s/{old}/{new}/Ig" for old, new in known)
        parts.append(_NETWORK_FILES.replace("@GREP@", grep).replace("@SED@", sed).replace("@KEPT@", KEPT))
    return "".join((*parts, _DHCP))
