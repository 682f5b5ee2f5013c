"""Draw the pictures of the architecture: the path of a request, and the rooms of the code."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

STYLE = """\
text{font:14px 'DejaVu Sans',Helvetica,Arial,sans-serif;fill:#1d2129;text-anchor:middle}
.small{font-size:11.5px;fill:#555}.name{font-weight:bold}
rect{fill:#eef3fb;stroke:#4a72b0}line,path{stroke:#4a72b0;fill:none}.back{stroke-dasharray:5 4}"""
ARROW = """\
<marker id="a" markerWidth="9" markerHeight="8" refX="8" refY="4" orient="auto">\
<path d="M0,0 L9,4 L0,8 z" style="fill:#4a72b0"/></marker>"""

ROOMS = (
    (("cli/", "arguments, exit codes, output"),),
    (("library/", "what programs call"),),
    (("actions/", "plans, steps, undo, waiting"),),
    (("guest/", "the guest's XML, defaults, disks"), ("unattended/", "answers for installers")),
    (
        ("places/", "trees and ISOs"),
        ("images/", "cloud images"),
        ("cloudinit/", "seeds"),
        ("options/", "option tables"),
    ),
    (("osinfo/", "profiles, media"), ("host/", "libvirt")),
    (("xml/", "trees, paths, diffs, schema"),),
    (("support/", "errors, files, http, ISO, units"),),
)
PATH = (
    ("command line", "argv"),
    ("request", "frozen"),
    ("document", "--print-xml stops here"),
    ("plan", "--dry-run stops here"),
    ("libvirt", "the host"),
)
STAGES = ("cli: parse", "guest: render", "actions: plan", "actions/run: apply")


def picture(width: int, height: int, parts: Sequence[str], title: str) -> str:
    """Return an SVG with these parts on a white page."""
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">'
    page = f'<rect class="page" width="{width}" height="{height}" style="fill:#fff;stroke:none"/>'
    return "\n".join(
        [head, f"<title>{title}</title>", f"<style>{STYLE}</style><defs>{ARROW}</defs>", page, *parts, "</svg>", ""]
    )


def box(x: float, y: float, width: float, name: str, words: str) -> str:
    """Return a box with a name and a few words, whose upper left corner is at x, y."""
    middle = x + width / 2
    return (
        f'<rect x="{x}" y="{y}" width="{width}" height="48" rx="6"/>'
        f'<text class="name" x="{middle}" y="{y + 20}">{escape(name)}</text>'
        f'<text class="small" x="{middle}" y="{y + 38}">{escape(words)}</text>'
    )


def rooms() -> str:
    """Return the picture of the rooms; each row imports only from rows below it."""
    parts, width = [], 780
    for number, row in enumerate(ROOMS):
        each = min(300, (width - 40 - 20 * (len(row) - 1)) / len(row))
        left = (width - each * len(row) - 20 * (len(row) - 1)) / 2
        y = 16 + 74 * number
        parts += [box(left + (each + 20) * place, y, each, name, words) for place, (name, words) in enumerate(row)]
        if number:
            parts.append(f'<line x1="{width / 2}" y1="{y - 24}" x2="{width / 2}" y2="{y - 3}" marker-end="url(#a)"/>')
    return picture(width, 16 + 74 * len(ROOMS), parts, "The rooms: each imports only from rooms below it")


def request() -> str:
    """Return the picture of the path of a request."""
    parts, each, gap = [], 150, 100
    for number, (name, words) in enumerate(PATH):
        x = 16 + (each + gap) * number
        parts.append(box(x, 40, each, name, words))
        if number:
            parts.append(f'<line x1="{x - gap}" y1="64" x2="{x - 3}" y2="64" marker-end="url(#a)"/>')
            stage, _, what = STAGES[number - 1].partition(": ")
            parts.append(f'<text class="small" x="{x - gap / 2}" y="56">{stage}</text>')
            parts.append(f'<text class="small" x="{x - gap / 2}" y="80">{what}</text>')
    right, plan = 16 + (each + gap) * 4 + each / 2, 16 + (each + gap) * 3 + each / 2
    parts.append(f'<path class="back" d="M{right},88 V116 H{plan} V91" marker-end="url(#a)"/>')
    parts.append(f'<text class="small" x="{(right + plan) / 2}" y="132">undo, trail, --clean-up</text>')
    return picture(round(right + each / 2 + 16), 146, parts, "The path of a request")
