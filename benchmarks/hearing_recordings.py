"""The beat in a folder of recordings, beside offline trackers: ``python -m benchmarks.hearing_recordings FOLDER``.

``[--seconds N] [--json]``. librosa's tracker is the reference where it is installed (the extra ``bench``); ours with
hindsight stands beside it. Prints for each recording how far ours agrees and what kind of disagreement there is.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from visualizer.bench.hearing.recordings import RecordingsError, Row, files, measure, references, summary

SECONDS = 90.0


def main() -> None:
    """Hear all recordings and print the table."""
    asked = argparse.ArgumentParser()
    asked.add_argument("folder", type=Path)
    asked.add_argument("--seconds", type=float, default=SECONDS, help="of each recording's beginning")
    asked.add_argument("--json", action="store_true", help="print one JSON object")
    options = asked.parse_args()
    offline = references()
    rows: list[Row] = []
    try:
        paths = files(options.folder)
    except RecordingsError as error:
        raise SystemExit(str(error)) from None
    for path in paths:
        try:
            rows.append(measure(path, options.seconds, offline))
        except RecordingsError as error:
            print(error, file=sys.stderr)
            continue
        if not options.json:
            _show(rows[-1], list(offline), len(rows) == 1)
    figures = summary(rows, offline)
    if options.json:
        print(json.dumps(figures | {"files": rows}))
    else:
        print("\n" + "\n".join(f"{name:28} {value}" for name, value in figures.items()))


def _show(row: Row, names: list[str], first: bool) -> None:
    if first:
        print(f"{'':30}{'BPM':>7}{'sure':>6}" + "".join(f"{name:>11}{'BPM':>7}{'ratio':>7}  {'':28}" for name in names))
    told = f"{row['file'][:29]:30}{row['bpm'] or 0:7.1f}{row['confidence']:6.2f}"
    for name in names:
        one = row[name]
        told += f"{one['f1']:11.2f}{one['bpm'] or 0:7.1f}{one['tempo_ratio'] or 0:7.2f}  {one['how']:28}"
    print(told.rstrip(), flush=True)


if __name__ == "__main__":
    main()
