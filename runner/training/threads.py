"""LightGBM, loaded so that its threads sleep while they wait. Import it from here, never directly.

By default OpenMP's threads spin, which is fastest on an idle machine; on a busy one they keep each other from the
processor, and a training of two seconds was seen to take fifty. OpenMP reads the variable once, when it is loaded.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import lightgbm as lgb

__all__ = ["lgb"]
