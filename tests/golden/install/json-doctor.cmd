virtprov-install --connect recorded://HOSTS/desk --doctor --output json
