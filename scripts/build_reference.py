"""Write `docs/reference/python.md` from the docstrings: every public name, and what the values of these names hold.

    python3 scripts/build_reference.py

The page is made from the source text, not by running it. A test fails where the page is not what this makes.
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import TextWrapper, dedent, indent
from typing import NamedTuple

REPOSITORY = Path(__file__).resolve().parent.parent
PAGE = REPOSITORY / "docs" / "reference" / "python.md"
WIDTH = 120

HEAD = """# Python reference

<!-- Made by scripts/build_reference.py from the docstrings; change those, and run it again. -->

All names below are attributes of `spfengine`, unless the page says where they are imported from. `import spfengine` is
cheap: policies, simulations, zones, live DNS and what reads header fields are loaded when they are first used. Values
are immutable. Codes of problems stand in [problems.md](problems.md), JSON forms in [json.md](json.md), the command in
[command-line.md](command-line.md).
"""

# Every public name in the chapter where a reader looks for it. Names that stand in no chapter come last.
CHAPTERS: dict[str, list[str]] = {
    "Check a client": [
        "check", "check_helo", "check_both", "check_record", "acheck", "acheck_helo", "acheck_both", "acheck_record",
        "CheckResult", "Result", "Limits", "VoidRule",
    ],
    "Check many clients": ["Checker"],
    "Why: problems and traces": [
        "Problem", "ProblemCode", "Trace",
        "spfengine.evaluation.trace:TracedRecord", "spfengine.evaluation.trace:TracedTerm",
        "spfengine.evaluation.trace:TracedQuestion", "spfengine.evaluation.trace:Expansion",
        "spfengine.evaluation.trace:Outcome",
    ],
    "Records": [
        "parse", "diagnose", "Record",
        "spfengine.record.model:Term", "spfengine.record.model:Directive", "spfengine.record.model:Modifier",
    ],
    "What answers": [
        "Resolver", "AsyncResolver", "Question", "RRType", "Answer", "Status", "Zone", "Overlay", "LiveResolver",
        "Cache", "Recorder", "Recording", "read_zone",
    ],
    "The meaning for every address": [
        "Policy", "Outcome", "Change", "Budget",
        "spfengine.policy.budget:Cost", "spfengine.policy.outcome:Dependency", "spfengine.policy.outcome:Input",
        "spfengine.policy.outcome:Branch", "spfengine.policy.outcome:Choice",
        "spfengine.policy.reachability:Reachability", "spfengine.policy.reachability:Unreachable",
        "spfengine.policy.reachability:Reason", "spfengine.policy.reachability:Covered",
        "spfengine.policy.reachability:Overlap",
    ],
    "All that a record leads to": [
        "include_tree", "ainclude_tree", "IncludeTree",
        "spfengine.policy.include_tree:TreeRecord", "spfengine.policy.include_tree:TreeTerm",
    ],
    "Who sends: evidence": [
        "read_evidence", "Evidence", "Sender",
        "spfengine.evidence.ledger:SourceKind", "spfengine.evidence.ledger:Unread",
        "spfengine.evidence.values:Bounds", "spfengine.evidence.reading:iterate_senders",
        "spfengine.evidence.ledger:Ledger", "spfengine.senders:unknown_facts",
    ],
    "What a draft changes": [
        "simulate", "asimulate", "compare", "Simulation", "SenderChange", "Effect", "forms",
        "spfengine.simulation.records:RecordChange", "spfengine.simulation.records:TermChange",
        "spfengine.simulation.records:Standing",
    ],
    "A change against any number of senders": [
        "replay", "replay_files", "Totals",
        "spfengine.replaying.totals:Total", "spfengine.replaying.totals:ReplayedSender",
    ],
    "Alignment with From": ["alignment", "aalignment", "Alignment", "PublicSuffixes"],
    "Whose an address is": [
        "identify", "identify_many", "aidentify", "aidentify_many", "RDAP", "Identification", "Match",
        "spfengine.advice.identify.identification:How", "spfengine.advice.identify.identification:Missing",
        "spfengine.advice.catalogue.reading:Confidence", "Catalogue", "Provider",
        "spfengine.advice.catalogue.reading:ProviderKind", "spfengine.advice.catalogue.reading:Attested",
        "spfengine.advice.catalogue.catalogue:Suffix",
    ],
    "Which record to have": [
        "suggest", "asuggest", "Suggestion",
        "spfengine.advice.suggest.suggestion:Advice", "spfengine.advice.suggest.suggestion:TermAdvice",
        "spfengine.advice.suggest.suggestion:SenderAdvice", "spfengine.advice.suggest.suggestion:SenderStanding",
        "spfengine.advice.suggest.suggestion:Caveat", "spfengine.advice.suggest.suggestion:CaveatCode",
        "spfengine.advice.suggest.suggestion:Alternative", "spfengine.advice.suggest.candidates:Rejected",
        "spfengine.advice.suggest.search:Shortfall", "spfengine.advice.suggest.search:Limit",
    ],
    "Networks in place of includes": [
        "flatten", "aflatten", "Flattening", "spfengine.advice.flatten.flattening:FlatRecord",
        "spfengine.advice.flatten.choosing:Replaced", "spfengine.advice.flatten.choosing:Kept",
        "spfengine.advice.flatten.flattening:Proof",
    ],
    "What others changed": [
        "snapshot", "asnapshot", "Snapshot", "drift", "adrift", "Drift", "spfengine.advice.drift.drift:DomainDrift",
        "spfengine.advice.drift.drift:AnswerChange", "spfengine.advice.drift.drift:Kind",
    ],
    "What is wrong with a domain's SPF": ["lint", "alint", "lint_zone", "Finding", "Severity", "LintCode"],
    "What many domains' SPF comes to": ["survey", "asurvey", "SurveyedDomain", "DomainState"],
    "Header fields and SMTP replies": [
        "SMTPReply", "parse_received_spf", "ReceivedSPF", "parse_authentication_results", "AuthenticationResults",
        "MethodResult",
    ],
    "Tests": [
        "spfengine.testing:FakeDNS", "spfengine.testing:Query", "spfengine.testing:Fault",
        "spfengine.testing:FaultKind", "spfengine.testing.checking:SPFCheck",
    ],
    "Errors": [
        "SPFEngineError", "RecordSyntaxError", "AddressError", "ArgumentError", "ZoneError", "RecordingError",
        "CatalogueError", "HeaderError", "ResolverError", "MissingExtraError",
    ],
}  # fmt: skip

# Classes that users make themselves; all others come out of a function or method.
MADE_BY_USERS = {
    "Limits", "Question", "Zone", "Overlay", "LiveResolver", "Cache", "Checker", "Recorder", "Recording", "Sender",
    "FakeDNS", "Fault", "Bounds", "Ledger", "Catalogue", "Provider", "Attested", "RDAP", "PublicSuffixes", "Totals",
}  # fmt: skip

# Names that two things have.
SAME_NAME = {"spfengine.evaluation.trace:Outcome": "of a term"}

# What the code works with, in classes that users meet.
NOT_FOR_USERS = {"fields", "compared", "memo", "table", "steps", "inputs", "from_rrsets", "meaning", "answering", "at"}

_SECTION = re.compile(r"(Args|Attributes|Raises|Returns|Yields):$")
_ENTRY = re.compile(r"([\w*, ]+): (.*)")
_Function = ast.FunctionDef | ast.AsyncFunctionDef
_Definition = _Function | ast.ClassDef


class Docs(NamedTuple):
    """A docstring: its paragraphs, and its sections with their entries (name, text)."""

    paragraphs: list[str]
    sections: dict[str, list[tuple[str, str]]]


def read_docs(text: str) -> Docs:
    """Return a docstring's parts."""
    paragraphs: list[str] = []
    sections: dict[str, list[tuple[str, str]]] = {}
    entries: list[tuple[str, str]] | None = None
    for line in text.split("\n"):
        section = _SECTION.match(line)
        if section is not None:
            entries = sections.setdefault(section[1], [])
        elif entries is not None and line.startswith("    "):
            entry = _ENTRY.match(line[4:])
            if entry is not None:
                entries.append((entry[1], entry[2]))
            elif entries:
                entries[-1] = (entries[-1][0], f"{entries[-1][1]} {line.strip()}")
            else:
                entries.append(("", line.strip()))
        elif line.strip() or entries is None:
            entries = None
            paragraphs.append(line)
    return Docs("\n".join(paragraphs).strip().split("\n\n"), sections)


