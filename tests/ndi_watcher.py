"""What another program sees and hears of the NDI source: run as a process of its own, it saves what has arrived.

python ndi_watcher.py FILE.npz SECONDS [WIDTH]: for so long from the first picture on, or from the first that is so wide.
Saved: ``picture`` (the last: luma, shape (H, W), of 16 to 235), ``chroma`` (Cb and Cr, (H, W / 2, 2)), ``rate``,
``numbers`` and ``times`` (what ``number_of`` reads of each picture, and when it was there, of ``time.perf_counter``),
``sound`` (2, n), ``sound_rate``.

It speaks to NDI's library itself: cyndilib's receivers always come with a frame synchroniser, which takes a part of the
frames away from whoever wants to see them all. UYVY is what NDI's decoder gives; its way to RGB would blur the check.
"""

from __future__ import annotations

import ctypes as c
import sys
import time
from pathlib import Path

import numpy as np

BITS = 8
PATIENCE_S = 20.0
VIDEO, AUDIO = 1, 2
UYVY = 3  # NDIlib_recv_color_format_UYVY_RGBA
HIGHEST = 100  # NDIlib_recv_bandwidth_highest


class Source(c.Structure):
    _fields_ = (("name", c.c_char_p), ("address", c.c_char_p))


class Create(c.Structure):
    _fields_ = (
        ("source", Source), ("format", c.c_int), ("bandwidth", c.c_int), ("fields", c.c_bool), ("name", c.c_char_p),
    )  # fmt: skip


class Video(c.Structure):
    _fields_ = (
        ("width", c.c_int), ("height", c.c_int), ("fourcc", c.c_int), ("rate_n", c.c_int), ("rate_d", c.c_int),
        ("aspect", c.c_float), ("format", c.c_int), ("timecode", c.c_int64), ("data", c.c_void_p), ("stride", c.c_int),
        ("metadata", c.c_char_p), ("stamp", c.c_int64),
    )  # fmt: skip


class Audio(c.Structure):
    _fields_ = (
        ("rate", c.c_int), ("channels", c.c_int), ("samples", c.c_int), ("timecode", c.c_int64), ("fourcc", c.c_int),
        ("data", c.c_void_p), ("stride", c.c_int), ("metadata", c.c_char_p), ("stamp", c.c_int64),
    )  # fmt: skip


def number_of(luma: np.ndarray) -> int:
    """The number in the top left corner: eight squares of 8 pixels, white for 1, the lowest bit first."""
    return sum(1 << bit for bit in range(BITS) if luma[4, 8 * bit + 4] > 128)


def with_number(picture: np.ndarray, number: int) -> np.ndarray:
    """A copy of the picture that carries ``number``, 0 to 255."""
    marked = picture.copy()
    for bit in range(BITS):
        marked[:8, 8 * bit : 8 * bit + 8] = 255 * (number >> bit & 1)
    return marked


def library() -> c.CDLL:
    """NDI's library out of cyndilib's wheel."""
    import cyndilib

    folder = Path(cyndilib.__file__).parent
    names = ("libndi*.so*", "libndi*.dylib", "Processing.NDI.Lib*.dll")
    places = (folder.with_name("cyndilib.libs"), folder / ".dylibs", folder / "wrapper" / "bin")
    found = [path for place in places for name in names for path in sorted(place.rglob(name))]
    ndi = c.CDLL(str(found[0]))
    for call in ("find_create_v2", "find_get_current_sources", "recv_create_v3"):
        getattr(ndi, f"NDIlib_{call}").restype = c.c_void_p
    return ndi


def watch(path: str, seconds: float, width: int) -> None:
    ndi, begun = library(), time.perf_counter()
    ndi.NDIlib_initialize()
    finder, count = c.c_void_p(ndi.NDIlib_find_create_v2(None)), c.c_uint32()
    ours: list[Source] = []
    while not ours and time.perf_counter() - begun < PATIENCE_S:
        ndi.NDIlib_find_wait_for_sources(finder, 200)
        sources = c.cast(ndi.NDIlib_find_get_current_sources(finder, c.byref(count)), c.POINTER(Source))
        ours = [source for source in sources[: count.value] if b"(TPoS Live)" in source.name]
    if not ours:
        sys.exit("no NDI source called TPoS Live")
    receiver = c.c_void_p(ndi.NDIlib_recv_create_v3(c.byref(Create(ours[0], UYVY, HIGHEST, True, None))))
    video, audio, until = Video(), Audio(), begun + PATIENCE_S
    numbers, times, sound, uyvy, rate = [], [], [np.zeros((2, 0), np.float32)], None, 0.0
    while time.perf_counter() < until:
        kind = ndi.NDIlib_recv_capture_v3(receiver, c.byref(video), c.byref(audio), None, 20)
        if kind == VIDEO:
            if not width or video.width == width:
                if uyvy is None:
                    until = time.perf_counter() + seconds
                raw = (c.c_uint8 * (video.height * video.stride)).from_address(video.data)
                uyvy = np.array(raw).reshape(video.height, video.stride // 2, 2)[:, : video.width]
                numbers.append(number_of(uyvy[..., 1]))
                times.append(time.perf_counter())
                rate = video.rate_n / video.rate_d
            ndi.NDIlib_recv_free_video_v2(receiver, c.byref(video))
        elif kind == AUDIO:
            raw = (c.c_uint8 * (audio.channels * audio.stride)).from_address(audio.data)
            sound.append(np.array(raw).view(np.float32).reshape(audio.channels, -1)[:, : audio.samples])
            ndi.NDIlib_recv_free_audio_v3(receiver, c.byref(audio))
    if uyvy is None:
        sys.exit("no picture came")
    chroma = uyvy[..., 0].reshape(len(uyvy), -1, 2)
    np.savez(
        path, picture=uyvy[..., 1], chroma=chroma, rate=rate, numbers=numbers, times=times, sound=np.concatenate(sound, 1),
        sound_rate=audio.rate,
    )  # fmt: skip


if __name__ == "__main__":
    watch(sys.argv[1], float(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 0)
