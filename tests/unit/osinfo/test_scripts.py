"""Install scripts, datamaps, devices, platforms."""

from __future__ import annotations

from virtprov.osinfo.scripts import Device, Param, find_datamap, find_device, find_platform, find_script, template

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tests.unit.osinfo.conftest import Folders


def test_an_install_script(samples: Folders) -> None:
    script = find_script("http://example.org/script/jeos")
    assert script is not None
    assert (script.profile, script.path_format, script.expected_filename) == ("jeos", "unix", "tonic.answers")
    assert script.needs_internet
    assert not script.can_pre_install_drivers
    assert script.injection_methods == ("cdrom", "initrd")
    assert script.params == (
        Param("admin-password", True, ""),
        Param("l10n-language", False, "http://example.org/languages"),
    )
    sheet = template(script)
    assert sheet.startswith("<xsl:stylesheet")
    assert "answers" in sheet


def test_a_template_elsewhere(folders: Folders) -> None:
    folders.write(
        folders.system,
        "script.xml",
        "<install-script id='http://e.org/s'><profile>desktop</profile><template uri='file:///x.xsl'/></install-script>",
    )
    script = find_script("http://e.org/s")
    assert script is not None
    assert script.template_uri == "file:///x.xsl"
    assert template(script) == ""


def test_the_other_tables(samples: Folders) -> None:
    assert find_datamap("http://example.org/languages") == {"EN": "en_GB", "DE": "de_DE"}
    assert find_device("http://pcisig.com/pci/1af4/1041") == Device(
        "http://pcisig.com/pci/1af4/1041", "virtio1.0-net", "net", "pci", "Example Devices", "Network card"
    )
    platform = find_platform("http://example.org/hypervisor/2")
    assert platform is not None
    assert platform.name == "Hypervisor 2"
    assert platform.network_models == ("virtio",)
    assert platform.virtio_disk


def test_what_is_not_there(samples: Folders) -> None:
    assert find_script("http://example.org/none") is None
    assert find_datamap("http://example.org/none") == {}
    assert find_device("http://example.org/none") is None
    assert find_platform("http://example.org/none") is None


def test_an_edited_table_shows(samples: Folders) -> None:
    find_datamap("http://example.org/languages")
    path = samples.system / "install-script" / "rest.xml"
    path.write_text(path.read_text().replace("en_GB", "en_ZA"))
    assert find_datamap("http://example.org/languages")["EN"] == "en_ZA"
