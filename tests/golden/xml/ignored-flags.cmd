virtprov-xml web --edit --memory 2048 --cpuset 0-1 --check-cpu --print-diff --connect recorded://HOSTS/kvm
