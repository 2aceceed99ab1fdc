"""A folder for PYTHONPATH, so that `import spf` imports spfengine's module instead of pyspf.

For programs that are not to be changed, such as policyd-spf:

    PYTHONPATH=$(python3 -c 'import spfengine.compat.stand_in as s; print(*s.__path__)') policyd-spf
"""
