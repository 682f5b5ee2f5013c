virtprov-install --connect test:///default --name new --osinfo generic --memory 64 --disk none --import \
    --transient --autostart
