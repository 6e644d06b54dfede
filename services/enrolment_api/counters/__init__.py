"""Who sits at which counter, as queue_api's events tell."""
