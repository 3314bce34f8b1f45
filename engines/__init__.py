"""Pictures from few-step diffusion models: load a model folder, run a stream. Usable without the program."""
