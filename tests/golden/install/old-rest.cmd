virtprov-install --connect recorded://HOSTS/desk \
    --os-variant debian12 -n old -u 6d1f6a1e-8a4b-4f1c-9d0e-0c5f3c8f9a10 --description 'An old one' --noacpi \
    --noapic --cpuset 0-3 --soundhw ac97 --security type=dynamic --host-device 0x0781:0x5567 --nonetworks \
    --nodisks --import --print-step 1
