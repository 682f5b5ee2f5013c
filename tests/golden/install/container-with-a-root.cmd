virtprov-install --connect recorded://HOSTS/lxc --name box --memory 256 --filesystem /srv/box,/ \
    --init /lib/systemd/systemd --print-xml
