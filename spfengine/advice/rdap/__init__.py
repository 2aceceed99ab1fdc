"""Who holds a network, asked of the registries of addresses (RDAP: RFC 9082, RFC 9083, RFC 9224); only when told so."""
