"""What history says of open deals: probabilities, chains, times, and where a period will end."""
