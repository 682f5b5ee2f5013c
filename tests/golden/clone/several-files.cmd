# As virt-clone has it: the files are for the disks that are copied, in the order of the document.
virtprov-clone --connect recorded://HOSTS/kvm --original-xml several-disks.xml --name copy --print-xml \
    --skip-copy vda --force-copy vdc --force-copy vdb --file /srv/copy-2.img --file /srv/copy-3.img --file /srv/copy-4.img \
    --preserve-data --check path_exists=off
