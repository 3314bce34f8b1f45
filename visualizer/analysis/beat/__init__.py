"""The beat in the sound: a network that reads attacks, and a forward filter over tempo and beat position."""
