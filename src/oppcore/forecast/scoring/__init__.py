"""How likely each open deal is to be won and why, and whether such probabilities hold."""
