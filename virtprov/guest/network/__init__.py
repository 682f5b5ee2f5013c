"""What a guest needs of the networks around it: forwarded ports, subnets."""
