"""Secrets that tests plant."""

import struct
import zlib

SECRET = "k9/Zq+\"w<7&é'x%Q2$~pLm\\R8vB"  # has what every encoding treats in its own way
PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEAcanary0\nMIIEpAIBAAKCAQEAcanary1\n-----END RSA PRIVATE KEY-----"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.c2lnbmF0dXJlLW9mLXRoZS1jYW5hcnk"

PATTERNED = {  # what stands in the text, and what of it must go
    "AWS key id": ("AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLE"),
    "AWS session key id": ("key ASIAIOSFODNN7EXAMPLE.", "ASIAIOSFODNN7EXAMPLE"),
    "AWS secret": (
        "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    ),
    "AWS secret in JSON": (
        '{"SecretAccessKey": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}',
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    ),
    "AWS session token": ("'SessionToken': '" + "FwoGZXIvYXdz" * 10 + "'", "FwoGZXIvYXdz"),
    "presigned URL": (
        "https://b.s3.amazonaws.com/k?X-Amz-Credential=ABCD%2F20260101%2Fus-east-1&X-Amz-Signature=" + "ab12" * 16,
        "ab12ab12",
    ),
    "SigV4 header": ("SignedHeaders=host, Signature=" + "cd34" * 16, "cd34cd34"),
    "JWT": (JWT, "LW9mLXRoZS1jYW5hcnk"),  # a signed statement holds the base64 of "signature", too
    "private key": (PEM, "MIIEpAIBAAKCAQEAcanary1"),
    "EC key in JSON": (PEM.replace("RSA", "EC").replace("\n", "\\n"), "MIIEowIBAAKCAQEAcanary0"),
    "bearer": ("Authorization: Bearer abcdef0123456789", "abcdef0123456789"),
    "basic": ("'Authorization': 'Basic dXNlcjpwdw=='", "dXNlcjpwdw=="),
    "GitHub": ("ghp_" + "a1B2" * 9, "a1B2a1B2"),
    "GitHub, fine": ("github_pat_" + "11AAAA_" * 8, "11AAAA_11"),
    "GitHub, Actions": ("ghs_" + "Zz9" * 12, "Zz9Zz9"),
    "GitLab": ("glpat-abcdefghij0123456789", "abcdefghij0123456789"),
    "Slack": ("xoxb-123456789012-abcdefABCDEF", "123456789012-abcdef"),
    "Slack hook": ("https://hooks.slack.com/services/T000/B000/XXXXcanary", "XXXXcanary"),
    "URL": ("postgres://web:s3cr3t-pw@db.internal:5432/x", "s3cr3t-pw"),
    "Stripe": ("sk_live_" + "abcd1234" * 3, "abcd1234"),
    "named": ("password = 'correct-horse'", "correct-horse"),
    "coloured": ("\x1b[31mAKIA\x1b[0mIOSFODNN7EXAMPLE", "IOSFODNN7EXAMPLE"),
}


def chunk(kind: bytes, content: bytes) -> bytes:
    """One chunk of a PNG."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def picture(*chunks: bytes) -> bytes:
    """A PNG of one pixel, with further chunks."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    body = chunk(b"IDAT", zlib.compress(b"\0\x7f"))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(chunks) + body + chunk(b"IEND", b"")
