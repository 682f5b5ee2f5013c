virtprov-install --connect recorded://HOSTS/far --doctor --quiet
