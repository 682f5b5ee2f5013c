virtprov-xml old --cloud-init eject --connect test://HOSTS/../seeded.xml
