"""The link to the centre: its state, which hop failed, and the outages that open and close by themselves."""
