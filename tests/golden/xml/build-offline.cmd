virtprov-xml --build-xml --channel unix,target.type=virtio,target.name=org.qemu.guest_agent.0
