"""Features, graph neural network, training, explanation and model registry. Only this package imports torch, lazily.

No module that other layers import at their top loads torch: `torch` and `torch_geometric` are imported inside
functions, by way of `gnn.runtime`.
"""
