virtprov-xml old --cloud-init eject --verify --connect test://HOSTS/../seeded.xml
