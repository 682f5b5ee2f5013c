virtprov-xml --build-xml --cpu Haswell,+x2apic --output json
