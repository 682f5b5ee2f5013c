# standard input is no terminal
virtprov-install --connect test:///default --remove test
