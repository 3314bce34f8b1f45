"""Pictures from few-step diffusion models: load a model folder, run a stream. Usable without the program."""

BACKENDS = ("compiled", "openvino", "tensorrt", "torch")
"""What can run a model's networks, by name."""
