"""The study of how pictures follow sound: ``python -m benchmarks.reactivity``."""
