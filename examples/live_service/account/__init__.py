"""The account service: players, their tokens and their currency."""
