"""Name files by their content: what Vite built is named so already, and its scripts use that name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whitenoise.storage import CompressedManifestStaticFilesStorage

if TYPE_CHECKING:
    from django.core.files.base import File

BUILT = "dist/assets/"


class NamedOnce(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # untyped
    """Leave built files their names: under a second one, a script that others import is fetched twice."""

    def file_hash(self, name: str, content: File[Any] | None = None) -> str | None:
        if name and name.startswith(BUILT):
            return None
        hashed: str | None = super().file_hash(name, content)
        return hashed
