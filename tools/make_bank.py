"""Make the table of the prompt bank that ships: ``python tools/make_bank.py [--new-space]``.

The table's centre, and so the text space, stays as it is, so that encoders that were trained go on fitting;
``--new-space`` takes a new one from the texts, and every encoder has to be trained again.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from visualizer.encoder.teacher import write_bank

TEXTS = Path(__file__).resolve().parents[1] / "visualizer" / "encoder" / "bank.toml"


def main() -> None:
    """Write the table and say what is in it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--new-space", action="store_true")
    new_space = parser.parse_args().new_space
    table = TEXTS.with_suffix(".safetensors")
    keep = table.exists() and not new_space
    bank = write_bank(TEXTS, table, table if keep else None)
    print(f"{table}: {len(bank)} texts in {len(set(bank.groups))} groups, {table.stat().st_size / 1000:.0f} kB, "
          f"space {bank.space}")  # fmt: skip


if __name__ == "__main__":
    main()
