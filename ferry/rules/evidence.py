"""One digest for the facts a case rests on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any


def evidence_digest(facts: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()
