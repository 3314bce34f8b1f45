"""Forty palettes: five stops from dark to bright, and an accent that tension leans towards."""

from __future__ import annotations

from dataclasses import dataclass

import torch

ENTRIES = 48  # of a lookup table


@dataclass(frozen=True)
class Palette:
    """Colours as sRGB hex; `lift` is the share of light that never goes out (for pale palettes)."""

    words: tuple[str, ...]
    stops: tuple[str, str, str, str, str]
    accent: str
    lift: float = 0.0


def _palette(words: str, stops: str, accent: str, lift: float = 0.0) -> Palette:
    a, b, c, d, e = stops.split()
    return Palette(tuple(words.split(", ")), (a, b, c, d, e), accent, lift)


TABLE: dict[str, Palette] = {
    "fire": _palette(
        "fiery, fiery red orange, flame coloured, blazing orange, ember, burning orange, fire and embers, glowing orange",
        "080000 5a0600 c42200 ff7408 ffd068",
        "ff2a55",
    ),
    "ocean": _palette(
        "ocean blue, deep sea blue, blue and turquoise, marine blue, deep water blue, aquatic, atlantic blue, "
        "ocean coloured",
        "000a1c 04305e 0a6496 2c9cb4 d6f0e6",
        "1fd8c4",
    ),
    "neon": _palette(
        "neon, neon pink and cyan, cyberpunk, vaporwave, synthwave coloured, electric magenta and cyan, "
        "pink purple and cyan",
        "07001c 4a0aa0 f2109c 8c5cff 2de2ff",
        "ff2e5a",
    ),
    "ice": _palette(
        "icy, ice blue, frozen pale blue, arctic, glacier blue, frosty white blue, winter blue, pale blue, snowy blue",
        "083c5c 2c9cc8 84daf4 ccf4ff ffffff",
        "b9a8ff",
        0.12,
    ),
    "forest": _palette(
        "forest green, moss green, woodland green, olive green, leaf green, mossy, dark natural green, fern green",
        "030a02 143208 34681a 6e9a34 c4d484",
        "c98a2a",
    ),
    "gold": _palette(
        "gold, golden, gold and black, luxurious gold, amber yellow, gilded, honey, shining gold",
        "060400 4a3000 a87800 f2bc08 fff08c",
        "ffa81a",
    ),
    "sunset": _palette(
        "sunset coloured, sunset orange and purple, dusk, warm evening, orange and violet, twilight, evening sky",
        "150a33 5b1f78 c9366c ff7f45 ffd488",
        "ff3f9e",
    ),
    "pastel": _palette(
        "pastel, soft pastel, pale rainbow, dreamy pastel, pale pink and baby blue, cotton candy, marshmallow, "
        "unicorn pastel",
        "5e6aa8 93b8ea e2b4e0 ffc9c4 fff0cf",
        "a9f0d4",
        0.28,
    ),
    "monochrome": _palette(
        "monochrome, black and white, grayscale, silver, grey, black and grey, colourless, silver grey",
        "000000 303034 78787e bcbcc2 f6f6f8",
        "dcdce4",
    ),
    "violet": _palette(
        "violet, purple, ultraviolet, deep purple, amethyst, dark purple, violet and black, grape purple",
        "07000f 300a66 6d1fd4 a445ff d8a8ff",
        "ff4fd8",
    ),
    "acid": _palette(
        "acid, acid green, toxic green, radioactive green, lime green, fluorescent yellow green, slime green, poison green",
        "030600 2c4a00 74b000 c4f810 f6ff8a",
        "fff200",
    ),
    "red": _palette(
        "red, crimson, blood red, scarlet, ruby, deep red, all red, red and black",
        "080000 520006 b40010 f41428 ff6a62",
        "ff4a1f",
    ),
    "blue": _palette(
        "blue, electric blue, sapphire, cobalt blue, royal blue, ultramarine, deep blue, all blue",
        "000210 06147a 1034e4 3470ff 98bcff",
        "6a3bff",
    ),
    "pink": _palette(
        "pink, hot pink, magenta, rose pink, fuchsia, bubblegum pink, shocking pink, all pink",
        "12000c 640a4a dc1b88 ff6bb8 ffc4de",
        "ff8a6b",
    ),
    "rainbow": _palette(
        "rainbow, multicolored, psychedelic rainbow, prismatic, rainbow coloured, spectral, many coloured, multicoloured",
        "ff2040 ff9d0a 35d84c 1c9cff a834ff",
        "ff58d0",
    ),
    "cyan": _palette(
        "cyan, turquoise, aqua, teal, bright turquoise, electric cyan, aquamarine, turquoise and black",
        "001012 005c60 00b8b4 22f4e8 b0fff2",
        "4affd0",
    ),
    "copper": _palette(
        "copper, bronze, rusty brown, earthy, sepia, terracotta, chocolate brown, brown",
        "080402 3c2012 804a2c b87e58 ecc8a0",
        "b8603a",
    ),
    "tropical": _palette(
        "tropical, orange and teal, parrot coloured, summery, exotic, mango and teal, teal and orange, caribbean",
        "01181f 00737a 14b886 ff9f2a ffe27a",
        "ff4f6d",
    ),
    "cosmic": _palette(
        "cosmic, indigo teal and pink, galactic, outer space coloured, interstellar, astral, teal and pink, alien",
        "05021a 241a78 0a8c98 e050b8 ffc6ec",
        "7a5cff",
    ),
    "emerald": _palette(
        "emerald, emerald green, jade, jewel green, bright green, malachite, green, green and black",
        "000804 00401c 00943a 08dc54 96ffa0",
        "00e090",
    ),
    "anaglyph": _palette(
        "red and cyan, anaglyph, 3d glasses red and cyan, cyan and red, red against turquoise, "
        "stereoscopic red and cyan, red cyan split",
        "0a0002 6a000e ff1a2a 00b8cc 8cfaff",
        "ff3048",
    ),
    "blue_orange": _palette(
        "orange and blue, blue and orange, orange with blue highlights, film poster orange and blue, "
        "cobalt and tangerine, tangerine and blue, fire and ice coloured",
        "0a0300 7a2e00 ff8208 2a78ff a0c8ff",
        "ff4a00",
    ),
    "noir_red": _palette(
        "black and white with red, black white and red, monochrome with red, grey with a splash of red, "
        "film noir with red, black and white with scarlet accents, selective red",
        "000000 38383c b8b8bc ec0018 ffffff",
        "ff0020",
    ),
    "joker": _palette(
        "purple and green, green and purple, violet and lime, joker coloured, witch coloured, "
        "halloween purple and green, poisonous purple",
        "0a0016 4a0a8c 9430e8 30c850 b8ff7a",
        "ff40e0",
    ),
    "peach": _palette(
        "peach, peachy, apricot, salmon, pale orange, soft coral, peach and cream, salmon pink",
        "5a2e30 b86a58 f09c7c ffc09c ffecd8",
        "ff8aa0",
        0.2,
    ),
    "navy_gold": _palette(
        "navy and gold, gold on navy, navy blue and gold, gold and midnight blue, midnight blue with gold, "
        "royal navy and gold, dark blue and gold",
        "00040e 041a64 0a2c9c b48838 f4d080",
        "d8a030",
    ),
    "mint": _palette(
        "mint, mint green, pale green, peppermint, soft mint, mint and white, pistachio, seafoam",
        "1c4a40 58a48c 96dcbe c0f4dc f4fff8",
        "d0ffb0",
        0.2,
    ),
    "watermelon": _palette(
        "pink and green, green and pink, watermelon, watermelon coloured, rose and leaf green, pink on green, "
        "flamingo and palm",
        "02100a 0a5a34 20b060 ff5a98 ffc8dc",
        "ff2060",
    ),
    "lemon_sky": _palette(
        "yellow and blue, blue and yellow, lemon and sky blue, sky blue and yellow, yellow on blue, "
        "bright blue with yellow, sunny yellow and blue",
        "00143c 0a5ac0 38a8ff ffe000 fff8a0",
        "ffb000",
    ),
    "brown_turquoise": _palette(
        "brown and turquoise, turquoise and brown, chocolate and turquoise, earth and turquoise, patina, "
        "leather and turquoise, rust and verdigris",
        "100602 4a240e 94582e 18b4a8 a4f4e4",
        "e0903a",
    ),
    "lime_magenta": _palette(
        "lime and magenta, magenta and lime, hot pink and lime, fuchsia and lime green, clashing magenta and lime, "
        "dragon fruit, acid pink and lime",
        "14000e 8a0068 ff10b8 a8f000 eaff8a",
        "ffe000",
    ),
    "pansy": _palette(
        "purple and yellow, yellow and purple, violet and gold, pansy, mardi gras, yellow on purple, "
        "royal purple and yellow",
        "0a0600 8a6400 ffd000 8c2cf0 c898ff",
        "ff8a00",
    ),
    "ivory": _palette(
        "ivory and black, ivory, cream, cream and black, old piano keys, parchment, bone white, antique white",
        "060402 2e2616 b4a47c ecdcae fff8dc",
        "e8c890",
    ),
    "wine": _palette(
        "wine, wine red, burgundy, bordeaux, maroon, plum, dark cherry, mulled wine",
        "060004 34041c 700a34 a02c54 d88a98",
        "c02060",
    ),
    "autumn": _palette(
        "autumn, autumnal, autumn leaf, rust and olive, olive and ochre, fall foliage, october, harvest coloured",
        "080a02 2c480a 72881a dc8c1c cc3a14",
        "a80c10",
    ),
    "spring": _palette(
        "spring, springtime, fresh green yellow and blossom pink, easter, spring meadow, april, fresh spring, "
        "young green and pink",
        "1a4a14 5cb03c b4e468 fff27a ffc8e0",
        "ff9ac8",
        0.15,
    ),
    "reggae": _palette(
        "red yellow and green, traffic light, reggae, rasta, red amber and green, green yellow and red, stoplight, "
        "jamaican",
        "060000 d00014 ffb800 10c040 98ff8a",
        "ffe000",
    ),
    "candy": _palette(
        "red and white, candy stripe, candy cane, white and red, peppermint red, strawberry and cream, "
        "red and white striped",
        "1a0004 b00016 f0142c ffd4d4 ffffff",
        "ff90a0",
    ),
    "police": _palette(
        "red and blue, police lights, blue and red, red against blue, superhero, siren coloured, red blue flashing",
        "00041c 0a1cb0 2848ff ff1428 ff7a6a",
        "ff30a0",
    ),
    "lavender": _palette(
        "lavender, lilac, wisteria, periwinkle, pale purple, soft lilac, mauve, pale violet",
        "2e2850 7468b0 b0a4ea d4c8fc f6f0ff",
        "ffb8f0",
        0.18,
    ),
}

