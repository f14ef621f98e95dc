"""Paths over HTTP: how things are connected."""
