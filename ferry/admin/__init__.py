"""The operator's pages: who and what the system knows. What happened is read here, never written."""

from ferry.admin import accounts, companies, keys, people, places, records  # noqa: F401
