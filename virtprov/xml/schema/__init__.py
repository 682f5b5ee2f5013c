"""libvirt's RelaxNG schema: which names and values the XML of a guest can have, and what is wrong with a document."""
