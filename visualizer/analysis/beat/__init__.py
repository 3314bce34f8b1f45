"""The beat in the sound: a forward filter over tempo and beat position, fed with attacks in five bands."""
