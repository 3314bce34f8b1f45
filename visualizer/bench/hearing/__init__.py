"""``visualizer bench hearing``: how well the program hears, on music whose beats and onsets are known exactly.

``streams`` says what is heard, ``tracker`` what a hearing part must answer, ``score`` how answers become figures, and
``measure`` puts the three together. The streams of ``streams.FROZEN`` are for measuring only: who tunes or trains
takes another seed.
"""
