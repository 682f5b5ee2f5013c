virtprov-xml app --cloud-init eject --connect test://HOSTS/../seeded.xml
