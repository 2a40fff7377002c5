"""Where requests, items and evidence are kept."""
