"""Words to token ids: one tokenizer of CLIP's, or the two of a model whose text two encoders read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from engines.folder import ModelError, read_json
from engines.model import ModelInfo

END = "<|endoftext|>"


class Tokenizer:
    """Words to token ids of a fixed length, from ``tokenizer.json`` where there is one (quick), else vocab and merges."""

    def __init__(self, folder: Path) -> None:
        config_path = folder / "tokenizer_config.json"
        config = read_json(config_path) if config_path.exists() else {}
        self.length = min(int(config.get("model_max_length", 77)), 77)
        self._fast: Any = None
        self._slow: Any = None
        if (folder / "tokenizer.json").exists():
            from tokenizers import Tokenizer as Fast

            try:
                self._fast = Fast.from_file(str(folder / "tokenizer.json"))
            except Exception as error:  # the library raises nothing narrower
                raise ModelError(f"{folder}/tokenizer.json cannot be read ({error}): copy the folder again") from error
            pad = _padding(folder, config)
            self._fast.enable_truncation(self.length)
            self._fast.enable_padding(length=self.length, pad_id=self._fast.token_to_id(pad) or 0, pad_token=pad)
        else:
            from transformers import CLIPTokenizer

            try:
                self._slow = CLIPTokenizer.from_pretrained(folder, local_files_only=True)
            except Exception as error:
                raise ModelError(f"{folder} holds no usable tokenizer ({error}): copy the folder again") from error

    def __call__(self, text: str) -> list[int]:
        """Token ids, ``length`` of them."""
        text = text.encode("utf-8", "replace").decode()  # half a surrogate pair is no text
        if self._fast is not None:
            return list(self._fast.encode(text).ids)
        return list(self._slow(text, padding="max_length", truncation=True, max_length=self.length).input_ids)


class Tokenizers:
    """A text to one row of token ids for each text encoder of a model."""

    def __init__(self, info: ModelInfo) -> None:
        self._each = [Tokenizer(info.parts[part]) for part in ("tokenizer", "tokenizer_2") if part in info.parts]

    def __call__(self, text: str) -> list[list[int]]:
        """Token ids, (encoders, tokens)."""
        return [tokenizer(text) for tokenizer in self._each]


def _padding(folder: Path, config: dict[str, Any]) -> str:
    """What fills a short text up: OpenCLIP's encoders were trained with another sign than CLIP's own."""
    given = config.get("pad_token")
    special = folder / "special_tokens_map.json"
    if "added_tokens_decoder" not in config and special.exists():
        given = read_json(special).get("pad_token", given)
    return str((given.get("content") if isinstance(given, dict) else given) or END)
