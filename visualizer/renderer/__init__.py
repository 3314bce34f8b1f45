"""The process that paints, and the app's side of it."""
