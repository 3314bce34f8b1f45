"""What plays a show from outside, by OSC or MIDI: what can be asked for, what waits, and who hands it over."""
