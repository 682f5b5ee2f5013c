virtprov-xml app --cloud-init hostname=there,keep=first-boot --connect test://HOSTS/../seeded.xml
