"""Who this gate is: written when it enrols, read whenever it starts."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

FILE = "gate.json"


@dataclass(frozen=True, slots=True)
class Identity:
    url: str
    token: str
    name: str
    checkpoint: str
    lane: str
    rights: tuple[str, ...]

    @classmethod
    def of(cls, url: str, token: str, told: dict[str, Any]) -> Identity:
        """Take what the server told of this device."""
        rights = tuple(told["rights"])
        return cls(url, token, told["name"], told["checkpoint"], told["lane"], rights)

    def hear(self, told: dict[str, Any]) -> Identity:
        """Take over what a supervisor has changed since."""
        return replace(self, name=told["name"], lane=told["lane"], rights=tuple(told["rights"]))


def read_identity(folder: Path) -> Identity | None:
    """Read who this gate is; None before it has enrolled."""
    try:
        said = json.loads((folder / FILE).read_text())
    except FileNotFoundError:
        return None
    return Identity(**{**said, "rights": tuple(said["rights"])})


def write_identity(folder: Path, identity: Identity) -> None:
    """Write it for this user's eyes alone, whole or not at all, whenever the power goes."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    beside = folder / f"{FILE}.new"
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(asdict(identity), file)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(folder / FILE)
    in_folder = os.open(folder, os.O_RDONLY)
    os.fsync(in_folder)
    os.close(in_folder)
