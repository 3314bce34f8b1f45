"""TPoS Live: a live audio-reactive visualizer painted by a diffusion model."""

__version__ = "0.1.0"
