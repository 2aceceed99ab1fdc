"""Compare the SPF of all names in two states of a repository: what a change to the files would do."""
