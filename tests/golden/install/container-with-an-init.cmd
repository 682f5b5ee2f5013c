virtprov-install --connect recorded://HOSTS/lxc --name box --memory 256 --boot init=/usr/sbin/httpd \
    --filesystem /srv/box,/ --print-xml
