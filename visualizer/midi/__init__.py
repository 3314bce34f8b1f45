"""The show played by MIDI: ports, controls bound to parameters and actions, and MIDI clock."""
