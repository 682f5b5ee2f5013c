virtprov-install --connect test:///default -n old -r 64 --nodisks --import --os-variant generic \
    --os-type linux --accelerate --check-cpu --prompt --force --noautoconsole
