"""What `import spf` imports if this folder is first on the path: `spfengine.compat.pyspf` under that name."""

import sys

import spfengine.compat.pyspf

sys.modules[__name__] = spfengine.compat.pyspf
