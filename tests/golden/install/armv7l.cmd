virtprov-install --connect recorded://HOSTS/arm --osinfo debian12 --disk size=5 --arch armv7l \
    --machine vexpress-a9 --boot kernel=/zImage,dtb=/a9.dtb --print-xml
