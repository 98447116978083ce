"""oppcore: opportunity management as a library."""
