virtprov-xml app --cloud-init eject --print-diff --connect test://HOSTS/../seeded.xml
