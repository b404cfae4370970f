"""What a CloudFront edge does, without I/O: HTTP caching (RFC 9111), and where CloudFront deviates from it.

The tables in `tests/harness/cdn/rules` state each rule as a case, with its source.
"""
