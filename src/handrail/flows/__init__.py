"""How work is composed: nodes, `|`, and the protocol by which a node asks."""
