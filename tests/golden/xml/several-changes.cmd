virtprov-xml --connect test:///default test --edit --memory 2048 --add-device --rng /dev/random --edit --vcpus 3 --print-diff
