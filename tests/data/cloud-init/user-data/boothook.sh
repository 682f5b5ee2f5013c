#cloud-boothook
#!/bin/sh
echo 192.0.2.1 web >> /etc/hosts