def body_of(module: str) -> list[ast.stmt]:
    """Return the statements of a module, those of the modules it takes its public names from included."""
    path = REPOSITORY / Path(*module.split("."))
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return ast.parse(file.read_text(encoding="utf-8")).body


def find(name: str, module: str = "spfengine") -> _Definition:
    """Return the definition of a name, following imports.

    Raises:
        SystemExit: there is none.
    """
    body = body_of(module)
    for statement in body:
        if isinstance(statement, _Definition) and statement.name == name:
            return statement
    for node in ast.walk(ast.Module(body, [])):
        if isinstance(node, ast.ImportFrom) and name in [alias.name for alias in node.names]:
            return find(name, node.module or "spfengine")
    raise SystemExit(f"{module} has no {name}: correct CHAPTERS in {Path(__file__).name}")


class _Plain(ast.NodeTransformer):
    """Annotations without quotes, and defaults as a user would write them."""

    def visit_arg(self, node: ast.arg) -> ast.arg:
        """Take an argument's annotation out of its quotes."""
        if node.annotation is not None:
            node.annotation = self.visit(_unquoted(node.annotation))
        return node

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """Write what a module names for itself as what it stands for."""
        return ast.parse(_STANDS_FOR[node.id], mode="eval").body if node.id in _STANDS_FOR else node


