cp -r "$HOSTS"/* .  # recordings of hosts
