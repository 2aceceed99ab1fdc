"""The command `spfengine`: one module a command, loaded when it is called; needs the extra `cli`."""
