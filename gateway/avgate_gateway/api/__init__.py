"""The HTTP API: one module per resource, all put together in `application`."""