PALETTES: tuple[str, ...] = tuple(TABLE)


def _rgb(code: str) -> list[float]:
    return [int(code[i : i + 2], 16) / 255 for i in (0, 2, 4)]


_STOPS = torch.tensor([[_rgb(c) for c in p.stops] for p in TABLE.values()]).square()
_ACCENTS = torch.tensor([_rgb(p.accent) for p in TABLE.values()]).square()
_LIFTS = torch.tensor([p.lift for p in TABLE.values()])


def lookup_tables(palettes: torch.Tensor, tension: torch.Tensor, jitter: torch.Tensor) -> torch.Tensor:
    """Tables of light (B, 3, ENTRIES), gamma 2 linear, dark to bright.

    palettes (B,) long; tension (B,) in [0, 1] leans the upper middle of each table towards its accent;
    jitter (B, 5, 3) about 1 scales each stop, so that no two pictures have quite the same colours.
    """
    device = tension.device
    stops = _STOPS.to(device)[palettes.to(device)] * jitter
    accent = _ACCENTS.to(device)[palettes.to(device)]
    at = torch.linspace(0, 4, ENTRIES, device=device)
    hat = (1 - (at[:, None] - torch.arange(5, device=device)).abs()).clamp(min=0)
    hat = hat * hat * (3 - 2 * hat)  # smoothstep between stops; still sums to one
    table = hat @ stops  # (B, ENTRIES, 3)
    lean = 0.5 * torch.exp(-(((at / 4 - 0.62) / 0.2) ** 2))
    share = (tension[:, None] * lean)[..., None]
    return (table + share * (accent[:, None] - table)).transpose(1, 2).clamp(0, 1)


def lifts(palettes: torch.Tensor, device: torch.device) -> torch.Tensor:
    """Share of light that never goes out, (B, 1, 1)."""
    return _LIFTS.to(device)[palettes.to(device)].view(-1, 1, 1)
