"""An SPF engine (RFC 7208): what a record means, and what a change to it would do, before it is published."""
