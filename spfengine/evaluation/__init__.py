"""The core: a record and the answers to its questions become a result. Nothing here does I/O or reads a clock."""
