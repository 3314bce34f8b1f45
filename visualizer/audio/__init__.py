"""Sound in: capture process, devices, files, the lossless ring, resampling."""
