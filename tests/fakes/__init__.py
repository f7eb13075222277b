"""Stand-ins for the world, one per protocol: time, name lookup, the network, and an issuer that lies."""
