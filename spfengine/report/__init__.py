"""Results as HTML: one file that needs no other, for people who look rather than read.

Data flows one way: a result → a `Page` (the modules named after verbs) → HTML (`html`, with the templates). A page is
made of the blocks of `page`; whatever is counted, sorted or drawn is computed before a template sees it.

An interactive report (`interactive`) has the engine inside, and answers edits of its reader by `edits`.
"""
