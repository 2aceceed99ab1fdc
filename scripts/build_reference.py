"""Write `docs/reference/python.md` from the docstrings: every public name, and the classes that public names return.

    python3 -m scripts.build_reference

The script parses the source and does not import it. A test fails if the page differs from what the script writes.
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

<!-- Written by scripts/build_reference.py from the docstrings: change those and run it again. -->

`spfengine` has the functions, what they take, and the exceptions. What a function returns is in a package of its own:
the page says where to import it from. Values are immutable. See also the [problem codes](problems.md), the
[JSON formats](json.md) and the [command line](command-line.md).
"""

# Every public name, in the chapter where a reader looks for it. Names without a chapter come last.
CHAPTERS: dict[str, list[str]] = {
    "Check a client": [
        "check", "check_helo", "check_both", "check_record", "acheck", "acheck_helo", "acheck_both",
        "acheck_record", "CheckResult", "Result", "Limits", "VoidRule",
        "spfengine.evaluation:LimitProfile",
    ],
    "Check many clients": ["Checker"],
    "Problems and traces": [
        "Problem", "ProblemCode", "spfengine.evaluation:Trace", "spfengine.evaluation:TracedRecord",
        "spfengine.evaluation:TracedTerm", "spfengine.evaluation:TracedQuestion",
        "spfengine.evaluation:Expansion", "spfengine.evaluation:TermStatus",
    ],
    "Records": [
        "parse", "diagnose", "Record", "spfengine.record:Term", "spfengine.record:Directive",
        "spfengine.record:Modifier",
    ],
    "Resolvers and answers": [
        "Resolver", "AsyncResolver", "Question", "RRType", "Answer", "Status", "Zone", "Overlay",
        "LiveResolver", "DoHResolver", "Cache", "Recorder", "Recording", "read_zone",
    ],
    "Policies: the meaning for every address": [
        "Policy", "spfengine.policy:Outcome", "spfengine.policy:Change", "spfengine.policy:Budget",
        "spfengine.policy:Cost", "spfengine.policy:Dependency", "spfengine.policy:Input",
        "spfengine.policy:Branch", "spfengine.policy:Choice", "spfengine.policy:Reachability",
        "spfengine.policy:Unreachable", "spfengine.policy:Reason", "spfengine.policy:Covered",
        "spfengine.policy:Overlap",
    ],
    "The include tree": [
        "include_tree", "ainclude_tree", "spfengine.policy:IncludeTree", "spfengine.policy:TreeRecord",
        "spfengine.policy:TreeTerm",
    ],
    "Evidence: who sends": [
        "read_evidence", "spfengine.evidence:Evidence", "Sender", "spfengine.evidence:SourceKind",
        "spfengine.evidence:Unread", "spfengine.evidence:Repair", "spfengine.evidence:ReportedBy",
        "spfengine.senders:Authentication", "spfengine.evidence:Bounds", "spfengine.evidence:iterate_senders",
        "spfengine.evidence:Ledger", "spfengine.senders:unknown_facts",
    ],
    "What a change does": [
        "simulate", "asimulate", "compare", "spfengine.simulation:Simulation",
        "spfengine.simulation:SenderChange", "spfengine.simulation:Effect", "forms",
        "spfengine.simulation:RecordChange", "spfengine.simulation:TermChange",
        "spfengine.simulation.records:Standing",
    ],
    "Reports in HTML": ["render_html"],
    "A change, for any number of senders": [
        "replay", "replay_files", "spfengine.replaying:Totals", "spfengine.replaying:Total",
        "spfengine.replaying:ReplayedSender",
    ],
    "Alignment with From": ["alignment", "aalignment", "spfengine.dmarc:Alignment", "spfengine.dmarc:EffectivePolicy",
                             "PublicSuffixes"],
    "Whose an address is": [
        "identify", "identify_many", "aidentify", "aidentify_many", "RDAP",
        "spfengine.advice.identify:Identification", "spfengine.advice.identify:Match",
        "spfengine.advice.identify:How", "spfengine.advice.identify:Missing",
        "spfengine.catalogue:Confidence", "Catalogue", "spfengine.catalogue:Provider",
        "spfengine.catalogue:ProviderKind", "spfengine.catalogue:Attested",
        "spfengine.catalogue:Suffix",
    ],
    "Which record to publish": [
        "suggest", "asuggest", "spfengine.advice.suggest:Suggestion", "spfengine.advice.suggest:Advice",
        "spfengine.advice.suggest:TermAdvice", "spfengine.advice.suggest:SenderAdvice",
        "spfengine.advice.suggest:SenderStanding", "spfengine.advice.suggest:Caveat",
        "spfengine.advice.suggest:CaveatCode", "spfengine.advice.suggest:Alternative",
        "spfengine.advice.suggest:Rejected", "spfengine.advice.suggest:Shortfall",
        "spfengine.advice.suggest:Limit",
    ],
    "Networks in place of includes": [
        "flatten", "aflatten", "spfengine.advice.flatten:Flattening", "spfengine.advice.flatten:FlatRecord",
        "spfengine.advice.flatten:ReplacedTerm", "spfengine.advice.flatten:KeptTerm",
        "spfengine.advice.flatten:Proof",
    ],
    "A way back within the limits": [
        "limit_plan", "alimit_plan", "spfengine.advice.limits:LimitPlan", "spfengine.advice.limits:PlanStep",
        "spfengine.advice.limits:StepKind", "spfengine.advice.limits:Need",
    ],
    "What others changed": [
        "snapshot", "asnapshot", "Snapshot", "drift", "adrift", "spfengine.advice.drift:Drift",
        "spfengine.advice.drift:DomainDrift", "spfengine.advice.drift:AnswerChange",
        "spfengine.advice.drift:AnswerChangeKind",
    ],
    "What is wrong with a domain's SPF": [
        "lint", "alint", "lint_zone", "spfengine.linting:Finding", "spfengine.linting:Severity",
        "spfengine.linting:LintCode",
    ],
    "Records in source files": [
        "find_records", "spfengine.sources:Found", "spfengine.sources:FoundRecord", "spfengine.sources:Unknown",
        "spfengine.sources:Region", "spfengine.sources:UnreadFile",
    ],
    "The SPF of many domains": [
        "survey", "asurvey", "spfengine.surveying:SurveyedDomain", "spfengine.surveying:DomainState",
        "spfengine.surveying:RecordFault", "spfengine.surveying:Summary", "spfengine.surveying:SummaryRow",
    ],
    "Header fields and SMTP replies": [
        "spfengine.evaluation:SMTPReply", "parse_received_spf", "spfengine.evaluation:ReceivedSPF",
        "parse_authentication_results", "spfengine.evaluation:AuthenticationResults",
        "spfengine.evaluation:MethodResult",
    ],
    "Tests": [
        "spfengine.testing:FakeDNS", "spfengine.testing:Query", "spfengine.testing:Fault",
        "spfengine.testing:FaultKind", "spfengine.testing:SPFCheck",
    ],
    "Errors": [
        "SPFEngineError", "RecordSyntaxError", "AddressError", "ArgumentError", "ZoneError", "RecordingError",
        "CatalogueError", "HeaderError", "ResolverError", "MissingExtraError",
    ],
}  # fmt: skip

