"""The network: its schema, records and fold, the stores that hold it, the snapshot and the network signals."""
