"""The formats in which a part of the network is handed over, each in a module of its own."""