# Classes that users construct; all others are returned by a function or method.
MADE_BY_USERS = {
    "Limits", "Question", "Zone", "Overlay", "LiveResolver", "DoHResolver", "Cache", "Checker", "Recorder", "Recording",
    "Sender", "FakeDNS", "Fault", "Bounds", "Ledger", "Catalogue", "Provider", "Attested", "RDAP", "PublicSuffixes",
    "Totals",
}  # fmt: skip


# Members for internal use, in classes that users see.
NOT_FOR_USERS = {"fields", "compared", "memo", "table", "steps", "inputs", "from_rrsets", "meaning", "answering", "at"}

_SECTION = re.compile(r"(Args|Attributes|Raises|Returns|Yields):$")
_ENTRY = re.compile(r"([\w*, ]+): (.*)")
_Function = ast.FunctionDef | ast.AsyncFunctionDef
_Definition = _Function | ast.ClassDef
_BASES = {"NetworkResolver": "spfengine.resolvers.networked", "Reportable": "spfengine.reportable"}
"""Classes that are not public, whose methods public classes inherit: where each is defined."""


class Docs(NamedTuple):
    """A docstring: its paragraphs, and its sections with their entries (name, text)."""

    paragraphs: list[str]
    sections: dict[str, list[tuple[str, str]]]


