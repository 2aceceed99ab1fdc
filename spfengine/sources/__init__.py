"""Find the SPF records that source code and configuration have in their strings, without running any of it."""

from spfengine.sources.finder import Found, UnreadFile, find_records
from spfengine.sources.places import Region
from spfengine.sources.record import FoundRecord, Unknown

__all__ = ["Found", "FoundRecord", "Region", "Unknown", "UnreadFile", "find_records"]
