"""Files of DNS answers in the formats of name servers, providers and test suites: `spfengine.read_zone`."""
