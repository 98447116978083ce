"""A forecast rolled up a tree of people or territories, with what they put in the place of the sums."""
