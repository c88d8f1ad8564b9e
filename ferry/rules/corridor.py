"""How long each part of the corridor may take before somebody should ask."""

from __future__ import annotations

from datetime import timedelta

#: A code whose window ends within this may lapse unless its driver sets off now.
WINDOW_ENDS = timedelta(hours=3)
#: Open time from the exit to the entry, and from the exit to the consignee's receipt.
ENTRY_EXPECTED = timedelta(hours=6)
RECEIPT_EXPECTED = timedelta(hours=24)
#: A paper that expires within this is worth renewing now.
PAPER_ENDS = timedelta(days=30)
