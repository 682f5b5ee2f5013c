virtprov-xml --edit --convert-to-q35 num_pcie_root_ports=2 --print-diff < rich.xml
