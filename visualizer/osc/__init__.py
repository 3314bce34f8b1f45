"""The show played over OSC: what comes in, what goes out, and OSCQuery."""
