virtprov-clone --original-xml identity.xml --name copy --mac RANDOM --mac 52:54:00:99:99:99 --uuid 2f5e2c1a-9b7d-4c3e-8a6f-1d2b3c4d5e6f \
    --print-xml --connect recorded://HOSTS/kvm
