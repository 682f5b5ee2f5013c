virtprov-xml app --add-device --rng default --cloud-init hostname=there --edit --metadata title=App \
  --print-diff --output json --connect test://HOSTS/../seeded.xml
