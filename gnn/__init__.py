"""The graph neural network: features, training, explanation and the model registry."""
