"""Words for pictures: synonyms of families and palettes, adjectives by the sound, in varied order."""

from __future__ import annotations

import random
import re

import torch

from .palettes import TABLE

LONGEST = 14  # words of a caption


def _listed(text: str) -> tuple[str, ...]:
    return tuple(text.split(", "))


# An article marks a thing one can count; the others are plurals or stuff.
_PHRASES: dict[str, str] = {
    "nebula": (
        "a nebula, a cosmic nebula, space nebula clouds, interstellar gas, a deep space cloud, a stellar nursery, "
        "cosmic dust, a star forming region, gas clouds in outer space, nebulae, a hubble telescope image, "
        "clouds of stardust, a cosmic cloud, deep space, dust clouds among stars, an emission nebula"
    ),
    "flames": (
        "flames, fire, burning fire, a bonfire, blazing flames, a wall of fire, a campfire, an inferno, tongues of fire, "
        "a blaze, licking flames, roaring fire, a burning wall, flames rising in the dark, a firestorm, open fire, "
        "burning wood, a fire at night"
    ),
    "aurora": (
        "aurora, the northern lights, aurora borealis, polar lights, curtains of light in the night sky, "
        "southern lights, glowing sky ribbons, aurora australis, lights of the north, a polar night sky, "
        "a dancing aurora, arctic sky lights, shimmering curtains in the sky, sky veils, aurora curtains, "
        "green lights in the arctic sky"
    ),
    "ink": (
        "liquid ink, ink in water, marble ink, marbled paint, swirling paint, liquid marble, fluid art, oil paint swirls, "
        "ink drops in water, poured acrylic paint, ink clouds, ebru, suminagashi, marbled paper, ink swirls, "
        "mixing paints, dye in water"
    ),
    "mandala": (
        "a mandala, a kaleidoscope, a kaleidoscope mandala, sacred geometry, a symmetric ornament, a rosette, "
        "a meditation mandala, a kaleidoscopic pattern, a radial pattern, a symmetrical rosette, a lace rosette, "
        "an ornamental wheel, a tibetan mandala, a yantra, an arabesque ornament, radial symmetry, an ornate circle"
    ),
    "tunnel": (
        "a tunnel, a hyperspace tunnel, a warp tunnel, a wormhole, an endless corridor, a time tunnel, a portal, "
        "flying through a tunnel, a vortex tunnel, a hallway to infinity, light at the end of a tunnel, "
        "rings rushing past, a spinning tunnel, inside a tube, a stargate, a tunnel of light"
    ),
    "plasma": (
        "plasma, liquid plasma, swirling plasma, a lava lamp, molten blobs, glossy liquid waves, fluid plasma, wax blobs, "
        "blobs of liquid, metaballs, liquid colour, flowing goo, a seventies lamp, melting blobs, gooey liquid, "
        "oozing blobs, molten wax"
    ),
    "waves": (
        "flowing waves, silk waves, silk ribbons, flowing fabric, veils of light, satin ribbons, gentle curves, "
        "a flowing scarf, wavy ribbons, undulating ribbons, billowing silk, folds of cloth, waving veils, draped satin, "
        "ribbon waves, a silk curtain, folded silk"
    ),
    "cells": (
        "organic cells, voronoi cells, a cellular pattern, living tissue, cells under a microscope, a honeycomb, "
        "a biological membrane, living cells, cell walls, microscopic life, plant tissue, a cell culture, biology, "
        "cells with nuclei, soap foam, a voronoi diagram, cell division"
    ),
    "crystal": (
        "a crystal, crystals, a faceted gemstone, low poly crystals, diamond facets, shards of glass, a prism, quartz, "
        "a diamond, a gem, cut gemstones, crystal facets, a crystal cave, broken glass, polygons, a low poly surface, "
        "glass splinters, crystal shards"
    ),
    "julia": (
        "a fractal, a julia set, a julia fractal, an infinite fractal, fractal spirals, a mathematical fractal, "
        "a julia set fractal, fractal dendrites, fractal lace, fractal dust, complex dynamics, fractal filaments, "
        "a self similar spiral, a dragon fractal, a spiral fractal, fractal tendrils, self similarity"
    ),
    "starfield": (
        "a starfield, flying through stars, stars, hyperspace stars, warp speed, a warp speed starfield, "
        "glowing particles, night sky stars, space travel, star streaks, a field of stars, stars rushing past, "
        "a jump to hyperspace, star trails, flight through space, a starry sky, shooting stars, twinkling stars"
    ),
    "synthwave": (
        "a synthwave grid landscape, a retro grid, an outrun sun and grid, a retrowave horizon, a wireframe grid, "
        "an eighties landscape, a retro sunset grid, a synthwave sunset, a vaporwave landscape, an outrun landscape, "
        "a grid to the horizon, a striped sun, a retro sun over a grid, eighties computer graphics, a laser grid, "
        "a vhs sunset, a cyber landscape"
    ),
    "ripples": (
        "ripples, water ripples, drops on water, concentric rings, interference rings, drops in a pond, "
        "sound waves on water, rings on water, a ripple, a drop falling into water, rings spreading on a pond, "
        "wave interference, a puddle, water rings, circular waves, spreading circles, a rippling pond"
    ),
    "galaxy": (
        "a spiral galaxy, a galaxy, a vortex of stars, the milky way, a swirling galaxy, a cosmic spiral, "
        "a whirlpool galaxy, andromeda, galaxy arms, a star spiral, a barred spiral, a rotating galaxy, a galactic core, "
        "spiral arms of stars, a cosmic whirlpool, an island universe, a galactic disc"
    ),
    "lightning": (
        "lightning, electric bolts, electricity, a thunderstorm, a lightning strike, electric arcs, tesla coil sparks, "
        "a lightning bolt, bolts from the sky, forked lightning, an electric discharge, high voltage, "
        "thunder and lightning, a thunderbolt, an electrical storm, electric sparks, lightning in the clouds"
    ),
    "bokeh": (
        "bokeh lights, bokeh, glowing orbs, blurred city lights, bubbles, out of focus lights, floating light circles, "
        "blurry lights, blurred lights, orbs of light, light discs, blurred fairy lights, hazy lanterns, "
        "defocused street lamps, christmas lights out of focus, light spots, drifting orbs, defocused lights"
    ),
    "opart": (
        "op art stripes, hypnotic stripes, an optical illusion, op art, geometric stripes, moire bands, "
        "psychedelic stripes, a moire pattern, warped stripes, bent stripes, wavy stripes, vibrating lines, stripes, "
        "a striped illusion, sixties op art, bulging stripes, curved bands"
    ),
    "truchet": (
        "a labyrinth, truchet tiles, a maze, winding paths, glowing pipes, a tangle of pipes, a tile maze, curved tiles, "
        "looping paths, a pipe maze, a knot of paths, a hedge maze, looping tubes, a meandering path, a puzzle of tiles, "
        "interlocking arcs, a celtic knot"
    ),
    "clouds": (
        "clouds, misty fog, storm clouds, vapour, cumulus clouds, a cloud, a cloudy sky, fluffy clouds, drifting clouds, "
        "a sea of clouds, fog banks, mist, an overcast sky, thunderclouds, towering clouds, a cloudscape, "
        "above the clouds, billowing clouds"
    ),
    "ocean": (
        "the night sea, ocean at night, a moonlit sea, a sea horizon, light reflections on the sea, moon over the ocean, "
        "sea with reflections, the open sea, moonlight on the water, the ocean, the sea, a sunset over the sea, "
        "sun over the sea, waves on the open sea, a seascape, an evening by the sea, moonlight on the sea"
    ),
    "mountains": (
        "mountains, misty mountains, layered mountain ridges, a mountain landscape, hills in the fog, sun over mountains, "
        "alpine silhouettes, a mountain range, mountain peaks, ridges in the mist, the alps, a valley between mountains, "
        "the himalayas, hills, distant ridges, summits at dawn, layered hills, a mountain silhouette"
    ),
    "caustics": (
        "caustics, water caustics, light under water, swimming pool light, sunlight on the sea floor, "
        "shimmering water light, underwater light, a pool of water, dappled light under water, a pool floor, "
        "water refraction, a network of light, light patterns in a pool, refracted sunlight, rippling pool water, "
        "a sunlit pool, sunbeams under water"
    ),
    "flowers": (
        "flowers, blossoms, flower petals, blooming flowers, rosettes of petals, lotus flowers, a dahlia bloom, "
        "a floral pattern, a flower, petals, a bouquet, a blossom, flowers in bloom, a lotus, a dahlia, daisies, "
        "opening buds, flowers in the dark"
    ),
    "fractalflame": (
        "a fractal flame, fractal flames, electric sheep, an apophysis fractal, wispy fractal threads, "
        "a flame fractal, fractal wisps, silken fractal, attractor wisps, a strange attractor, an iterated function flame, "
        "a gossamer fractal, glowing filigree, ethereal swirls, glowing threads in the void, wisps of light, "
        "an alien filigree"
    ),
    "mandelbrot": (
        "the mandelbrot set, a mandelbrot fractal, an apple man fractal, a mandelbrot zoom, seahorse valley, "
        "a mandelbrot bulb, a fractal zoom, a fractal beetle, a bulbous fractal, a mandelbrot coastline, "
        "a heart shaped fractal, a cardioid fractal, mandelbrot spirals, benoit mandelbrot, zooming into a fractal, "
        "fractal buds, the apfelmaennchen"
    ),
    "reaction": (
        "reaction diffusion, coral patterns, a brain coral, turing patterns, a turing pattern, coral, leopard spots, "
        "animal markings, fingerprint ridges, spots and worms, a gray scott pattern, brain folds, a coral texture, "
        "morphogenesis, wormy patterns, a fingerprint, growing coral, chemical patterns, a coral maze"
    ),
    "flowfield": (
        "a flow field, flow lines, particle trails, streamlines, wind lines, a vector field, van gogh swirls, currents, "
        "combed lines, flowing hair, a wind map, brush strokes in the wind, lines of force, streaming particles, "
        "painted wind, a field of flowing lines, flowing strokes, streaming lines"
    ),
    "topographic": (
        "a topographic map, contour lines, elevation lines, map contours, a height map, isolines, a relief map, "
        "terrain contours, a hiking map, topography, a contour map of hills, map lines, a survey map, altitude lines, "
        "a geographic map, a terrain map, height lines"
    ),
    "city": (
        "a city, city at night, a city skyline, a skyline, skyscrapers, a metropolis, a night city, tall buildings, "
        "city towers, an urban skyline, high rises, downtown, tower blocks, new york, a cityscape, tokyo at night, "
        "lit windows in towers, a skyscraper, houses with lit windows"
    ),
    "forest": (
        "a forest, trees, a forest at night, tall trees, pine trees, tree trunks, sunbeams between trees, a misty forest, "
        "the woods, fir trees, a birch wood, light through the trees, an enchanted forest, tree silhouettes, "
        "a path in the woods, a fairy tale forest, redwoods, a forest with fireflies"
    ),
    "rain": (
        "rain, rain on a window, raindrops on glass, rain drops on a window, a rainy window, a rainy night, "
        "drops on a pane, water drops running down glass, a wet window, raindrops, a wet windscreen, drizzle, "
        "a rainy day, droplets on glass, trickling drops, a downpour on the window pane, dripping glass"
    ),
    "snowflake": (
        "a snowflake, snowflakes, an ice crystal, a snow crystal, falling snow, snow, a frost star, a six pointed star, "
        "a frosty star, an ice star, a hexagonal crystal of snow, an ice dendrite, snowfall, a frozen star, "
        "a paper snowflake, flakes of snow, an ice flower"
    ),
    "lava": (
        "lava, molten lava, cracked lava rock, glowing lava cracks, magma, a lava field, volcanic rock, a volcano, "
        "hot lava, molten rock, glowing seams in black rock, a lava crust, cooling lava, burning cracks, "
        "magma under a crust, glowing fissures, cracked earth, glowing coals"
    ),
    "feather": (
        "a feather, feathers, a peacock feather, a plume, bird feathers, plumage, a quill, down feathers, plumes, "
        "an eagle feather, wing feathers, a bird's wing, a floating feather, barbs of a feather, an ostrich plume, "
        "bird plumage, a fluffy plume"
    ),
    "jellyfish": (
        "a jellyfish, a medusa, a sea jelly drifting in the deep, a glowing jellyfish with tentacles, jellies, "
        "a sea jelly, medusae, a deep sea creature, tentacles, drifting jellyfish, a swimming jellyfish, "
        "a swarm of jellyfish, a bell with tentacles, a lion's mane jelly, moon jellies, a translucent sea animal"
    ),
    "eye": (
        "an eye, an iris, a human eye, a pupil, a staring eye, an eyeball, a close up eye, an all seeing eye, "
        "iris and pupil, an open eye, a cat eye, a watching eye, a gaze, a dragon eye, eye of a reptile, eyes, "
        "an evil eye, an eye looking at you"
    ),
    "halftone": (
        "halftone dots, a halftone, comic dots, pop art dots, raster dots, a dot pattern, ben day dots, dots, "
        "a halftone print, newspaper print dots, polka dots, a dot grid, a dot matrix, a screen print, growing dots, "
        "a comic book print, a pop art pattern, printed dots"
    ),
    "glitch": (
        "a glitch, glitch art, a broken screen, digital noise, data moshing, corrupted video, a tv glitch, "
        "a signal error, scanlines, static, a bad signal, a vhs glitch, pixel sorting, a digital error, broken video, "
        "glitched blocks, screen tearing, tv interference"
    ),
    "equalizer": (
        "an equalizer, spectrum bars, audio bars, a spectrum analyser, sound bars, a music visualizer, equalizer bars, "
        "frequency bars, a spectrum analyzer, music bars, level meters, an audio spectrum, sound levels, vu meters, "
        "an audio equaliser, a bar graph of sound, dancing bars, volume bars"
    ),
    "neonsign": (
        "a neon sign, a neon symbol, neon tubes, a neon tube sign, a glowing sign, a neon shape, a bar sign, "
        "a neon heart, a neon star, a neon arrow, a shop sign at night, a neon advert, glowing glass tubes, a neon logo, "
        "a neon outline, a las vegas sign, a motel sign, a neon sign on a brick wall"
    ),
    "stainedglass": (
        "stained glass, a stained glass window, a church window, a cathedral window, leaded glass, a rose window, "
        "a gothic window, coloured glass panes, a glass mosaic, coloured panes between leads, a chapel window, "
        "a tiffany lamp, a window of saints, a mosaic window, sunlight through stained glass, a mosaic"
    ),
    "circuit": (
        "a circuit board, a circuit maze, a circuit, a printed circuit, electronics, a motherboard, a microchip, "
        "circuit traces, a computer chip, chip tracks, an electronic circuit, circuitry, a pcb, a processor, data lines, "
        "computer tracks, signal paths on a board"
    ),
    "smoke": (
        "smoke, clouds of smoke, billowing smoke, a plume of smoke, rising smoke, smoke rings, curling smoke, "
        "incense smoke, wisps of smoke, coloured smoke, cigarette smoke, smoke trails, a smoke screen, swirling smoke, "
        "fumes, haze, steam, smoke in the dark"
    ),
    "fireworks": (
        "fireworks, a firework, a fireworks display, exploding rockets, new year's eve, a rocket burst, "
        "sparks in the sky, sky rockets, pyrotechnics, a firework burst, bursting fireworks, a finale of fireworks, "
        "coloured sparks, bursts of sparks, rockets in the night sky, showers of sparks, celebration fireworks"
    ),
    "butterfly": (
        "a butterfly, butterflies, butterfly wings, a moth, a monarch butterfly, a morpho butterfly, a winged insect, "
        "a swallowtail, patterned wings, a fluttering butterfly, insect wings, a pair of wings, a papillon, "
        "moths at night, a butterfly with open wings, an admiral butterfly, lepidoptera"
    ),
}
_ARTICLE = re.compile(r"^(a|an|the) ")
WORDS: dict[str, tuple[str, ...]] = {
    family: tuple(_ARTICLE.sub("", phrase) for phrase in _listed(phrases)) for family, phrases in _PHRASES.items()
}
_COUNTED = frozenset(
    _ARTICLE.sub("", phrase)
    for phrases in _PHRASES.values()
    for phrase in _listed(phrases)
    if phrase.startswith(("a ", "an "))
)

