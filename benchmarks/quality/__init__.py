"""How good the three signals are: communities, linked risk and the score with its networks."""
