"""A synthetic trade world: the native format with hidden schemes, innocent look-alikes, and the truth about both."""

from ingest.synthetic.simulation import FEWEST, MOST, SimulationSummary, simulate

__all__ = ["FEWEST", "MOST", "SimulationSummary", "simulate"]
