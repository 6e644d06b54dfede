"""The centre itself: it takes records, checks uniqueness and knows the residents."""
