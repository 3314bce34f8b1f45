"""How the embedded model was made: text, autoencoder, cache, UNet, export. Run ``python -m engines.training``."""
