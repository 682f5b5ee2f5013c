"""cloud-init seeds of guests: attached to a new guest, replaced in an existing one."""