# factor index, words when low (< 0.33), words when high (> 0.67)
_MOODS: tuple[tuple[int, tuple[str, ...], tuple[str, ...]], ...] = tuple(
    (index, _listed(low), _listed(high))
    for index, low, high in (
        (
            0,
            "dark, dim, calm, moody, quiet, subtle, sleepy, restrained, faint, low energy",
            "bright, intense, glowing, brilliant, energetic, radiant, powerful, vivid, roaring, high energy",
        ),
        (
            1,
            "small, delicate, gentle, tiny, thin, airy, slender, dainty, fragile",
            "big, bold, massive, huge, deep, heavy, swelling, giant, booming, thick",
        ),
        (
            2,
            "simple, minimal, plain, bare, sparse, reduced, clean, uncluttered, pared down",
            "complex, rich, elaborate, contrasty, full, dense, dramatic, busy, lavish",
        ),
        (
            3,
            "soft, smooth, blurry, velvety, mellow, fuzzy, diffuse, gauzy, creamy",
            "detailed, intricate, sparkling, glittering, fine, crisp, sharp, crackling, finely textured",
        ),
        (
            4,
            "still, floating, steady, unhurried, motionless, gliding, slow, drifting, continuous",
            "explosive, flashing, bursting, pulsing, sudden, striking, punchy, strobing, throbbing, beating",
        ),
        (
            5,
            "shadowy, low key, deep toned, murky, gloomy, dusky, nocturnal, darkened, underexposed",
            "luminous, light, high key, shining, dazzling, well lit, gleaming, lit up, beaming",
        ),
        (
            6,
            "peaceful, serene, harmonious, relaxed, balanced, orderly, soothing, tranquil, easygoing",
            "turbulent, chaotic, distorted, tense, wild, stormy, warped, agitated, nervous, jagged, restless",
        ),
    )
)
_ANY = _listed(
    "beautiful, abstract, vj loop, dreamy, hypnotic, mesmerizing, psychedelic, cinematic, digital art, stage visuals, "
    "surreal, magical, trippy, gorgeous, atmospheric, artistic, futuristic, club visuals"
)
_OPENINGS = _listed(
    "a photo of, show me, a painting of, a picture of, an image of, a close up of, visuals of, give me, i want, draw, "
    "paint, a drawing of, footage of, a scene with, a vj loop of, a render of, something like, imagine, make, "
    "a poster of, a video of, a dream of"
)
# ^ is where an article may stand, {m} the adjectives, {p} the palette, {f} the family
_FULL = tuple(
    """^{m} {p} {f}
^{m} {p} {f}
^{p} {m} {f}
^{p} {f}, {m}
{f}, {p}, {m}
{f}, {m}, {p}
{p}, {f}, {m}
{m}, {p}, {f}
{f} {p} {m}
^{f} in {p}, {m}
^{m} {f} in {p}
^{m} {f} in {p} colours
^{m} {f} with {p} light
^{f} in {p} tones, {m}
{p} colours, {m} {f}
{f}; palette {p}; mood {m}
palette {p}; {f}; {m}
mood {m}; {f}; {p} light
^{f} made of {p} light, {m}
^{m} {f} made of {p} light
^{f}, {m} and {p}
in {p}: ^{m} {f}
{m} mood, {p} palette, {f}
^{f} lit in {p}, {m} mood
{p} light on ^{m} {f}
^{m} {f} bathed in {p} light
^{f} with {p} colours, {m}
{m}: ^{p} {f}""".splitlines()
)
_PLAIN = tuple(
    """^{p} {f}
^{p} {f}
^{f} in {p}
^{f} in {p} colours
{f}, {p}
{p}, {f}
{f} {p}
^{f} made of {p} light
{f}; palette {p}
palette {p}: {f}
^{f} in {p} shades
^{f} with {p} light
^{f}, everything {p}
^{f} under {p} light
{p} colours, {f}
in {p}, ^{f}
^{f} lit by {p} light
^{f} coloured {p}""".splitlines()
)
_SHAPE_ONLY = ("^{m} {f}", "^{m} {f}", "^{f}, {m}", "{m}, {f}", "{f}; mood {m}", "^{f}, {m} mood")
_COLOUR_ONLY = (
    "{m} {p}", "{p}, {m}", "{p} colours, {m}", "{p} {m} light", "everything {p}, {m}", "{m} mood in {p} colours",
    "palette {p}; mood {m}",
)  # fmt: skip
# a is in front of b
_LAYERS = tuple(
    """{a} over ^{b}
{a} over ^{b}
{a} in front of ^{b}
{a} with ^{b} behind
{b} behind ^{a}
{a} and ^{b}
{a} on a background of {b}
{a} against ^{b}
{a}, {b} in the background
{b} with ^{a} in front
{a} before ^{b}
{a} layered over {b}
{a} on top of ^{b}
{b} background, {a}
{a} plus {b}
{a} in the foreground, {b} behind
{b} under ^{a}
{a} above ^{b}
{a} with {b} in the back
{b} seen through ^{a}""".splitlines()
)


