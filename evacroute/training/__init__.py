"""Training of the scorer: worlds, drawn scenarios, trips that are played, and what is learned."""