def read_docs(text: str) -> Docs:
    """Split a docstring into its paragraphs and sections."""
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
    """Return the statements of a module or of a package's `__init__.py`."""
    path = REPOSITORY / Path(*module.split("."))
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return ast.parse(file.read_text(encoding="utf-8")).body


def find(name: str, module: str = "spfengine") -> _Definition:
    """Return the definition of a name, following imports.

    Raises:
        SystemExit: if the module has no such name.
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
    """Removes quotes from annotations, and replaces private names by what a user would write."""

    def visit_arg(self, node: ast.arg) -> ast.arg:
        """Remove the quotes from an argument's annotation."""
        if node.annotation is not None:
            node.annotation = self.visit(_unquoted(node.annotation))
        return node

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """Replace a private constant or alias by its meaning."""
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
    "AddressOrNetwork": "str | IPv4Address | IPv6Address | IPv4Network | IPv6Network",
}


def _unquoted(expression: ast.expr) -> ast.expr:
    if isinstance(expression, ast.Constant) and isinstance(expression.value, str):
        return ast.parse(expression.value, mode="eval").body
    return expression


def annotation(expression: ast.expr) -> str:
    """Return the source of an annotation."""
    return ast.unparse(_unquoted(expression))


def signature(function: _Function, label: str, *, bound: bool) -> str:
    """Return the signature of a function, on several lines if it is long.

    Args:
        function: the function.
        label: its name as a caller writes it.
        bound: whether to leave out the first argument (`self` or `cls`).
    """
    arguments = _Plain().visit(function.args)
    assert isinstance(arguments, ast.arguments)
    if bound:
        (arguments.posonlyargs or arguments.args).pop(0)
    returns = (
        "" if function.returns is None or label[0].isupper() else f" -> {ast.unparse(_unquoted(function.returns))}"
    )
    awaited = "await " if isinstance(function, ast.AsyncFunctionDef) else ""
    parts = list(_arguments(arguments))
    line = f"{awaited}{label}({', '.join(parts)}){returns}"
    if len(line) <= 100:
        return line
    return f"{awaited}{label}(\n" + "".join(f"    {part},\n" for part in parts) + f"){returns}"


def _arguments(arguments: ast.arguments) -> Iterator[str]:
    """Yield the source of each argument."""
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
    """Wrap a paragraph without breaking words."""
    wrapper = TextWrapper(WIDTH, subsequent_indent=subsequent_indent, break_long_words=False, break_on_hyphens=False)
    return wrapper.wrap(text)


def flowed(text: str) -> str:
    """Wrap a paragraph, or each item of a list."""
    if text.startswith("- "):
        items = re.split(r"\n(?=- )", text)
        return "\n".join("\n".join(wrap(item, "  ")) for item in items)
    return "\n".join(wrap(text))


def blocks_of(docs: Docs) -> Iterator[str]:
    """Yield the blocks of a docstring as Markdown."""
    for paragraph in docs.paragraphs:
        if paragraph.startswith("    "):
            yield f"```text\n{dedent(paragraph)}\n```"
        elif paragraph:
            yield flowed(paragraph)
    for section, entries in docs.sections.items():
        lines = []
        for name, text in entries:
            names = ", ".join(f"`{part}`" for part in name.split(", "))
            lines += wrap(f"- {names}: {text}" if name else f"- {text}", "  ")
        yield f"{section}:\n\n" + "\n".join(lines)


def docs_of(definition: _Definition) -> Docs:
    """Return the parts of a definition's docstring."""
    return read_docs(ast.get_docstring(definition) or "")


