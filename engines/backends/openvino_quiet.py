"""OpenVINO without its telemetry.

OpenVINO's Python package reports its use over the network, from a forked process, as soon as it is imported; where the
telemetry package cannot be imported it uses a stub of its own. A show opens no network door that nobody asked for.
"""

import sys

sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]

import openvino as ov  # noqa: E402

__all__ = ["ov"]
