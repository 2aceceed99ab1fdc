"""`import spf` finds this where the folder stands first on the path: it is `spfengine.compat.pyspf` under that name."""

import sys

import spfengine.compat.pyspf

sys.modules[__name__] = spfengine.compat.pyspf
