"""Records that a file says are not there.

Such are `state: absent` of Ansible, `DELETE` of Route 53, `"disabled": true` of PowerDNS and `count = 0` of Terraform.
"""

from itertools import islice

from spfengine.sources.atoms import atoms_of, text_of as text_of_atoms
from spfengine.sources.reading import Reading
from spfengine.sources.structure import levels
from spfengine.sources.tokens import Literal, is_word, text_of

_SAYS_ABSENT = {
    "action": frozenset({"delete"}),  # Route 53
    "changetype": frozenset({"delete"}),  # PowerDNS
    "command": frozenset({"delete"}),  # Ansible, of old
    "count": frozenset({"0"}),  # Terraform
    "disabled": frozenset({"true", "yes"}),  # PowerDNS
    "state": frozenset({"absent", "delete"}),  # Ansible
}
_MOST_AROUND = 4  # brackets around a value: Route 53 has the action outside of the record set
_LONGEST = 16


def is_absent(reading: Reading, index: int) -> bool:
    """Whether what is around a value says that the record is not there."""
    for level in islice(levels(reading, index), _MOST_AROUND):
        if level.opening is None:  # of a program: what is before is another statement
            return False
        values = ((level.pairs[key], words) for key, words in _SAYS_ABSENT.items() if key in level.pairs)
        if any(_word(reading, at) in words for at, words in values):
            return True
    return False


def _word(reading: Reading, index: int) -> str:
    """Return the word or number that a value is, in lower case; "" if it is anything else."""
    token = reading.at(index)
    if isinstance(token, Literal):
        return text_of_atoms(atoms_of(reading.text, token, _LONGEST)).lower()
    following = reading.at(index + 1)
    is_whole = following is None or isinstance(following, Literal) or is_word(following)
    return text_of(token).lower() if is_whole or text_of(following) in {",", "}", "]"} else ""
