virtprov-install --connect test:///default --osinfo generic --name new
