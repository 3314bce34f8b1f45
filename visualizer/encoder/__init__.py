"""What a sound means: ResNet, LSTM and causal attention over the mel, and a prompt bank that says it in texts.

Only ``bank`` and ``config`` may be imported where torch must not be.
"""
