"""What libvirt's ESX and Xen drivers make of a guest: their own writers, called without a hypervisor.

    writers.py vmx|xl < GUESTS

GUESTS is a JSON list of domain documents; the answer is a list of [configuration, error], one of them empty. This runs
as a program of its own, because the functions are not part of libvirt's interface: a wrong call ends the process.
libvirt 9.0 and 11.3 export them with the same names and arguments (src/vmx/vmx.h, src/libxl/xen_xl.h,
src/libxl/libxl_conf.h, src/conf/capabilities.h, src/conf/domain_conf.h).
"""

from __future__ import annotations

import ctypes
import glob
import json
import re
import sys
from collections.abc import Callable
from ctypes import CFUNCTYPE, POINTER, Structure, c_bool, c_char_p, c_int, c_uint, c_void_p
from typing import Any

LIBXL = "/usr/lib/*/libvirt/connection-driver/libvirt_driver_libxl.so"
INACTIVE, ABI_UPDATE = 1 << 1, 1 << 8
"""virDomainDefParseFlags: a stored definition; as for a new guest, so that the driver may complete it."""
HARDWARE = 8
"""The version of the virtual hardware of ESX 5 (src/esx/esx_driver.c)."""
SIZE = 200_000

Text = CFUNCTYPE(c_void_p, c_char_p, c_void_p)
Model = CFUNCTYPE(c_int, c_void_p, POINTER(c_int), c_void_p)


class Context(Structure):
    """libvirt's virVMXContext: the callbacks with which a writer asks its driver for names."""

    _fields_ = [  # noqa: RUF012
        ("opaque", c_void_p),
        ("parse_name", c_void_p),
        ("format_name", Text),
        ("scsi_model", Model),
        ("datacenter", c_char_p),
        ("reference", c_char_p),
    ]


class Libvirt:
    """libvirt's library, with private functions by name."""

    def __init__(self) -> None:
        self.library = ctypes.CDLL("libvirt.so.0", mode=ctypes.RTLD_GLOBAL)
        self.call("virInitialize", c_int)
        self._handler = CFUNCTYPE(None, c_void_p, c_void_p)(lambda data, error: None)  # else it prints each error
        self.call("virSetErrorFunc", None, c_void_p(None), self._handler)

    def call(self, name: str, result: Any, *arguments: Any) -> Any:
        """Call a function; `result` is the ctypes type of what it returns."""
        function = getattr(self.library, name)
        function.restype = result
        return function(*arguments)

    def number(self, name: str, word: str) -> int:
        """Return libvirt's number for an architecture or a type."""
        return int(self.call(name, c_int, word.encode()))

    def error(self) -> str:
        """Return the message of the last failure."""
        return str((self.call("virGetLastErrorMessage", c_char_p) or b"").decode())

    def capabilities(self, kind: str, systems: tuple[str, ...]) -> c_void_p:
        """Return the capabilities of a host with 64 and 32 bit guests of one hypervisor."""
        arches = [self.number("virArchFromString", word) for word in ("x86_64", "i686")]
        found = c_void_p(self.call("virCapabilitiesNew", c_void_p, arches[0], c_bool(True), c_bool(True)))
        virt = self.number("virDomainVirtTypeFromString", kind)
        nothing = c_void_p(None)
        for system in systems:
            os_type = self.number("virDomainOSTypeFromString", system)
            for arch in arches:
                offer = ("virCapabilitiesAddGuest", c_void_p, found, os_type, arch, nothing, nothing, nothing, nothing)
                guest = c_void_p(self.call(*offer))
                self.call("virCapabilitiesAddGuestDomain", c_void_p, guest, virt, nothing, nothing, nothing, nothing)
        return found

    def parse(self, text: str, options: c_void_p, flags: int) -> c_void_p:
        """Parse a guest; the pointer is NULL after a failure."""
        none = c_void_p(None)
        return c_void_p(self.call("virDomainDefParseString", c_void_p, text.encode(), options, none, c_uint(flags)))


def vmx(libvirt: Libvirt) -> Callable[[str], str]:
    """Return the writer of the ESX driver."""
    duplicate = libvirt.library.strdup
    duplicate.restype = c_void_p
    duplicate.argtypes = [c_char_p]

    def name(source: bytes, data: object) -> int | None:
        found = re.fullmatch(rb"\[([^]]+)\] (.+)", source)
        if not (found or source.startswith(b"/vmfs/")):
            return None  # the driver knows paths of its datastores only
        return int(duplicate(b"/vmfs/volumes/%s/%s" % found.groups() if found else source))

    def model(disk: object, chosen: Any, data: object) -> int:
        chosen[0] = 2  # lsilogic
        return 0

    options = c_void_p(libvirt.call("virVMXDomainXMLConfInit", c_void_p, libvirt.capabilities("vmware", ("hvm",))))
    context = Context(format_name=Text(name), scsi_model=Model(model))

    def write(text: str) -> str:
        domain = libvirt.parse(text, options, INACTIVE)
        if not domain:
            return ""
        made = libvirt.call("virVMXFormatConfig", c_char_p, ctypes.byref(context), options, domain, c_int(HARDWARE))
        return (made or b"").decode()

    return write


def xl(libvirt: Libvirt) -> Callable[[str], str]:
    """Return the writer of the Xen driver."""
    driver = ctypes.CDLL(glob.glob(LIBXL)[0], mode=ctypes.RTLD_GLOBAL)
    driver.libxlCreateXMLConf.restype = c_void_p
    driver.xenFormatXL.restype = c_void_p
    private = ctypes.create_string_buffer(8192)  # the driver's own state, of which nothing is read here
    options = c_void_p(driver.libxlCreateXMLConf(private))

    def write(text: str) -> str:
        domain = libvirt.parse(text, options, INACTIVE | ABI_UPDATE)
        made = c_void_p(driver.xenFormatXL(domain, c_void_p(None))) if domain else None
        if not made:
            return ""
        length, buffer = c_int(SIZE), ctypes.create_string_buffer(SIZE)
        libvirt.call("virConfWriteMem", c_int, buffer, ctypes.byref(length), made)
        return buffer.value.decode()

    return write


def main(kind: str) -> None:
    """Read the guests on standard input and print what their driver says of each."""
    libvirt = Libvirt()
    write = {"vmx": vmx, "xl": xl}[kind](libvirt)
    answers = []
    for text in json.load(sys.stdin):
        made = write(text)
        answers.append([made, "" if made else libvirt.error() or "refused without a reason"])
    print(json.dumps(answers))


if __name__ == "__main__":
    main(sys.argv[1])
