"""A labelled set of free sounds for the audio–text encoder: from Debian packages, soundfonts, synthesis."""
