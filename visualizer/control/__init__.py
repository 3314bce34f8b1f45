"""From what is heard to the value of every parameter."""
