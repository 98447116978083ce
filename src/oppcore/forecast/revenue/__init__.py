"""How much open deals may bring: the distribution of a sum, directly or from simulated worlds."""
