"""``visualizer bench``: what this machine and this program can do, one measurement a file."""
