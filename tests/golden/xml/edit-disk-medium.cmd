virtprov-xml --edit target.dev=hdb --disk path=/srv/images/base.qcow2 --print-diff --connect recorded://HOSTS/kvm < rich.xml
