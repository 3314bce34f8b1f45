"""Hearing: log-mel, loudness, bands, onsets, chroma and the beat, one snapshot a hop."""
