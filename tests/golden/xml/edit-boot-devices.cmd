# one order for the whole guest ends those of its devices, which libvirt would refuse beside it
virtprov-xml --edit --boot hd,network --print-diff < plain.xml
