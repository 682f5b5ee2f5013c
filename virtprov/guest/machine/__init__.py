"""The machine of a new guest, chosen before the rules for defaults: platform, memory, processors."""
