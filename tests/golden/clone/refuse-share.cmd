virtprov-clone web --name two --copy vda,share=yes --connect recorded://HOSTS/kvm
