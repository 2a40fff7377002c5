"""`avgate request`: one request from submission to its end, over the gateway's HTTP API."""
