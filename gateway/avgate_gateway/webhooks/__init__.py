"""Tells others what became of a request, by Standard Webhooks 1.0: `store.outbox` says how it is begun."""
