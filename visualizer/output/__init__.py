"""What leaves the program: the flash limiter every frame passes last, and the recorder."""
