virtprov-install --connect recorded://HOSTS/kvm --name quay --osinfo debian12 --memory 1024 --import --disk none \
  --network default,mac=52:54:00:12:34:56,static=192.0.2.5/24,2001:db8::5/64,gateway=192.0.2.1,dns=192.0.2.53 \
  --network default,mac=52:54:00:12:34:57 --cloud-init hostname=quay,disable=on \
  --timezone Europe/Berlin --package nginx --package curl --run 'echo a, b' --seed-dump
