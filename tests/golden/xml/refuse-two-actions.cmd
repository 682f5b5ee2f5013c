virtprov-xml web --edit --add-device --disk none
