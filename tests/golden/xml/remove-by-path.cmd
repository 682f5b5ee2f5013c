virtprov-xml --remove-device --disk /srv/images/base.qcow2 --print-diff < plain.xml
