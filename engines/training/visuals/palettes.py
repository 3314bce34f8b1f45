"""Twenty palettes: five stops from dark to bright, and an accent that tension leans towards."""

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
        "fire, fiery red orange, flame coloured, hot lava, blazing orange, ember, burning, volcanic",
        "080000 5a0600 c42200 ff7d0a ffd873",
        "ff2a55",
    ),
    "ocean": _palette(
        "ocean, deep sea blue, ocean blue and turquoise, marine, underwater blue, aquatic",
        "00060f 022c5c 0468b0 18aed2 98ece4",
        "1fd8c4",
    ),
    "neon": _palette(
        "neon, neon pink and cyan, cyberpunk, vaporwave, synthwave colours, electric magenta and cyan",
        "07001c 4a0aa0 f2109c 8c5cff 2de2ff",
        "ff2e5a",
    ),
    "ice": _palette(
        "ice, icy, frozen pale blue, arctic, glacier, frosty white blue, winter",
        "04101c 24506f 6fa8cc b4dcf0 f2fbff",
        "b9a8ff",
    ),
    "forest": _palette(
        "forest, moss green, forest green, woodland, olive green, leaf green, mossy",
        "030a02 143208 34681a 6e9a34 c4d484",
        "c98a2a",
    ),
    "gold": _palette(
        "gold, golden, gold and black, luxurious gold, amber yellow, gilded, honey",
        "060400 4a2c00 a86e00 f0b010 ffe478",
        "ff9a1a",
    ),
    "sunset": _palette(
        "sunset, sunset orange and purple, dusk, warm evening, orange violet, twilight",
        "150a33 5b1f78 c9366c ff7f45 ffd488",
        "ff3f9e",
    ),
    "pastel": _palette(
        "pastel, soft pastel, candy coloured, dreamy pastel, pale pink and baby blue, cotton candy",
        "5e6aa8 93b8ea e2b4e0 ffc9c4 fff0cf",
        "a9f0d4",
        0.28,
    ),
    "monochrome": _palette(
        "monochrome, black and white, grayscale, silver, grey, noir, colourless",
        "000000 303034 78787e bcbcc2 f6f6f8",
        "dcdce4",
    ),
    "violet": _palette(
        "violet, purple, ultraviolet, deep purple, amethyst, lavender and purple",
        "07000f 300a66 6d1fd4 a45cff dcbcff",
        "ff4fd8",
    ),
    "acid": _palette(
        "acid, acid green, toxic green, radioactive, lime, fluorescent yellow green, slime",
        "030600 1c4200 58a800 b4f218 f2ff8a",
        "fff200",
    ),
    "red": _palette(
        "red, crimson, blood red, scarlet, ruby, deep red", "080000 4e0008 b00518 f0283a ff9088", "ff5a1f"
    ),
    "blue": _palette(
        "blue, electric blue, sapphire, cobalt blue, royal blue, ultramarine",
        "000210 06187a 1240e4 3f86ff a8ccff",
        "6a3bff",
    ),
    "pink": _palette(
        "pink, hot pink, magenta, rose, fuchsia, bubblegum pink",
        "12000c 640a4a dc1b88 ff6bb8 ffc4de",
        "ff8a6b",
    ),
    "rainbow": _palette(
        "rainbow, multicolored, psychedelic rainbow, prismatic, all colours of the rainbow, spectrum",
        "ff2040 ff9d0a 35d84c 1c9cff a834ff",
        "ff58d0",
    ),
    "cyan": _palette(
        "cyan, turquoise, aqua, teal, bright turquoise, electric cyan",
        "000c10 004e58 00a8b0 2cecec b8fff6",
        "4aff9e",
    ),
    "copper": _palette(
        "copper, bronze, rusty brown, earthy, sepia, terracotta, chocolate",
        "080402 40200f 8a4a24 cd8554 f2cda0",
        "d0402a",
    ),
    "tropical": _palette(
        "tropical, orange and teal, parrot colours, summer, exotic, mango and teal",
        "01181f 00737a 14b886 ff9f2a ffe27a",
        "ff4f6d",
    ),
    "cosmic": _palette(
        "cosmic, deep purple teal and pink, galactic, outer space colours, interstellar, astral",
        "05021a 241a78 0f7f98 d24bb4 ffc6ec",
        "7a5cff",
    ),
    "emerald": _palette(
        "emerald, emerald green, jade, jewel green, bright green, malachite",
        "000804 003c20 008e42 16d864 b4ffb8",
        "00e0a0",
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
