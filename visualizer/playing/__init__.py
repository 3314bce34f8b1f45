"""What plays a show from outside, whatever it came by: what can be asked for, what waits, and who hands it over."""
