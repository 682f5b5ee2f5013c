# No libvirt's test driver detaches; that of 11.3 attaches.
virtprov-xml db --remove-device --disk 1 --update --connect recorded://HOSTS/kvm
