from clearance.models.chain import Act, Chain, ChainCheck, ChainLink
from clearance.models.device import Device, DeviceKind, DeviceState
from clearance.models.duty import Duty, Posting
from clearance.models.examination import (
    Answer,
    Compared,
    Comparison,
    Examination,
    ExaminationOutcome,
    Photo,
    Withdrawal,
)
from clearance.models.fallback import FallbackLine, FallbackList
from clearance.models.policy import Policy, SelectionRule, Watched, WatchEntry
from clearance.models.record import MatchedBy, Record, RecordKind
from clearance.models.report import Counted, LaneDay, SenderDay
from clearance.models.scan import Crossing, Scan, Verdict
from clearance.models.source import (
    Clocks,
    First,
    RecordFate,
    RecordImport,
    RecordImportLine,
    Source,
    SourceHeadings,
)
from clearance.models.version import VersionChange, VersionSwitch, VersionTrial

__all__ = [
    "Act",
    "Answer",
    "Chain",
    "ChainCheck",
    "ChainLink",
    "Clocks",
    "Compared",
    "Comparison",
    "Counted",
    "Crossing",
    "Device",
    "DeviceKind",
    "DeviceState",
    "Duty",
    "Examination",
    "ExaminationOutcome",
    "FallbackLine",
    "FallbackList",
    "First",
    "LaneDay",
    "MatchedBy",
    "Photo",
    "Policy",
    "Posting",
    "Record",
    "RecordFate",
    "RecordImport",
    "RecordImportLine",
    "RecordKind",
    "Scan",
    "SelectionRule",
    "SenderDay",
    "Source",
    "SourceHeadings",
    "Verdict",
    "VersionChange",
    "VersionSwitch",
    "VersionTrial",
    "WatchEntry",
    "Watched",
    "Withdrawal",
]
