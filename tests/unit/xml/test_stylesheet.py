"""Stylesheets: what they make of a description, and what they may not do."""

from __future__ import annotations

from pathlib import Path

import pytest

from virtprov.support.errors import XmlError
from virtprov.xml.stylesheet import apply

SHEET = """<xsl:stylesheet xmlns:xsl="http://www.w3.org/1999/XSL/Transform" version="1.0">
<xsl:output method="text"/>{top}<xsl:template match="/install-script-config">{body}</xsl:template></xsl:stylesheet>"""


def made(body: str, top: str = "") -> str:
    return apply(SHEET.format(body=body, top=top), {"os": {"name": "a<b"}, "config": {}}, "the script")


def test_a_stylesheet_reads_the_description() -> None:
    assert made('<xsl:value-of select="os/name"/>|<xsl:value-of select="config/none"/>') == "a<b|"


def test_a_stylesheet_may_not_read_or_write_files(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text("<a>secret</a>")
    with pytest.raises(XmlError, match="the script cannot be used"):
        made(f"<xsl:value-of select=\"document('{tmp_path}/a.xml')\"/>")
    with pytest.raises(XmlError, match="the script cannot be used"):
        made("", f'<xsl:include href="{tmp_path}/a.xml"/>')


@pytest.mark.parametrize("sheet", ["<a/>", "<a", ""])
def test_what_is_no_stylesheet(sheet: str) -> None:
    with pytest.raises(XmlError):
        apply(sheet, {}, "the script")
