"""The page of `spfengine ui` and of the playground."""
