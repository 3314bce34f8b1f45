"""The wheel, installed away from the checkout, holds everything a show needs."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def test_a_wheel_outside_the_checkout_renders_the_demo_track(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(ROOT)]
    done = subprocess.run(build, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr + done.stdout
    (wheel,) = tmp_path.glob("*.whl")
    assert wheel.stat().st_size < 40e6
    presets = {Path(name) for name in zipfile.ZipFile(wheel).namelist() if name.startswith("visualizer/presets/")}
    looks = {path.with_suffix(".toml") for path in presets}
    assert len(looks) >= 20 and presets == looks | {path.with_suffix(".jpg") for path in looks}
    venv.create(tmp_path / "env", with_pip=True)
    python = tmp_path / "env" / ("Scripts" if os.name == "nt" else "bin") / "python"
    install = [str(python), "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", str(wheel)]
    subprocess.run(install, check=True, capture_output=True)
    # The dependencies come from the environment of the tests; path files in there (the checkout's) are not followed.
    site = subprocess.run(
        [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    (Path(site) / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(python), *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=240
        )

    where = run("-c", "import visualizer, engines; print(visualizer.__file__, engines.__file__)").stdout
    assert str(ROOT) not in where and str(tmp_path) in where
    demo = run("-c", "from visualizer.resources import demo_track; print(demo_track())").stdout.strip()
    assert str(ROOT) not in demo
    done = run("-m", "visualizer", "render", demo, "demo.mp4", "--seconds", "3")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "demo.mp4").stat().st_size > 20_000
