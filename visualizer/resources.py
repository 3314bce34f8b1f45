"""Where shipped data lies, in a checkout or an installed wheel, and where the user's own files go."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import platformdirs

APP = "tpos-live"

_PACKAGE = Path(__file__).resolve().parent


class ResourceError(FileNotFoundError):
    """Shipped data that is not where it belongs; the message is one sentence for the user."""


def _there(path: Path, what: str) -> Path:
    if not path.exists():
        raise ResourceError(f"{what} is missing at {path}; install the program anew")
    return path


def presets_folder() -> Path:
    """The folder of the presets that ship: inside the package in a wheel, beside it in a checkout."""
    inside = _PACKAGE / "presets"
    return inside if inside.is_dir() else _there(_PACKAGE.parent / "presets", "the folder of presets")


def demo_track() -> Path:
    """The sound file that plays when there is no sound input."""
    return _there(_PACKAGE / "demo.ogg", "the demo track")


def embedded_model() -> Path:
    """The folder of the picture model that ships; found without importing anything that the engines need."""
    spec = find_spec("engines")
    if spec is None or not spec.submodule_search_locations:
        raise ResourceError("the package engines is missing; install the program anew")
    return _there(Path(next(iter(spec.submodule_search_locations))) / "embedded", "the embedded model")


def prompt_bank() -> Path:
    """The table of the prompt bank that ships."""
    return _there(_PACKAGE / "encoder" / "bank.safetensors", "the prompt bank")


def sound_encoder() -> Path | None:
    """The folder of the sound encoder that ships; None while none does."""
    folder = _PACKAGE / "encoder" / "shipped"
    return folder if folder.is_dir() else None


def user_folder(kind: str) -> Path:
    """The user's folder of one kind ("models", "presets", "banks", "encoders", "midi", "engines", "streams",
    "recordings", "settings").

    It need not be there. Engines, and the streams of ``bench hearing``, are caches that can be built again; recordings
    lie among the user's videos.
    """
    if kind in ("models", "presets", "banks", "encoders", "midi"):
        folder = Path(platformdirs.user_data_dir(APP, appauthor=False)) / kind
    elif kind in ("engines", "streams"):
        folder = Path(platformdirs.user_cache_dir(APP, appauthor=False)) / kind
    elif kind == "settings":
        folder = Path(platformdirs.user_config_dir(APP, appauthor=False))
    elif kind == "recordings":
        folder = Path(platformdirs.user_videos_dir()) / APP
    else:
        raise ValueError(f"there is no user folder of kind {kind!r}")
    return folder
