from __future__ import annotations

from collections.abc import Callable, Iterator

import libvirt
import pytest

from virtprov.host import failures
from virtprov.host.connection import Host, connect
from virtprov.host.failures import asking
from virtprov.support.errors import HostError


@pytest.fixture
def host() -> Iterator[Host]:
    with connect("test:///default") as made:
        yield made


def test_a_thing_that_is_missing(host: Host) -> None:
    with pytest.raises(failures.NotThere) as caught, asking("find the pool 'x'"):
        host._link.conn.storagePoolLookupByName("x")
    assert str(caught.value) == "cannot find the pool 'x': no storage pool with matching name 'x'"
    assert caught.value.exit_code == 3


def lacking(host: Host) -> Callable[[], object]:
    """A call that this libvirt's test driver does not have: later ones have more of them."""
    conn = host._link.conn
    domain = conn.lookupByName("test")
    calls: tuple[Callable[[], object], ...] = (
        lambda: conn.getDomainCapabilities(None, None, None, None, 0),
        lambda: conn.getStoragePoolCapabilities(0),
        lambda: conn.listAllNWFilters(0),
        lambda: domain.blockResize("vda", 1, 0),
        lambda: domain.memoryPeek(0, 1, 1),
    )
    for call in calls:
        try:
            call()
        except libvirt.libvirtError as error:
            if error.get_error_code() == libvirt.VIR_ERR_NO_SUPPORT:
                return call
    raise AssertionError("the test driver has all of these calls by now: name some that it lacks")


def test_a_call_that_the_driver_does_not_have(host: Host) -> None:
    words = "^cannot ask: the host's driver does not support it$"
    call = lacking(host)
    with pytest.raises(failures.NotSupported, match=words) as caught, asking("ask"):
        call()
    assert caught.value.hint


def test_a_flag_that_the_driver_does_not_know(host: Host) -> None:
    words = "^cannot ask: the host's driver does not support it$"
    with pytest.raises(failures.NotSupported, match=words), asking("ask"):
        host._link.conn.lookupByName("test").undefineFlags(1 << 30)


@pytest.mark.parametrize("form", ["Operation not supported: %s", "Operation not supported: %1$s"])
def test_general_words_are_left_out_in_either_form_of_libvirts(form: str) -> None:
    error = libvirt.libvirtError("")
    detail = "no such thing"
    whole = "Operation not supported: no such thing"
    error.err = (libvirt.VIR_ERR_OPERATION_UNSUPPORTED, 0, whole, 2, form, detail, None, 0, 0)
    assert str(failures.in_our_words("do it", error)) == "cannot do it: no such thing"


@pytest.mark.parametrize(
    ("detail", "hint"),
    [
        ("hugetlbfs filesystem is not mounted or disabled by administrator config", "mount -t hugetlbfs"),
        ("qemu unexpectedly closed the monitor: qemu-system-x86_64: -x: invalid option", "what its message names"),
        ("process exited while connecting to monitor: -vnc 9.9.9.9:0: Failed to bind", "what its message names"),
        ("cannot set CPU affinity on process 7: Invalid argument", "that the host has"),
        ("something else", ""),
    ],
)
def test_failures_of_qemu_have_hints(detail: str, hint: str) -> None:
    error = libvirt.libvirtError("")
    error.err = (libvirt.VIR_ERR_INTERNAL_ERROR, 0, f"internal error: {detail}", 2, "%s", detail, None, 0, 0)
    problem = failures.in_our_words("start it", error)
    assert detail in problem.message and hint in problem.hint and bool(problem.hint) == bool(hint)


def test_what_exists_already_is_taken_whatever_code_libvirt_gives(host: Host) -> None:
    twin = "<domain type='test'><name>test</name><memory>1</memory><os><type>hvm</type></os></domain>"
    with pytest.raises(failures.Taken, match="already exists"), asking("define it"):
        host._link.conn.defineXML(twin)


def test_a_state_that_does_not_fit(host: Host) -> None:
    with pytest.raises(failures.NotNow), asking("start the pool"):
        host._link.conn.storagePoolLookupByName("default-pool").create(0)


def test_a_bad_document_hints_at_the_document(host: Host) -> None:
    with pytest.raises(HostError) as caught, asking("define a guest"):
        host._link.conn.defineXML("<domain type='test'><name>x</name></domain>")
    assert "remove that part of the XML" in caught.value.hint


def test_reasons_are_one_line(host: Host) -> None:
    with pytest.raises(HostError) as caught, asking("define a guest"):
        host._link.conn.defineXML("<domain>\n<name>\n</domain>")
    assert "\n" not in str(caught.value) and "---" not in str(caught.value) and "^" not in str(caught.value)


def test_the_original_error_stays_behind_ours(host: Host) -> None:
    with pytest.raises(HostError) as caught, asking("look"):
        host._link.conn.lookupByName("nobody")
    assert isinstance(caught.value.__cause__, libvirt.libvirtError)


def test_other_errors_pass_untouched() -> None:
    with pytest.raises(KeyError), asking("look"):
        raise KeyError("x")


def test_every_kind_of_failure_is_a_host_error() -> None:
    kinds = {kind for kind, _ in failures.BY_CODE.values()}
    assert kinds >= {failures.NotThere, failures.NotSupported, failures.Taken, failures.Refused, failures.AgentSilent}
    assert all(issubclass(kind, HostError) for kind in kinds)
    assert -1 not in failures.MISSING
