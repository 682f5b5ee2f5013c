"""Templates of the user, and the scripts of libosinfo's database."""

from __future__ import annotations

from pathlib import Path

import pytest

from virtprov.support.errors import InputError, UsageError, XmlError
from virtprov.unattended.dump import dump
from virtprov.unattended.render import own_template
from virtprov.unattended.unattended_request import from_options

from . import sample

PROFILE = """\
<libosinfo version="0.0.1">
  <os id="http://example.org/tested/1">
    <short-id>tested1</short-id><name>Tested 1</name><version>1</version><family>linux</family><distro>fedora</distro>
    <installer><script id="http://example.org/script/jeos"/></installer>
  </os>
</libosinfo>
"""
SCRIPT = """\
<libosinfo version="0.0.1">
  <install-script id="http://example.org/script/jeos">
    <profile>jeos</profile>
    <expected-filename>tested.ks</expected-filename>
    <config>
      <param name="l10n-keyboard" policy="optional" value-map="http://example.org/keys"/>
    </config>
    <template>
      <xsl:stylesheet xmlns:xsl="http://www.w3.org/1999/XSL/Transform" version="1.0">
        <xsl:output method="text"/>
        <xsl:template match="/install-script-config">OUTPUT</xsl:template>
      </xsl:stylesheet>
    </template>
  </install-script>
  <datamap id="http://example.org/keys"><entry inval="de" outval="german"/></datamap>
</libosinfo>
"""


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for layer in ("SYSTEM", "LOCAL", "USER"):
        monkeypatch.setenv(f"OSINFO_{layer}_DIR", str(tmp_path / f"osinfo-{layer.lower()}"))


def with_template(system: str, text: str, folder: Path) -> str:
    (folder / "mine").write_text(text)
    return sample.text(from_options({"template": [str(folder / "mine")], "hostname": ["web"]}), system, folder)


# -- templates of the user --------------------------------------------------------------------------


@pytest.mark.parametrize("system", sample.SYSTEMS)
def test_a_copy_of_our_own_template_is_a_good_one(system: str, tmp_path: Path) -> None:
    text = own_template(sample.installer_of(system).template).text
    (tmp_path / "mine").write_text(text)
    words = {"hostname": ["web"], "template": [str(tmp_path / "mine")]}
    if "ssh_key" in sample.installer_of(system).words:
        words["ssh-key"] = [sample.KEY]
    found = sample.rendered(from_options(words), system, tmp_path)
    assert "web" in found.files[sample.installer_of(system).file].decode()
    assert found.notes == (f"Only the syntax of the answers from '{tmp_path}/mine' is checked",)


@pytest.mark.parametrize(
    ("system", "text", "message"),
    [
        ("fedora43", "%packages\n@core\n", "section '%packages' does not end"),
        ("fedora43", "%packages\n%post\n%end\n", "'%post' in the section '%packages'"),
        ("fedora43", "text\n%end\n", "'%end' without a section"),
        ("debian13", "d-i netcfg/get_hostname\n", "line 1 without the type"),
        ("ubuntu24.04", "autoinstall: {{{hostname}}\n", "invalid YAML"),
        ("ubuntu24.04", "#cloud-config\nhostname: {{hostname}}\n", "no key 'autoinstall'"),
        ("opensuse15.6", "<profile>{{hostname}}\n", "not well-formed"),
        ("opensuse16.0", '{"a": {{hostname}}\n', "does not give JSON"),
        ("win11", "<a/><b/>", "not well-formed"),
        ("fedora43", "{{nosuch}}", "unknown variable 'nosuch'"),
        ("fedora43", " \n", "is empty"),
    ],
)
def test_a_template_with_a_slip(system: str, text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        with_template(system, text, tmp_path)
    assert message in caught.value.message and "mine" in caught.value.message


def test_a_missing_template_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nosuch"):
        sample.text(from_options({"template": [str(tmp_path / "nosuch")]}), "fedora43", tmp_path)


# -- libosinfo's scripts ----------------------------------------------------------------------------


def with_script(output: str, folder: Path, **words: str) -> str:
    layer = folder / "osinfo-local"
    (layer / "os").mkdir(parents=True)
    (layer / "os" / "tested.xml").write_text(PROFILE)
    (layer / "script.xml").write_text(SCRIPT.replace("OUTPUT", output))
    request = from_options({"script": ["osinfo"], "keyboard": ["de"]} | {name: [text] for name, text in words.items()})
    return sample.text(request, "tested1", folder)


def test_a_script_gets_what_it_asks_for(tmp_path: Path) -> None:
    output = (
        '<xsl:value-of select="concat(os/short-id, &quot; &quot;, config/hostname, &quot; &quot;, '
        'config/l10n-keyboard, &quot; &quot;, script/expected-filename)"/>'
    )
    assert with_script(output, tmp_path, hostname="web", profile="jeos").split() == [
        *("tested1", "web", "german", "tested.ks")
    ]


def test_a_script_reads_no_files(tmp_path: Path) -> None:
    (tmp_path / "secret.xml").write_text("<a>secret</a>")
    output = f"<xsl:value-of select=\"document('file://{tmp_path}/secret.xml')\"/>"
    with pytest.raises(XmlError, match="cannot be used"):
        with_script(output, tmp_path, profile="jeos")


def test_a_missing_script_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no 'desktop' script for Tested 1") as caught:
        with_script("x", tmp_path)
    assert "osinfo-db" in caught.value.hint


# -- the answers for people -------------------------------------------------------------------------


@pytest.mark.parametrize("hashed", [True, False])
@pytest.mark.parametrize("system", sample.SYSTEMS)
def test_secrets_are_hidden(system: str, hashed: bool, tmp_path: Path) -> None:
    request = sample.everything(system, tmp_path, hashed=hashed)
    found = sample.answers(request, system, tmp_path)
    secrets = [found.admin_password, found.admin_hash, found.user_password, found.user_hash, found.product_key]
    from virtprov.unattended.render import render

    files = render(request, sample.installer_of(system), found, sample.facts(system)).files
    shown = "".join(dump(files, secrets).values())
    assert ("********" in shown or system.startswith("alpine")) and "AAAAA-BBBBB" not in shown and "$6$" not in shown
    assert "se<cr" not in shown and "cr'et" not in shown and "mine" not in shown and "&quot;mine" not in shown
    assert "web" in shown
