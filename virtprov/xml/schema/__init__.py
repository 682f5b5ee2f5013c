"""libvirt's RelaxNG schema as a catalogue: what there may be in a guest's XML, and what is wrong with it."""
