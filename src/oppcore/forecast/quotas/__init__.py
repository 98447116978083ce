"""What is to be won in a period, what has been won of it, and whether that is on pace."""
