virtprov-xml --all --cloud-init hostname=there --print-diff --connect test://HOSTS/../seeded.xml
