virtprov-xml app --cloud-init hostname=there --update --connect test://HOSTS/../seeded.xml
