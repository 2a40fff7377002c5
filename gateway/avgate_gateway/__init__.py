"""The gateway: records a request, carries it out in every upstream, and says what became of it."""
