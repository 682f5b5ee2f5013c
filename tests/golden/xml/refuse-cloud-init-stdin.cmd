virtprov-xml --cloud-init hostname=there < bad.xml
