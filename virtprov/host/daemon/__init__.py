"""How libvirt is called: open a connection, make calls that Ctrl-C can end, receive events, explain a refusal."""
