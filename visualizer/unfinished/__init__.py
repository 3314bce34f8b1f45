"""Renders that are not finished: what is painted is kept beside the output, so that the same command goes on with it."""
