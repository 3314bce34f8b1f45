"""What is measured: each measure plans its jobs, and reads the frames that come of them into plain numbers."""

from .change import CHANGE
from .diversity import DIVERSITY
from .plan import Done, Figures, Plan
from .recognition import HELD, NAMED, RIDDLED
from .response import RESPONSE

__all__ = ["MEASURES", "Done", "Figures", "Plan"]

MEASURES = (NAMED, HELD, RIDDLED, DIVERSITY, RESPONSE, CHANGE)
"""Every measure that paints; the judge's ceiling needs no stream."""
