"""A labelled set of free sounds for the audio–text encoder: from packages of recordings, soundfonts, synthesis."""
