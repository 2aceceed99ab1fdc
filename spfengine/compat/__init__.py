"""Other libraries' faces on this engine, so that code written for them runs."""
