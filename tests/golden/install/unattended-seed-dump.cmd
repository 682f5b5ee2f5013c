virtprov-install --connect recorded://HOSTS/kvm --memory 4096 --disk none --network none --graphics none --osinfo fedora40 \
  --name web --location DATA/tree --hostname web --user ana --timezone UTC --package vim \
  --unattended locale=de_DE,keyboard=de --seed-dump
