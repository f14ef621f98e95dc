"""Handing over: a part of the network in the formats that other agencies read, with what is needed to trust it."""
