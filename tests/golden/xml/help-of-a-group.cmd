virtprov-xml --watchdog help
