"""The stores that hold the network: one protocol, several backends."""
