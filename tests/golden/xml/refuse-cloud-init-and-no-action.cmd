virtprov-xml app --cloud-init hostname=there --memory 4096 --connect test://HOSTS/../seeded.xml