def _adjectives(rng: random.Random, factors: torch.Tensor | None) -> str:
    choices: list[str] = []
    if factors is not None:
        for index, low, high in _MOODS:
            value = float(factors[index])
            if value < 0.33 or value > 0.67:
                choices.append(rng.choice(low if value < 0.33 else high))
    rng.shuffle(choices)
    words = choices[: rng.choice((0, 1, 1, 2, 2, 3))]
    if rng.random() < 0.2:
        words.append(rng.choice(_ANY))
    return rng.choice((" ", " ", ", ", " and ")).join(words)


def _plural(phrase: str) -> str:
    if phrase.endswith("y") and phrase[-2] not in "aeiou":
        return phrase[:-1] + "ies"
    return phrase + ("es" if phrase.endswith(("s", "x", "ch", "sh")) else "s")


def _shape(family: str, rng: random.Random, longest: int) -> tuple[str, bool]:
    """A phrase for the family of at most so many words, and whether it takes an article."""
    phrase = rng.choice([p for p in WORDS[family] if len(p.split()) <= longest])
    counted = phrase in _COUNTED
    # The last word is the thing itself in short phrases only: 'sea jellies', but 'a wall of fire'.
    if counted and len(phrase.split()) <= 2 and not phrase.endswith("fish") and rng.random() < 0.15:
        return _plural(phrase), False
    return phrase, counted