def name_blocks(name: str) -> Iterator[str]:
    """Yield the blocks about a name; "module:name" is a name that users import from that module."""
    module, _, own = name.rpartition(":")
    definition = find(own, module or "spfengine")
    yield f"### `{own}`"
    if module:
        yield f"`from {module} import {own}`"
    if not isinstance(definition, ast.ClassDef):
        yield f"```text\n{signature(definition, own, bound=False)}\n```"
        yield from blocks_of(docs_of(definition))
        return
    functions = [statement for statement in definition.body if isinstance(statement, _Function)]
    maker = next((function for function in functions if function.name == "__init__"), None) or constructor(definition)
    if maker is not None and own in MADE_BY_USERS:
        yield f"```text\n{signature(maker, own, bound=True)}\n```"
    yield from blocks_of(docs_of(definition))
    if maker is not None and own in MADE_BY_USERS:
        yield from blocks_of(docs_of(maker))
    if own == "ProblemCode":
        yield "Each code, what it means and what to do: [problems.md](problems.md)."
    elif own == "LintCode":
        yield "Each code, what it means and what to do: [lint.md](lint.md)."
    elif any(isinstance(base, ast.Name) and base.id == "StrEnum" for base in definition.bases):
        yield "\n".join(values(definition))
    inherited = [
        statement
        for base in definition.bases
        if annotation(base) in _BASES
        for statement in find(annotation(base), _BASES[annotation(base)]).body
        if isinstance(statement, _Function)
    ]
    members = [
        function
        for function in [*functions, *inherited]
        if function.name[0] != "_" and function.name not in NOT_FOR_USERS and ast.get_docstring(function) is not None
    ]
    if members:
        yield "Methods and properties:"
        yield "\n".join(line for member in members for line in member_lines(own, member))


def constructor(definition: ast.ClassDef) -> ast.FunctionDef | None:
    """Return the `__init__` that a dataclass gets from its fields; None for other classes."""
    if not any(ast.unparse(decorator).startswith("dataclass") for decorator in definition.decorator_list):
        return None
    parameters = []
    for statement in definition.body:
        if isinstance(statement, ast.AnnAssign) and "ClassVar" not in ast.unparse(statement.annotation):
            default = "" if statement.value is None else f" = {ast.unparse(statement.value)}"
            factory = re.fullmatch(r" = field\(default_factory=(.*)\)", default)
            default = default if factory is None else f" = {factory[1]}()"
            parameters.append(f"{ast.unparse(statement.target)}: {ast.unparse(statement.annotation)}{default}")
    if any("kw_only=True" in ast.unparse(decorator) for decorator in definition.decorator_list):
        parameters.insert(0, "*")
    [function] = ast.parse(f"def __init__(self, {', '.join(parameters)}) -> None: ...").body
    assert isinstance(function, ast.FunctionDef)
    return function


def values(definition: ast.ClassDef) -> Iterator[str]:
    """Yield a list item for each value of an enumeration."""
    body = definition.body
    for index, statement in enumerate(body):
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant):
            following = body[index + 1] if index + 1 < len(body) else None
            text = ""
            if isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant):
                text = ": " + " ".join(str(following.value.value).split())
            yield from wrap(f"- `{statement.value.value!s}`{text}", "  ")


def member_lines(owner: str, function: _Function) -> Iterator[str]:
    """Yield the lines of a list item about a method or property."""
    decorators = {ast.unparse(decorator) for decorator in function.decorator_list}
    docs = docs_of(function)
    first, *others = docs.paragraphs
    label = function.name
    if "property" not in decorators:
        called = f"{owner}.{function.name}" if "classmethod" in decorators else f".{function.name}"
        label = " ".join(signature(function, called, bound=True).split()).replace("( ", "(").replace(", )", ")")
    elif function.returns is not None:
        label = f".{function.name}: {annotation(function.returns)}"
    yield from wrap(f"- `{label}`: {first}", "  ")
    for block in blocks_of(Docs(others, docs.sections)):
        yield ""
        yield indent(block, "  ")


def page() -> str:
    """Return the whole page."""
    modules = next(
        ast.literal_eval(statement.value)
        for statement in body_of("spfengine")
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "_MODULES"
    )
    known = {name for names in CHAPTERS.values() for name in names}
    more = sorted(name for names in modules.values() for name in names if name not in known)
    blocks = [HEAD.strip()]
    for chapter, names in {**CHAPTERS, **({"More": more} if more else {})}.items():
        blocks.append(f"## {chapter}")
        for name in names:
            blocks += name_blocks(name)
    return "\n\n".join(blocks) + "\n"


def main() -> int:
    """Write the page."""
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
