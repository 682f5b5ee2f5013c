"""What pyproject.toml cannot say: data/ travels inside the package; `build_manpages` is a command here."""

from setuptools import find_packages, setup

try:
    from build_manpages.build_manpages import build_manpages
except ImportError:  # the pages are in the tree: building a wheel needs nothing but setuptools
    commands = {}
else:
    commands = {"build_manpages": build_manpages}

setup(
    packages=[*find_packages(include=["virtprov", "virtprov.*"]), "virtprov._data"],
    package_dir={"virtprov._data": "data"},
    cmdclass=commands,
)
