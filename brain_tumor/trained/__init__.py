"""A trained network with its operating point, abstention and out-of-distribution detector."""
