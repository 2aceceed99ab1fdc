"""Whatever answers Questions: zones in memory, drafts laid over them, recordings, a cache, and live DNS."""
