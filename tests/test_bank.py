"""The prompt bank: spaces, wordings, the users' own texts."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from small_encoder import fake_teach, small_bank

from visualizer.__main__ import main
from visualizer.encoder.bank import BankError, read_table
from visualizer.encoder.bank_texts import Entry, make_bank, read_texts
from visualizer.encoder.banks import bank_for, load_bank
from visualizer.encoder.space import normalised
from visualizer.resources import prompt_bank

pytestmark = pytest.mark.usefixtures("one_thread")


def test_the_bank_that_ships() -> None:
    bank = read_table(prompt_bank())
    entries = read_texts(Path(__file__).parents[1] / "visualizer" / "encoder" / "bank.toml")
    assert len(bank) >= 150 and bank.texts == tuple(entry.text for entry in entries)
    assert len(set(bank.groups)) == 10
    row = bank.texts.index("heavy rain")
    weights = bank.weights(bank.vectors[row])
    assert weights.sum() == pytest.approx(1, abs=1e-5) and weights.argmax() == row
    assert bank.groups[row] == "weather"
    assert np.count_nonzero(bank.weights(bank.vectors[row], top=5)) == 5
    sharp, soft = (bank.weights(bank.vectors[row], temperature=t)[row] for t in (0.02, 0.2))
    assert sharp > soft


def test_the_bank_abstains_where_nothing_stands_out() -> None:
    bank = small_bank()
    latent = bank.vectors[2]
    assert bank.weights(latent).sum() == pytest.approx(1, abs=1e-6)
    assert bank.weights(latent, margin=2.0).sum() == 0
    assert bank.weights(np.full(24, np.nan, np.float32)).sum() == 0
    assert bank.weights(np.zeros(24, np.float32), margin=-1).sum() == pytest.approx(1, abs=1e-6)
    with pytest.raises(ValueError, match="temperature"):
        bank.weights(latent, temperature=0)


def test_another_text_space_is_refused() -> None:
    bank = small_bank()
    bank.check(bank.space)
    with pytest.raises(BankError, match="text space"):
        bank.check("0123456789abcdef")
    with pytest.raises(BankError, match="values"):
        bank.similarities(np.zeros(7, np.float32))


def test_wordings_are_averaged_and_the_centre_is_taken_out() -> None:
    entries = [Entry("red sea", "a", ("red ocean",)), Entry("blue sky", "b"), Entry("green hill", "b")]
    bank = make_bank(entries, fake_teach, "teacher")
    every = fake_teach(["red sea", "red ocean", "blue sky", "green hill"])
    around = normalised(every - every.mean(0))
    assert np.allclose(bank.vectors[0], normalised(around[:2].mean(0)), atol=1e-5)
    assert np.allclose(bank.vectors[1], around[2], atol=1e-5)


def test_a_users_own_bank(tmp_path: Path) -> None:
    shipped, folder = tmp_path / "shipped.safetensors", tmp_path / "banks"
    small_bank().save(shipped)
    assert len(load_bank(shipped, folder)[0]) == 12
    folder.mkdir()
    (folder / "mine.toml").write_text('[club]\n"laser fog" = []\n')
    bank, (left_out,) = load_bank(shipped, folder)
    assert len(bank) == 12 and re.search(r"mine\.toml.*laser fog.*visualizer train bank", left_out)
    mine, table = read_texts(folder / "mine.toml"), folder / "mine.safetensors"
    make_bank(mine, fake_teach, "teacher", small_bank().centre).save(table)
    bank, left_out = load_bank(shipped, folder)
    assert bank.texts[-1] == "laser fog" and bank.groups[-1] == "club" and not left_out
    assert bank.fingerprint != load_bank(shipped)[0].fingerprint
    make_bank(mine, fake_teach, "another teacher").save(table)
    bank, (left_out,) = load_bank(shipped, folder)
    assert len(bank) == 12 and "mine.safetensors" in left_out and "text space" in left_out and "\n" not in left_out
    with pytest.raises(BankError, match="there is no prompt bank"):
        load_bank(tmp_path / "none.safetensors", folder)


def test_an_encoder_brings_the_bank_of_its_own_space(tmp_path: Path) -> None:
    assert bank_for(tmp_path) == prompt_bank()
    small_bank().save(tmp_path / "bank.safetensors")
    assert load_bank(bank_for(tmp_path))[0].space == small_bank().space


@pytest.mark.parametrize(
    ("text", "words"),
    [("x = 1", "outside a group"), ('[a]\n"b" = 3', "other wording"), ("[a]", "no texts"), ("[a", "cannot be read")],
)
def test_a_bank_that_is_written_wrong_is_one_sentence(text: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "bank.toml"
    path.write_text(text)
    with pytest.raises(BankError, match=words):
        read_texts(path)


def test_the_bank_that_ships_is_what_its_teacher_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts, written = tmp_path / "mine.toml", read_texts(prompt_bank().with_suffix(".toml"))
    entries = [entry for entry in written if entry.text in ("heavy rain", "birdsong")]
    rows = [f"{json.dumps(entry.text)} = {json.dumps(entry.wordings, ensure_ascii=False)}" for entry in entries]
    texts.write_text("\n".join(["[mine]", *rows, '"a downpour at night" = []']) + "\n")
    monkeypatch.setattr(sys, "argv", ["visualizer", "train", "bank", str(texts)])
    assert main() == 0
    shipped, mine = read_table(prompt_bank()), read_table(tmp_path / "mine.safetensors")
    mine.check(shipped.space)
    for entry in entries:
        one, other = (bank.vectors[bank.texts.index(entry.text)] for bank in (shipped, mine))
        assert one @ other > 0.999
    like = shipped.similarities(mine.vectors[mine.texts.index("a downpour at night")])
    assert "rain" in shipped.texts[int(like.argmax())]


def test_the_bank_and_the_command_line_do_not_import_torch() -> None:
    code = "import sys, visualizer.__main__, visualizer.encoder.bank; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "False", done.stderr
