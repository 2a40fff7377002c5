"""Four small servers that stand in for the upstreams."""
