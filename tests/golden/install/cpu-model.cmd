virtprov-install --connect recorded://HOSTS/desk --osinfo debian12 --import --disk none \
    --cpu Penryn,+x2apic,-vmx --print-xml
