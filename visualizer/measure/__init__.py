"""``visualizer measure``: how tightly a video follows its sound. Any video, so that other programs can be measured too.

``soundtrack`` and ``film`` read the files, ``listening`` and ``watching`` turn them into curves, ``correlation``,
``alignment``, ``flicker`` and ``warping`` turn curves and pictures into figures, ``shuffling`` says what chance gives,
``figures`` puts them together, and ``report`` and ``plot`` show them. Memory grows with the curves alone, by
about 5 kB a second.
"""
