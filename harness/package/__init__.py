"""A function folder becomes a reproducible package, which is probed before it is deployed."""
