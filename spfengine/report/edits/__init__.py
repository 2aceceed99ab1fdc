"""What edits of a reader change: the part of the engine that an interactive report calls, in the browser of its reader.

A `Situation` is all that a report was made of. It is embedded in the report as JSON, and each edit is answered
(`responding`) with the page that the same functions make as in the command, with the recorded answers of DNS. There is
one kind of situation for each verb that has one: `simulation`, `check` and `lint`.
"""
