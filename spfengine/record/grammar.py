"""The grammar of RFC 7208 §12, in its order: each production above what recognises it.

Every pattern takes time linear in the length of what it reads, because records are untrusted.
"""

import re

# record           = version terms *SP
# version          = "v=spf1"
VERSION = "v=spf1"

# terms            = *( 1*SP ( directive / modifier ) )
# directive        = [ qualifier ] mechanism
# qualifier        = "+" / "-" / "?" / "~"
# name             = ALPHA *( ALPHA / DIGIT / "-" / "_" / "." )
#
# A term: its qualifier, its name, the first character that can't belong to a name, and the rest. "=" makes it a
# modifier, ":" or "/" end the name of a mechanism (RFC 7208 §4.6.1). The group for the name is wider than either
# production, for the sake of better messages.
TERM = re.compile(r"(?! )(?!\Z)([+\-?~]?)([A-Za-z0-9\-_.]*)([:=/]?)([^ ]*)")
NAME = re.compile(r"[A-Za-z][A-Za-z0-9\-_.]*\Z")

# mechanism        = ( all / include
#                    / a / mx / ptr / ip4 / ip6 / exists )
MECHANISMS = ("all", "include", "a", "mx", "ptr", "ip4", "ip6", "exists")

# modifier         = redirect / explanation / unknown-modifier
# redirect         = "redirect" "=" domain-spec
# explanation      = "exp" "=" domain-spec
MODIFIERS = ("redirect", "exp")

# ip4-cidr-length  = "/" ("0" / %x31-39 0*1DIGIT) ; value range 0-32
# ip6-cidr-length  = "/" ("0" / %x31-39 0*2DIGIT) ; value range 0-128
CIDR_LENGTHS = {str(length): length for length in range(129)}

# dual-cidr-length = [ ip4-cidr-length ] [ "/" ip6-cidr-length ]
DUAL_CIDR_LENGTH = re.compile(r"(?:/([0-9]*))?(?://([0-9]*))?\Z")

# domain-spec      = macro-string domain-end
# domain-end       = ( "." toplabel [ "." ] ) / macro-expand
# toplabel         = ( *alphanum ALPHA *alphanum ) /
#                    ( 1*alphanum "-" *( alphanum / "-" ) alphanum )
# alphanum         = ALPHA / DIGIT
_LDH = re.compile(r"[A-Za-z0-9\-]+\Z")


def is_toplabel(label: str) -> bool:
    """Whether `label` is a toplabel: letters, digits and inner hyphens, and not digits only."""
    return _LDH.match(label) is not None and label[0] != "-" and label[-1] != "-" and not label.isdigit()


# explain-string   = *( macro-string / SP )
# macro-string     = *( macro-expand / macro-literal )
# macro-expand     = ( "%{" macro-letter transformers *delimiter "}" )
#                    / "%%" / "%_" / "%-"
# macro-literal    = %x21-24 / %x26-7E
# macro-letter     = "s" / "l" / "o" / "d" / "i" / "p" / "h" /
#                    "c" / "r" / "t" / "v"
# transformers     = *DIGIT [ "r" ]
# delimiter        = "." / "-" / "+" / "," / "/" / "_" / "="
MACRO_STRING = re.compile(r"([\x21-\x24\x26-\x7e]+)|%\{([A-Za-z])([0-9]*)([rR]?)([.\-+,/_=]*)\}|%([%_\-])")
EXPLAIN_STRING = re.compile(r"([\x20-\x24\x26-\x7e]+)|%\{([A-Za-z])([0-9]*)([rR]?)([.\-+,/_=]*)\}|%([%_\-])")
MACRO_LETTERS = frozenset("slodiphcrtv")
EXPLANATION_LETTERS = frozenset("crt")  # RFC 7208 §7.2: only in the text of an explanation
ESCAPES = {"%": "%", "_": " ", "-": "%20"}

# What no record may hold: all but SP and the visible characters of US-ASCII (RFC 7208 §3.1, §4.6.1).
INVALID_CHARACTERS = re.compile(r"[^\x20-\x7e]+")


def has_invalid_characters(text: str) -> bool:
    """Whether `text` has characters that no record may hold."""
    return not (text.isascii() and text.isprintable())
