"""Guests for Xen and ESX, given to libvirt's own writers of these drivers: no default makes a driver refuse a guest."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from lab import writers

from virtprov.cli.install import flags, legacy, parse_request
from virtprov.library import installing

pytestmark = pytest.mark.live

HOSTS = Path(__file__).resolve().parents[1] / "data" / "hosts"
WRITER = Path(writers.__file__)
ROOT = "--disk /dev/vg/root "
VMDK = "--disk '[datastore1] web/web.vmdk' "

HVM = (
    "--import --hvm",
    "--import --hvm --graphics none",
    "--import --hvm --graphics vnc,port=5910,password=secret",
    "--import --hvm --graphics spice",
    "--import --hvm --graphics spice,port=-1 --sound none",
    "--import --hvm --graphics sdl,xauth=/root/.Xauthority,display=:0",
    "--import --hvm --sound ac97",
    "--import --hvm --video cirrus",
    "--import --hvm --network none",
    "--import --hvm --network bridge=xenbr0,model=rtl8139",
    "--import --hvm --network default --network bridge=br1",
    "--import --hvm --hostdev 00:19.0",
    "--import --hvm --disk /dev/vg/root,driver.name=phy,device=cdrom",
    "--import --hvm --disk pool=lvm,size=5",
    "--import --hvm --disk device=cdrom",
    "--import --hvm --vcpus 4,maxvcpus=8",
    "--import --hvm --cpuset 0-3 --vcpus 2",
    "--import --hvm --boot hd,cdrom,network",
    "--import --hvm --features apic=off,pae=on",
    "--import --hvm --clock offset=localtime",
    "--import --hvm --osinfo win10",
    "--import --hvm --serial pty",
    "--import --hvm --serial file,path=/var/log/serial",
    "--import --hvm --memory 512,maxmemory=1024",
    "--pxe --hvm",
    "--cdrom /dev/vg/root --hvm",
    "--import --hvm --events on_reboot=destroy,on_crash=preserve",
)
PV = (
    "--import --paravirt",
    "--import --paravirt --graphics none",
    "--import --paravirt --graphics vnc,listen=0.0.0.0",
    "--import --paravirt --network mac=00:16:3e:11:22:33",
    "--import --paravirt --network none",
    "--import --paravirt --vcpus 4",
    "--import --paravirt --hostdev 00:19.0",
    "--paravirt --boot kernel=/boot/vmlinuz,initrd=/boot/initrd,kernel_args=root=/dev/xvda",
    "--paravirt --boot bootloader=/usr/bin/pygrub",
    "--boot os_type=linux,kernel=/boot/vmlinuz",
    "--boot os_type=xenpvh,kernel=/boot/vmlinuz",
    "--boot os_type=xenpvh,kernel=/boot/vmlinuz --graphics none",
    "--boot os_type=xenpvh,kernel=/boot/vmlinuz --vcpus 4 --network bridge=xenbr0",
    "--boot os_type=xenpvh,kernel=/boot/vmlinuz --disk /dev/vg/root,driver.name=file --check path_in_use=off",
)
ESX = (
    "--import",
    "--import --graphics none",
    "--import --graphics vnc,port=5910,password=secret",
    "--import --vcpus 4",
    "--import --memory 2000",
    "--import --network none",
    "--import --network bridge=LAN,model=vmxnet3",
    "--import --network default --network default,model=e1000e",
    "--import --disk size=5",
    "--import --disk '[datastore1] data/data.vmdk,size=5'",
    "--import --disk size=5,bus=ide",
    "--import --disk device=cdrom",
    "--import --disk '[datastore1] iso/debian.iso,device=cdrom'",
    "--import --disk device=floppy",
    "--import --controller scsi,model=vmpvscsi",
    "--import --serial 'file,path=[datastore1] web/serial.log'",
    "--import --arch i686",
    "--import --osinfo win10",
    "--import --osinfo rhel6.0",
    "--import --boot uefi",
    "--import --boot cdrom,hd",
    "--import --sound ich6",
    "--import --video vmvga,vram=8192",
    "--import --cpuset 0-3 --vcpus 2",
    "--cdrom '[datastore1] iso/debian.iso'",
    "--pxe",
    "--import " + " ".join("--disk size=1" for _ in range(8)),
)


def rendered(host: str, line: str) -> tuple[str, ...]:
    """Return the documents of a command line."""
    args = flags.install_parser().parse_args(shlex.split(f"--name web --memory 1024 --print-xml {line}"))
    legacy.apply(args)
    guest = parse_request.new_guest(args)._replace(osinfo=args.osinfo or "debian12")
    return installing.render(f"recorded://{HOSTS / host}", guest)


def written(kind: str, guests: list[str]) -> list[tuple[str, str]]:
    """Return the configuration that libvirt writes for each guest, and why it refuses one."""
    ran = subprocess.run(
        [sys.executable, str(WRITER), kind], input=json.dumps(guests), capture_output=True, text=True, timeout=300
    )
    assert ran.returncode == 0, ran.stderr
    return [(text, error) for text, error in json.loads(ran.stdout)]


@pytest.mark.parametrize(
    ("kind", "host", "disk", "lines"),
    [("xl", "xen", ROOT, HVM), ("xl", "xen", ROOT, PV), ("vmx", "esx", VMDK, ESX)],
    ids=["xen-hvm", "xen-pv", "esx"],
)
def test_the_driver_takes_every_guest(kind: str, host: str, disk: str, lines: tuple[str, ...]) -> None:
    guests = [(line, text) for line in lines for text in rendered(host, disk + line)]
    answers = written(kind, [text for _, text in guests])
    refused = [f"{line}: {error}" for (line, _), (made, error) in zip(guests, answers, strict=True) if not made]
    assert refused == []
    assert len(guests) >= len(lines)


def test_the_configurations_say_what_was_asked() -> None:
    (pvh,) = rendered("xen", ROOT + "--boot os_type=xenpvh,kernel=/boot/vmlinuz --vcpus 3 --hostdev 00:19.0")
    ((made, _),) = written("xl", [pvh])
    assert re.search(r'^type = "pvh"$', made, re.M) and re.search(r"^vcpus = 3$", made, re.M)
    assert "vdev=xvda" in made and "0000:00:19.0" in made and "usb" not in made
    (web,) = rendered("esx", VMDK + "--cdrom '[datastore1] iso/debian.iso'")
    ((made, _),) = written("vmx", [web])
    settings = dict(re.findall(r'^(\S+) = "(.*)"$', made, re.M))
    assert settings["scsi0.virtualDev"] == "lsilogic"
    assert settings["scsi0:0.fileName"] == "/vmfs/volumes/datastore1/web/web.vmdk"
    assert settings["ide0:0.fileName"] == "/vmfs/volumes/datastore1/iso/debian.iso"
    assert settings["ethernet0.networkName"] == "VM Network"


def test_the_writers_refuse_what_their_drivers_do_not_know() -> None:
    (spice,) = rendered("esx", VMDK + "--import --graphics spice")
    ((made, error),) = written("vmx", [spice])
    assert made == "" and "spice" in error
    ((made, error),) = written("xl", ["<domain type='xen'><name>x</name></domain>"])
    assert made == "" and error
