from typing import NamedTuple


class SMTPReply(NamedTuple):
    code: int
    enhanced: str
    text: str
