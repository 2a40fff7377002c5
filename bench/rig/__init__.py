"""What the benchmarks share: programs to start, load to send, and figures to print."""
