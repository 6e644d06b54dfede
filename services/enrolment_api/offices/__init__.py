"""This service's own copy of the offices and their policies, so that it works while queue_api is away."""
