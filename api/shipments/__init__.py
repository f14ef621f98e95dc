"""Shipments over HTTP: the inspection queue, and one of them in full."""
