virtprov-clone -o web --auto-clone --uuid 9f3b1f0a-6a58-4b1c-8e0a-2f1c5b7d9e02 --connect recorded://HOSTS/kvm
