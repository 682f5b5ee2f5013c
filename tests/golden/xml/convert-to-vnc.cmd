virtprov-xml --edit --convert-to-vnc qemu-vdagent=on --print-diff < rich.xml
