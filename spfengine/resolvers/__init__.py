"""Whatever answers a Question: zones in memory, drafts laid over another resolver, recordings, caches, live DNS."""