_STANDS_FOR = {
    "DEFAULT_LIMITS": "Limits()",
    "AnyResolver": "Resolver | AsyncResolver",
    "AnyPath": "str | os.PathLike[str]",
    "Policies": "Iterable[tuple[Policy | Mapping[str, object], Policy | Mapping[str, object]]]",
    "OnProgress": "Callable[[int, int | None], None]",
    "DEFAULT_BOUNDS": "Bounds()",
    "MAX_LISTED": "1000",
    "Drafts": "Mapping[str | bytes, Mapping[str, object] | None]",
    "ZoneMapping": "Mapping[str | bytes, Mapping[str, object]]",
    "TextRecord": "str | bytes | tuple[str | bytes, ...]",
}


def _unquoted(expression: ast.expr) -> ast.expr:
    if isinstance(expression, ast.Constant) and isinstance(expression.value, str):
        return ast.parse(expression.value, mode="eval").body
    return expression


def annotation(expression: ast.expr) -> str:
    """Return an annotation as text."""
    return ast.unparse(_unquoted(expression))


def signature(function: _Function, shown: str, *, bound: bool) -> str:
    """Return a call as people read it, over several lines where it is long.

    Args:
        function: what is called.
        shown: how it is called.
        bound: whether the first argument is not given by the caller.
    """
    arguments = _Plain().visit(function.args)
    assert isinstance(arguments, ast.arguments)
    if bound:
        (arguments.posonlyargs or arguments.args).pop(0)
    returns = (
        "" if function.returns is None or shown[0].isupper() else f" -> {ast.unparse(_unquoted(function.returns))}"
    )
    awaited = "await " if isinstance(function, ast.AsyncFunctionDef) else ""
    parts = list(_arguments(arguments))
    line = f"{awaited}{shown}({', '.join(parts)}){returns}"
    if len(line) <= 100:
        return line
    return f"{awaited}{shown}(\n" + "".join(f"    {part},\n" for part in parts) + f"){returns}"


def _arguments(arguments: ast.arguments) -> Iterator[str]:
    """Yield each argument as it would be written on a line of its own."""
    plain = [*arguments.posonlyargs, *arguments.args]
    defaults: list[ast.expr | None] = [*[None] * (len(plain) - len(arguments.defaults)), *arguments.defaults]
    for argument, default in zip(plain, defaults, strict=True):
        yield _argument(argument, default)
    if arguments.vararg is not None:
        yield f"*{ast.unparse(arguments.vararg)}"
    elif arguments.kwonlyargs:
        yield "*"
    for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        yield _argument(argument, default)


def _argument(argument: ast.arg, default: ast.expr | None) -> str:
    return ast.unparse(argument) + ("" if default is None else f" = {ast.unparse(default)}")


def wrap(text: str, subsequent_indent: str = "") -> list[str]:
    """Return the lines of a paragraph; words stay whole."""
    wrapper = TextWrapper(WIDTH, subsequent_indent=subsequent_indent, break_long_words=False, break_on_hyphens=False)
    return wrapper.wrap(text)


def flowed(text: str) -> str:
    """Return text with its paragraphs wrapped, lists line by line."""
    if text.startswith("- "):
        items = re.split(r"\n(?=- )", text)
        return "\n".join("\n".join(wrap(item, "  ")) for item in items)
    return "\n".join(wrap(text))


