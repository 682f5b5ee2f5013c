virtprov-install --connect test:///default --name new --osinfo generic --memory 64 --pxe --disk none \
    --graphics none --network none --print-xml 1 --output json
