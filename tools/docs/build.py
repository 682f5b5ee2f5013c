"""Build the documents as a site: `tools/docs/build.py [FOLDER]`, by default into .cache/docs/site.

docs/ is copied, the pages that the code writes are added, and Sphinx reads the copy. Each warning is an error, so a
link that leads nowhere fails the build; no network is used.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP))


def copy_sources(source: Path) -> None:
    """Put docs/, the changelog and the rules for contributors into `source`, and generate the rest of the reference."""
    from tools.docs import generated

    shutil.rmtree(source, ignore_errors=True)
    shutil.copytree(TOP / "docs", source)
    for name in ("CHANGELOG.md", "CONTRIBUTING.md"):
        text = (TOP / name).read_text(encoding="utf-8")
        (source / name).write_text(re.sub(r"\]\(docs/", "](", text), encoding="utf-8")
    for page in source.rglob("*.md"):
        page.write_text(link_inside(page.read_text(encoding="utf-8")), encoding="utf-8")
    generated.write(source / "reference")


def link_inside(text: str) -> str:
    """Return a page whose links to files beside docs/ lead to their copies; the README's place is the first page."""
    text = re.sub(r"\]\(((?:\.\./)*)\.\./(CHANGELOG|CONTRIBUTING)\.md", r"](\1\2.md", text)
    text = re.sub(r"\]\(((?:\.\./)*)\.\./README\.md(#[\w-]*)?\)", r"](\1index.md)", text)
    return re.sub(r"\]\(README\.md(#[\w-]*)?\)", "](index.md)", text)


def build(target: Path) -> int:
    """Build the site in `target`; return the exit code of Sphinx."""
    source = target.with_name(f"{target.name}-source")
    copy_sources(source)
    shutil.rmtree(target, ignore_errors=True)
    argv = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-n", "-E", "-b", "html"]
    done = subprocess.run([*argv, "-d", str(source / ".doctrees"), str(source), str(target)], check=False)
    return done.returncode


if __name__ == "__main__":
    place = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else TOP / ".cache" / "docs" / "site"
    place.parent.mkdir(parents=True, exist_ok=True)
    status = build(place)
    if status == 0:
        print(f"the site is in {place}: open {place / 'index.html'}")
    sys.exit(status)
