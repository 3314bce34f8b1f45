"""Print what NDI costs a show, and how late its pictures are: ``python -m benchmarks.outputs``.

A second process receives, on this machine alone. The delay is from the show's hand to a program that looks every
millisecond.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from visualizer.output.ndi import NdiPort
from visualizer.output.port import PortSink
from visualizer.snapshots import HOP_SAMPLES, SAMPLE_RATE, Frame, Picture

FPS = 30
SECONDS = 10.0
SIZES = (256, 512)
CORNER = 16
LOOPBACK = '{"ndi":{"networks":{"ips":"127.0.0.1,","discovery":""},"adapters":{"allowed":["127.0.0.1"]}}}'


def receive() -> None:
    """Print when each change of the corner between black and white was seen, in seconds of ``perf_counter``."""
    from cyndilib.finder import Finder
    from cyndilib.receiver import Receiver
    from cyndilib.video_frame import VideoFrameSync
    from cyndilib.wrapper.ndi_recv import RecvBandwidth, RecvColorFormat

    finder, video, white = Finder(), VideoFrameSync(), False
    finder.open()
    while not finder.get_source_names():
        finder.wait_for_sources(0.2)
    receiver = Receiver(color_format=RecvColorFormat.RGBX_RGBA, bandwidth=RecvBandwidth.highest)
    receiver.frame_sync.set_video_frame(video)
    receiver.set_source(finder.get_source(finder.get_source_names()[0]))
    while True:
        receiver.frame_sync.capture_video()
        if video.xres and (video.get_array()[0] > 128) != white:
            white = not white
            print(time.perf_counter(), flush=True)
        time.sleep(0.001)


def measure(side: int) -> None:
    """Show for some seconds and print the figures."""
    noise = np.random.default_rng(1).integers(0, 256, (side // 8, side // 8, 3), np.uint8)
    dark: Picture = np.repeat(np.repeat(noise, 8, 0), 8, 1)
    light = dark.copy()
    dark[:CORNER, :CORNER], light[:CORNER, :CORNER] = 0, 255
    sink = PortSink(NdiPort((side, side), FPS, "TPoS benchmark"))
    peer = subprocess.Popen([sys.executable, "-m", "benchmarks.outputs", "receive"], stdout=subprocess.PIPE, text=True)
    time.sleep(3)
    block = np.zeros((HOP_SAMPLES, 2), np.float32)
    handed, taken, sample, number = [], [], 0, 0
    begun, spent = time.perf_counter(), time.process_time()
    while (passed := time.perf_counter() - begun) < SECONDS:
        if passed * SAMPLE_RATE >= sample + HOP_SAMPLES:
            sink.sound(block, sample)
            sample += HOP_SAMPLES
        if passed * FPS >= number:
            frame = Frame(light if number % 2 else dark, sample, number)
            handed.append(time.perf_counter())
            sink.frame(frame)
            taken.append(time.perf_counter() - handed[-1])
            number += 1
        time.sleep(0.001)
    cores = (time.process_time() - spent) / (time.perf_counter() - begun)
    time.sleep(0.2)
    sink.close()
    peer.terminate()
    seen = np.array([float(line) for line in peer.communicate()[0].splitlines()])
    changes = np.array(handed)
    # Each change seen belongs to the newest picture handed over before it.
    delays = 1000 * np.array([at - changes[changes < at][-1] for at in seen if begun + 0.1 < at < changes[-1] + 0.2])
    shown, slow = 1e6 * np.percentile(taken, [50, 99])
    late, later = np.percentile(delays, [50, 99])
    print(
        f"NDI {side} × {side}: show's thread {shown:.0f} µs a frame (99 % under {slow:.0f}), its own thread"
        f" {1000 * sink.busy_s / max(1, sink.sent):.2f} ms, all threads {cores:.3f} cores at {FPS} frames/s;"
        f" seen after {late:.1f} ms (99 % under {later:.1f}), {len(delays)} of {number}"
    )


def main() -> None:
    """Measure each size with an NDI that this machine alone can see."""
    if sys.argv[1:] == ["receive"]:
        receive()
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "ndi-config.v1.json").write_text(LOOPBACK)
        os.environ["NDI_CONFIG_DIR"] = folder
        for side in SIZES:
            measure(side)


if __name__ == "__main__":
    main()
