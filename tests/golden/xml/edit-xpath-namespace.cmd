virtprov-xml --edit --xml './qemu:commandline/qemu:arg/@value=-no-reboot' --print-diff < rich.xml
