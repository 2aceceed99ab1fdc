"""Find the SPF records that source code and configuration have in their strings, without running any of it."""

from spfengine.sources.finder import Found, Skipped, find_records
from spfengine.sources.places import Region
from spfengine.sources.record import FoundRecord, Unknown

__all__ = ["Found", "FoundRecord", "Region", "Skipped", "Unknown", "find_records"]
