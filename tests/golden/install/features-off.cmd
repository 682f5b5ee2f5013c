virtprov-install --connect recorded://HOSTS/desk --osinfo debian12 --import --disk none \
    --features acpi=off,apic=off,kvm.hidden.state=on --print-xml
