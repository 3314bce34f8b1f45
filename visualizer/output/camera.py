"""A virtual camera, for whatever takes a webcam: pyvirtualcam.

pyvirtualcam is GPL, so it is the extra ``camera`` and is imported only when a camera is asked for. It needs a device that
another program makes.
"""

from __future__ import annotations

import platform
from typing import Any

from visualizer.output.pixels import fitted
from visualizer.output.port import PortError
from visualizer.snapshots import FloatArray, Picture

MAKE_A_DEVICE = {
    "Linux": 'install v4l2loopback-dkms and run: sudo modprobe v4l2loopback exclusive_caps=1 card_label="TPoS Live".',
    "Windows": "install OBS Studio, whose virtual camera is used, and keep it stopped in OBS itself.",
    "Darwin": "install OBS Studio 30 or newer, start and stop its virtual camera there once, then close OBS.",
}


class CameraPort:
    """A virtual camera of ``size`` (width, height, both even); the picture fits into it, with bars where it must.

    fps: the rate it states. device: its name ("/dev/video10", "OBS Virtual Camera"); "" for the first there is.
    """

    name = "The virtual camera"
    takes_sound = False

    def __init__(self, size: tuple[int, int], fps: float, device: str = "") -> None:
        self._size, self._fps, self._device = size, fps, device
        self._camera: Any = None
        self._whole: Picture | None = None

    def open(self) -> str:
        """Open the device and return its name. Raises PortError where there is none."""
        width, height = self._size
        if min(self._size) < 2 or width % 2 or height % 2:
            raise PortError(f"A virtual camera cannot be {width} × {height}: give it an even width and height.")
        try:
            import pyvirtualcam
        except ImportError as failure:
            why = f"The virtual camera cannot be loaded ({failure})"
            raise PortError(f'{why}: pip install "tpos-live[camera]" adds it.') from None
        try:
            self._camera = pyvirtualcam.Camera(width, height, self._fps, device=self._device or None)
        except RuntimeError as failure:
            why = str(failure).splitlines()[0].split(" backend: ")[-1].split(". ")[0].rstrip(".")
            advice = MAKE_A_DEVICE.get(platform.system(), "use NDI instead.")
            raise PortError(f"There is no virtual camera to send to ({why}): {advice}") from None
        return str(self._camera.device)

    def picture(self, picture: Picture) -> None:
        """Send one picture."""
        whole = fitted(picture, self._size, self._whole)
        if whole is not picture:
            self._whole = whole
        self._camera.send(whole)

    def sound(self, block: FloatArray) -> None:
        """A camera takes no sound."""

    def close(self) -> None:
        """Give the device back."""
        if self._camera is not None:
            self._camera.close()
            self._camera = None
