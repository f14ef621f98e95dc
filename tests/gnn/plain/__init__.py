"""Tests of the networks over a plain graph."""
