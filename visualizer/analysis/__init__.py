"""Hearing: log-mel, loudness, bands, onset strength, one snapshot a hop."""
