"""Which files of live tests boot no guest."""

from __future__ import annotations

# These boot nothing, so they may run beside those that do: then no more than two guests ever boot at once.
WITHOUT_BOOT = (
    "test_fleet.py",
    "test_second_editor.py",
    "test_remove.py",
    "test_says_what_it_does.py",
    "test_pools.py",
    "test_lxc.py",
    "test_doctor.py",
    "test_images.py",
    "test_faults.py",
    "test_stopped.py",
    "test_many.py",
    "test_writers.py",
    "test_debian_packages.py",
)
