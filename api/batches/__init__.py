"""Batches over HTTP: the ledger, quarantine, loading and removing."""
