"""A process that holds a solution: nursery, worker, channel, limits and isolation."""
