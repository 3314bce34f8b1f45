"""What prints the figures: run one as ``python -m benchmarks.NAME`` from the checkout."""
