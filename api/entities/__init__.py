"""Entities over HTTP: one of them in full."""
