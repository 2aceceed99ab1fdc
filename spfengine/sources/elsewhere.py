"""Lines of source files that take records from elsewhere: an included file, a template, a chart, a component.

What `makers` finds by its tokens has a form of its own: a module, a call, a role. These have not: a line shows them.
"""

import re
from collections.abc import Iterator, Sequence

from spfengine.names import domain_fault
from spfengine.sources.places import Lines
from spfengine.sources.unshown import LONGEST_LINE, Unshown, lines_that_make

_AROUND = 10  # lines before and after one that may have the type of its record
_YAML = re.compile(
    r"(?:^|[ :\-])!include\S*"
    r"|\{\{-? ?(?:include|template|tpl|toYaml) "
    r"|^ *- +(?:\.\.?/|https?://|github\.com/)"  # kustomize
    r"|\b(?:repoURL|TemplateURL|ServiceToken|repository): *[\"']?(?:https?:|oci:|git@|file:|@|arn:)"
    r"|(?:dns\w*|route53|nsupdate|args): *[\"']?\{\{"
    r"|\b(?:type|record_type)=[\"']?\{\{"  # a task of Ansible in one line
    r"|(?:zone|dns|spf|txt)[\w.\-]{0,60}\.j2\b"
    r"|\b[Tt]ype: *[\"']?(?:Custom::|[\w:]{1,100}::MODULE\b)"
)
_TERRAFORM = re.compile(
    r"\b(?:yamldecode|csvdecode|jsondecode|fileset) *\("
    r"|(?:zone|dns|spf|txt|records?|content)\w* *= *(?:templatefile|file) *\("
    r"|\bdynamic +\"\w{0,40}(?:record|rrset|rrdata|txt|dns)\w*\"",
    re.IGNORECASE,
)
_CODE = re.compile(
    r"^ *(?:import|export)\b.{0,200}[\"']\.\.?/"
    r"|\bnew (?!\w*(?:Record|HostedZone|Certificate)\b)[A-Z]\w*\(.{0,200}\b(?:zone|domain|hostedZone)\b"
)
_ABOUT = re.compile(
    r" *(?:- +)?[\"']?(?:domain|domainName|zone|zoneName)[\"']?: *[\"']?([\w\-]+(?:\.[\w\-]+)+)\.?[\"']?,? *\Z"
)
_TYPE = re.compile(r" *(?:- +)?[\"']?(?:type|recordType|record_type)[\"']?: *[\"']?[A-Z]+[\"']?,? *\Z", re.IGNORECASE)
_FORMS = {
    ".yaml": _YAML, ".yml": _YAML, ".tf": _TERRAFORM, ".ts": _CODE, ".tsx": _CODE, ".js": _CODE, ".mjs": _CODE,
    ".cjs": _CODE,
}  # fmt: skip


def elsewhere_of(path: str, text: str, lines: Lines) -> Iterator[Unshown]:
    """Yield the lines of a file that may take records from elsewhere."""
    form = _FORMS.get(path[path.rfind(".") :].lower())
    if form is None:
        return
    written = text.split("\n")

    def domains_of(number: int, line: str) -> tuple[str, ...] | None:
        if line.lstrip().startswith(("#", "//")):
            return None
        about = _about(written, number) if form is _YAML else ()
        return about if about or form.search(line) else None

    yield from lines_that_make(path, text, lines, domains_of)


def _about(written: Sequence[str], number: int) -> tuple[str, ...]:
    """Return the domain that a mapping is about, if no line of it has the type of a record."""
    match = _ABOUT.match(written[number][:LONGEST_LINE])
    if match is None or domain_fault(match[1]) is not None:
        return ()
    around = written[max(number - _AROUND, 0) : number + _AROUND + 1]
    return () if any(_TYPE.match(each[:LONGEST_LINE]) for each in around) else (match[1].lower(),)
