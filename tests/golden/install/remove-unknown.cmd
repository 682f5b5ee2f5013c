virtprov-install --connect test:///default --remove test tets --yes
