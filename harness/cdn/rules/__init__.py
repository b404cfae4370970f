"""What a CloudFront edge does, without I/O: HTTP caching (RFC 9111), and where CloudFront deviates from it.

`tests/harness/cdn/cases.py` lists each rule as a case with its source.
"""
