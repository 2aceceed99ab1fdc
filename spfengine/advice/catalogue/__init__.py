"""The catalogue of known senders: facts as data, one entry a block, in the TOML files beside this one."""