def told(docs: Docs) -> Iterator[str]:
    """Yield the blocks of a docstring as Markdown."""
    for paragraph in docs.paragraphs:
        if paragraph.startswith("    "):
            yield f"```text\n{dedent(paragraph)}\n```"
        elif paragraph:
            yield flowed(paragraph)
    for section, entries in docs.sections.items():
        lines = []
        for name, text in entries:
            names = ", ".join(f"`{each}`" for each in name.split(", "))
            lines += wrap(f"- {names}: {text}" if name else f"- {text}", "  ")
        yield f"{section}:\n\n" + "\n".join(lines)


def docs_of(definition: _Definition) -> Docs:
    """Return the docstring of a definition, taken apart."""
    return read_docs(ast.get_docstring(definition) or "")


def told_name(name: str) -> Iterator[str]:
    """Yield the blocks that tell of a name; "module:name" is imported from there."""
    module, _, own = name.rpartition(":")
    definition = find(own, module or "spfengine")
    yield f"### `{own}`" if name not in SAME_NAME else f"### `{own}` {SAME_NAME[name]}"
    if module:
        yield f"`from {module} import {own}`"
    if not isinstance(definition, ast.ClassDef):
        yield f"```text\n{signature(definition, own, bound=False)}\n```"
        yield from told(docs_of(definition))
        return
    functions = [each for each in definition.body if isinstance(each, _Function)]
    maker = next((each for each in functions if each.name == "__init__"), None)
    if maker is not None and own in MADE_BY_USERS:
        yield f"```text\n{signature(maker, own, bound=True)}\n```"
    yield from told(docs_of(definition))
    if maker is not None and own in MADE_BY_USERS:
        yield from told(docs_of(maker))
    if own == "ProblemCode":
        yield "Each code, what it means and what to do: [problems.md](problems.md)."
    elif own == "LintCode":
        yield "Each code, what it means and what to do: [lint.md](lint.md)."
    elif any(isinstance(base, ast.Name) and base.id == "StrEnum" for base in definition.bases):
        yield "\n".join(values(definition))
    members = [
        each
        for each in functions
        if each.name[0] != "_" and each.name not in NOT_FOR_USERS and ast.get_docstring(each) is not None
    ]
    if members:
        yield "Methods and properties:"
        yield "\n".join(line for each in members for line in told_member(own, each))


def values(definition: ast.ClassDef) -> Iterator[str]:
    """Yield a line for each value of an enumeration."""
    body = definition.body
    for place, each in enumerate(body):
        if isinstance(each, ast.Assign) and isinstance(each.value, ast.Constant):
            behind = body[place + 1] if place + 1 < len(body) else None
            text = ""
            if isinstance(behind, ast.Expr) and isinstance(behind.value, ast.Constant):
                text = ": " + " ".join(str(behind.value.value).split())
            yield from wrap(f"- `{each.value.value!s}`{text}", "  ")


def told_member(owner: str, function: _Function) -> Iterator[str]:
    """Yield the lines of a method or property, as an item of a list."""
    decorators = {ast.unparse(each) for each in function.decorator_list}
    docs = docs_of(function)
    first, *others = docs.paragraphs
    shown = function.name
    if "property" not in decorators:
        called = f"{owner}.{function.name}" if "classmethod" in decorators else f".{function.name}"
        shown = " ".join(signature(function, called, bound=True).split()).replace("( ", "(").replace(", )", ")")
    elif function.returns is not None:
        shown = f".{function.name}: {annotation(function.returns)}"
    yield from wrap(f"- `{shown}`: {first}", "  ")
    for block in told(Docs(others, docs.sections)):
        yield ""
        yield indent(block, "  ")


def page() -> str:
    """Return the whole page."""
    public = next(
        ast.literal_eval(each.value)
        for each in body_of("spfengine")
        if isinstance(each, ast.Assign) and ast.unparse(each.targets[0]) == "__all__"
    )
    known = {name for names in CHAPTERS.values() for name in names}
    more = [name for name in public if name not in known]
    blocks = [HEAD.strip()]
    for chapter, names in {**CHAPTERS, **({"More": more} if more else {})}.items():
        blocks.append(f"## {chapter}")
        for name in names:
            blocks += told_name(name)
    return "\n\n".join(blocks) + "\n"


def main() -> int:
    """Write the page."""
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
