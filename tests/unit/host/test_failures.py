from __future__ import annotations

import libvirt
import pytest

from virtprov.host import failures
from virtprov.host.connection import Host, connect
from virtprov.host.failures import asking
from virtprov.support.errors import HostError


@pytest.fixture
def host() -> Host:
    return connect("test:///default")


def test_a_thing_that_is_missing(host: Host) -> None:
    with pytest.raises(failures.NotThere) as caught, asking("find the pool 'x'"):
        host._conn.storagePoolLookupByName("x")
    assert str(caught.value) == "cannot find the pool 'x': no storage pool with matching name 'x'"
    assert caught.value.exit_code == 3


def test_a_call_that_the_driver_does_not_have(host: Host) -> None:
    words = "^cannot ask: the host's driver does not offer that$"
    with pytest.raises(failures.NotSupported, match=words) as caught, asking("ask"):
        host._conn.getDomainCapabilities(None, None, None, None, 0)
    assert caught.value.hint


def test_what_exists_already_is_taken_whatever_code_libvirt_gives(host: Host) -> None:
    twin = "<domain type='test'><name>test</name><memory>1</memory><os><type>hvm</type></os></domain>"
    with pytest.raises(failures.Taken, match="already exists"), asking("define it"):
        host._conn.defineXML(twin)


def test_a_state_that_does_not_fit(host: Host) -> None:
    with pytest.raises(failures.NotNow), asking("start the pool"):
        host._conn.storagePoolLookupByName("default-pool").create(0)


def test_a_bad_document_hints_at_the_document(host: Host) -> None:
    with pytest.raises(HostError) as caught, asking("define a guest"):
        host._conn.defineXML("<domain type='test'><name>x</name></domain>")
    assert "document" in caught.value.hint


def test_reasons_are_one_line(host: Host) -> None:
    with pytest.raises(HostError) as caught, asking("define a guest"):
        host._conn.defineXML("<domain>\n<name>\n</domain>")
    assert "\n" not in str(caught.value) and "---" not in str(caught.value) and "^" not in str(caught.value)


def test_the_original_error_stays_behind_ours(host: Host) -> None:
    with pytest.raises(HostError) as caught, asking("look"):
        host._conn.lookupByName("nobody")
    assert isinstance(caught.value.__cause__, libvirt.libvirtError)


def test_other_errors_pass_untouched() -> None:
    with pytest.raises(KeyError), asking("look"):
        raise KeyError("x")


def test_every_kind_of_failure_is_a_host_error() -> None:
    kinds = {kind for kind, _ in failures.BY_CODE.values()}
    assert kinds >= {failures.NotThere, failures.NotSupported, failures.Taken, failures.Refused, failures.AgentSilent}
    assert all(issubclass(kind, HostError) for kind in kinds)
    assert -1 not in failures.MISSING
