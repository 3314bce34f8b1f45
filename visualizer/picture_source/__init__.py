"""Pictures that are painted over: a camera's, a video's or a still one, in the show's size."""
