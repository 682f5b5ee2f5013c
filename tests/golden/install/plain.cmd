virtprov-install --connect test:///default --name plain --memory 512 --disk none --osinfo generic --import \
    --print-xml
