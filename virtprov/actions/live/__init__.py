"""The effect of a change on a running guest: compares XML and makes libvirt calls."""
