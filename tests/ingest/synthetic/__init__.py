"""Tests of the synthetic trade world."""
