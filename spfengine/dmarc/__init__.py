"""DMARC's alignment of SPF (RFC 9989): no DKIM, no policy, no enforcement."""
