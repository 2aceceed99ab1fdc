"""JSON → a situation, and what the reader wrote → the page after it, as JSON."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from spfengine.errors import SPFEngineError
from spfengine.report.edits.check import EditableCheck
from spfengine.report.edits.lint import EditableLint
from spfengine.report.edits.simulation import EditableSimulation
from spfengine.report.edits.situation import Edit, Situation
from spfengine.report.html import view_html
from spfengine.visible import visible

SCHEMA = "spfengine.situation/1"
_KINDS = (EditableSimulation, EditableCheck, EditableLint)
_LONGEST_ANSWER = 1000


def situation_json(situation: Situation) -> str:
    """Return a situation as JSON without "<". Raises RecordingError: an answer of it can't be written."""
    document = {"schema": SCHEMA, "kind": situation.kind, **situation.to_dict()}
    return json.dumps(document, separators=(",", ":")).replace("<", "\\u003c")


def situation_in(octets: str | bytes) -> Situation:
    """Return the situation that `situation_json` wrote."""
    document = json.loads(octets)
    [kind] = [each for each in _KINDS if each.kind == document["kind"]]
    situation: Situation = kind.from_dict(document)
    return situation


def responding(octets: bytes) -> Callable[[str], str]:
    """Return what answers the edits of a reader; `octets` are a situation, as JSON.

    An edit is JSON with the keys `drafts` and `entries`, the texts in the order of the situation, each null if it was
    left alone, and `senders`, a list of [address, MAIL FROM]. The answer is JSON with the keys `kind` and `subject`,
    what the view is and is about, `view`, HTML in which all text is escaped, and `answer`, a sentence; or `error`, a
    message.
    """
    situation = situation_in(octets)

    def respond(text: str) -> str:
        try:
            page = situation.page(_edit(json.loads(text)))
        except SPFEngineError as error:
            return json.dumps({"error": str(error)})
        said = "".join([span.text for span in page.answer])
        return json.dumps({
            "kind": page.kind,
            "subject": page.subject,
            "view": view_html(page, ""),
            "answer": visible(said, _LONGEST_ANSWER),
        })  # fmt: skip

    return respond


def _edit(document: Mapping[str, Any]) -> Edit:
    senders = tuple([(ip, mail_from) for ip, mail_from in document.get("senders", ())])
    return Edit(tuple(document.get("drafts", ())), tuple(document.get("entries", ())), senders)
