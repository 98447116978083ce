"""What people said a period would bring, kept as it was said and held against what came."""