def _article(text: str, counted: bool, rng: random.Random) -> str:
    """The text with its ^ turned into an article or nothing."""
    draw = rng.random()
    if counted:
        word = "a " if draw < 0.5 else "the " if draw < 0.6 else ""
    else:
        word = "the " if draw < 0.06 else "some " if draw < 0.1 else ""
    return text.replace("^", word)


def _layers(front: str, back: str, rng: random.Random) -> tuple[str, bool]:
    """A phrase for two families, one behind the other, and whether it takes an article."""
    (a, a_counted), (b, b_counted) = _shape(front, rng, 3), _shape(back, rng, 3)
    form = rng.choice(_LAYERS)
    a_leads = form.startswith("{a}")
    text = _article(form, b_counted if a_leads else a_counted, rng)
    return text.format(a=a, b=b), a_counted if a_leads else b_counted


def _tidy(text: str) -> str:
    text = re.sub(r"\bcoloured (?:colours|tones|shades|palette)\b", "colours", text)
    text = re.sub(r"\b(in|with|palette) ([\w ]*)\bcoloured(?=[,;:.]|$)", r"\1 \2colours", text)
    text = re.sub(r"\blight light\b", "light", " ".join(text.split()))
    text = re.sub(r"\ba (?=(?!uni)[aeiou])", "an ", text)
    text = re.sub(r"\s+([,;:])", r"\1", text)
    text = re.sub(r"[,;:]\s*(?=[,;:])", "", text)
    text = re.sub(r"(?:; )?\bmood$|^mood; ", "", text.strip(" ,;:"))
    return text.strip(" ,;:")


