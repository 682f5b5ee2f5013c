virtprov-install --connect recorded://HOSTS/lxc --name box --print-xml