def _compose(
    family: str, palette: str, rng: random.Random, factors: torch.Tensor | None, second: str | None, word: str | None
) -> str:
    if second is not None:
        shape, counted = _layers(family, second, rng)
    else:
        shape, counted = (word, False) if word else _shape(family, rng, LONGEST)
    adjectives, draw = _adjectives(rng, factors), rng.random()
    forms = _SHAPE_ONLY if draw < 0.1 else _COLOUR_ONLY if draw < 0.2 else _FULL if adjectives else _PLAIN
    form = rng.choice(forms)
    if form.startswith("^") and rng.random() < 0.3:
        form = f"{rng.choice(_OPENINGS)} {form}"
    form = _article(form, counted, rng)
    return _tidy(form.format(m=adjectives, p=rng.choice(TABLE[palette].words), f=shape))


def caption(
    family: str,
    palette: str,
    rng: random.Random,
    factors: torch.Tensor | None = None,
    second: str | None = None,
    word: str | None = None,
) -> str:
    """A short description; factors (7,) add adjectives, `second` names a family layered behind the first.

    `word` stands in for the family's own words. A tenth name the family only, a tenth the palette.
    """
    text = _compose(family, palette, rng, factors, second, word)
    while len(text.split()) > LONGEST + (len(word.split()) if word else 0):
        text = _compose(family, palette, rng, factors, second, word)
    if rng.random() < 0.15:
        text = text[0].upper() + text[1:] + rng.choice(("", "."))
    return text
