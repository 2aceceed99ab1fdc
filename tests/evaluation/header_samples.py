"""Header fields as other software writes them, and what they say. Names and addresses are examples."""

from spfengine.evaluation.headers import MethodResult
from spfengine.problems import Result

RECEIVED = {
    "gmail": (
        (
            "Received-SPF: softfail (google.com: domain of transitioning a@example.com does not designate 192.0.2.24 as"
            " permitted sender) client-ip=192.0.2.24;"
        ),
        (Result.SOFTFAIL, "192.0.2.24", {"client-ip": "192.0.2.24"}),
    ),
    "microsoft": (
        (
            "Received-SPF: Pass (protection.outlook.com: domain of example.com designates\r\n"
            " 2001:db8::24 as permitted sender) receiver=protection.outlook.com;\r\n"
            " client-ip=2001:db8:0:0::24; helo=mail.example.com; pr=C\r\n"
        ),
        (
            Result.PASS,
            "2001:db8::24",
            {
                "receiver": "protection.outlook.com",
                "client-ip": "2001:db8:0:0::24",
                "helo": "mail.example.com",
                "pr": "C",
            },
        ),
    ),
    "policyd-spf": (
        (
            "Received-SPF: Fail (mailfrom) identity=mailfrom; client-ip=192.0.2.24; helo=mail.example.com; "
            "envelope-from=alice+x@example.com; receiver=<UNKNOWN> "
        ),
        (
            Result.FAIL,
            "192.0.2.24",
            {
                "identity": "mailfrom",
                "client-ip": "192.0.2.24",
                "helo": "mail.example.com",
                "envelope-from": "alice+x@example.com",
                "receiver": "<UNKNOWN>",
            },
        ),
    ),
    "perl's Mail::SPF": (
        (
            "Received-SPF: PermError (mx: example.com ... : Junk (ip4:x) (and (more) junk)) "
            "identity=helo; helo=\"mail .example\" ; client-ip = '192.0.2.24'"
        ),
        (Result.PERMERROR, None, {"identity": "helo", "helo": "mail .example", "client-ip": "'192.0.2.24'"}),
    ),
    "courier": (
        "pass SPF=MAILFROM; sender=a@example.com; remoteip=::ffff:192.0.2.24; helo=;",
        (
            Result.PASS,
            None,
            {"spf": "MAILFROM", "sender": "a@example.com", "remoteip": "::ffff:192.0.2.24", "helo": ""},
        ),
    ),
    "a comment alone": (
        "received-spf :none (domain of a@example.com names 192.0.2.24, it seems)",
        (Result.NONE, "192.0.2.24", {}),
    ),
    "a result alone": ("neutral", (Result.NEUTRAL, None, {})),
    "the least of eid5436": ("Received-SPF: pass ", (Result.PASS, None, {})),
    "no semicolons, comments anywhere": (
        '(a) pass (b) (c)\n\tkey (d) = (e) "v;\r\n w" (f) other=2(g)',
        (Result.PASS, None, {"key": "v; w", "other": "2"}),
    ),
    "a key that occurs twice": (
        "pass client-ip=192.0.2.1; client-ip=192.0.2.2",
        (Result.PASS, "192.0.2.1", {"client-ip": "192.0.2.1"}),
    ),
    "a quoted local part": (
        'pass envelope-from="a b"@example.com; helo="x"',
        (Result.PASS, None, {"envelope-from": '"a b"@example.com', "helo": "x"}),
    ),
    "a client-ip that is none": ("pass (192.0.2.1) client-ip=me", (Result.PASS, None, {"client-ip": "me"})),
    "a client-ip mapped": (
        'pass client-ip="::ffff:192.0.2.1"',
        (Result.PASS, "192.0.2.1", {"client-ip": "::ffff:192.0.2.1"}),
    ),
}


def method(
    name: str, result: str, *properties: tuple[str, str], comment: str | None = None, reason: str | None = None
) -> MethodResult:
    return MethodResult(name, result, reason, comment, properties)


AUTHENTICATED = {
    "gmail": (
        (
            "Authentication-Results: mx.google.com;\r\n"
            "       dkim=pass header.i=@example.com header.s=s1 header.b=Ab/+c=;\r\n"
            "       spf=softfail (google.com: domain of transitioning a@example.com does not designate 192.0.2.24 as"
            " permitted sender) smtp.mailfrom=a@example.com;\r\n"
            "       dmarc=fail (p=NONE sp=QUARANTINE dis=NONE) header.from=example.com\r\n"
        ),
        "mx.google.com",
        [
            method("dkim", "pass", ("header.i", "@example.com"), ("header.s", "s1"), ("header.b", "Ab/+c=")),
            method(
                "spf",
                "softfail",
                ("smtp.mailfrom", "a@example.com"),
                comment="google.com: domain of transitioning a@example.com does not designate 192.0.2.24 as"
                " permitted sender",
            ),
            method("dmarc", "fail", ("header.from", "example.com"), comment="p=NONE sp=QUARANTINE dis=NONE"),
        ],
    ),
    "microsoft": (
        (
            "Authentication-Results: spf=fail (sender IP is 192.0.2.24)\r\n smtp.mailfrom=example.com;"
            " dkim=none (message not signed)\r\n header.d=none;dmarc=fail action=none\r\n header.from=example.com;"
            "compauth=fail reason=001\r\n"
        ),
        None,
        [
            method("spf", "fail", ("smtp.mailfrom", "example.com"), comment="sender IP is 192.0.2.24"),
            method("dkim", "none", ("header.d", "none"), comment="message not signed"),
            method("dmarc", "fail", ("action", "none"), ("header.from", "example.com")),
            method("compauth", "fail", reason="001"),
        ],
    ),
    "microsoft, the recipient's domain late": (
        "spf=pass (sender IP is 192.0.2.24) smtp.mailfrom=example.com; example.net; dkim=none header.d=none;",
        "example.net",
        [
            method("spf", "pass", ("smtp.mailfrom", "example.com"), comment="sender IP is 192.0.2.24"),
            method("dkim", "none", ("header.d", "none")),
        ],
    ),
    "exim": (
        (
            "Authentication-Results: mail.example.net;\n\tiprev=pass (mail.example.com) smtp.remote-ip=192.0.2.24;\n"
            "\tspf=pass smtp.mailfrom=example.com;\n\tarc=none"
        ),
        "mail.example.net",
        [
            method("iprev", "pass", ("smtp.remote-ip", "192.0.2.24"), comment="mail.example.com"),
            method("spf", "pass", ("smtp.mailfrom", "example.com")),
            method("arc", "none"),
        ],
    ),
    "rspamd": (
        (
            "Authentication-Results: mx.example;\r\n\tdkim=none;\r\n\tdmarc=pass (policy=none) header.from=a.example"
            ';\r\n\tspf=pass (mail.example.net: domain of "a@b"@example.com designates 192.0.2.24 as permitted sender)'
            ' smtp.mailfrom="a@b"@example.com'
        ),
        "mx.example",
        [
            method("dkim", "none"),
            method("dmarc", "pass", ("header.from", "a.example"), comment="policy=none"),
            method(
                "spf",
                "pass",
                ("smtp.mailfrom", '"a@b"@example.com'),
                comment='mail.example.net: domain of "a@b"@example.com designates 192.0.2.24 as permitted sender',
            ),
        ],
    ),
    "amazon ses": (
        (
            "amazonses.com; spf=pass (spfCheck: domain of example.com designates 192.0.2.24 as permitted sender)"
            " client-ip=192.0.2.24; envelope-from=a@example.com; helo=mx.example.com; dkim=pass header.i=@example.com;"
        ),
        "amazonses.com",
        [
            method(
                "spf",
                "pass",
                ("client-ip", "192.0.2.24"),
                comment="spfCheck: domain of example.com designates 192.0.2.24 as permitted sender",
            ),
            method("envelope-from", "a@example.com"),
            method("helo", "mx.example.com"),
            method("dkim", "pass", ("header.i", "@example.com")),
        ],
    ),
    "yahoo": (
        "atlas.example; spf=pass smtp.mailfrom=a.example; dmarc=success(p=REJECT) header.from=a.example;",
        "atlas.example",
        [
            method("spf", "pass", ("smtp.mailfrom", "a.example")),
            method("dmarc", "success", ("header.from", "a.example"), comment="p=REJECT"),
        ],
    ),
    "opendkim": (
        'mx.example; dkim=fail reason="signature; \\"bad\\"" (2048-bit key; unprotected) header.d=x.example',
        "mx.example",
        [
            method(
                "dkim",
                "fail",
                ("header.d", "x.example"),
                reason='signature; "bad"',
                comment="2048-bit key; unprotected",
            )
        ],
    ),
    "RFC 7208 §9.2": (
        (
            'Authentication-Results: mx.example.org; spf=pass\r\n reason="client-ip=192.0.2.1; smtp.helo=a.example.com"'
            "\r\n smtp.mailfrom=user@example.net"
        ),
        "mx.example.org",
        [
            method(
                "spf",
                "pass",
                ("smtp.mailfrom", "user@example.net"),
                reason="client-ip=192.0.2.1; smtp.helo=a.example.com",
            )
        ],
    ),
    "comments wherever RFC 8601 §2.2 has CFWS": (
        "(1) mx.example (2) 1 (3); (4) spf (5) / (6) 1 (7) = (8) PASS (9) SMTP (10) . (11) MailFrom (12) = (13) a (14)",
        "mx.example",
        [method("spf", "pass", ("smtp.mailfrom", "a"), comment="4 5 6 7 8 9 10 11 12 13 14")],
    ),
    "a quoted authserv-id": ('"mx; example" 1; spf=pass', "mx; example", [method("spf", "pass")]),
    "none": ("Authentication-Results: mx.example.net; none", "mx.example.net", []),
    "empty parts": (";; mx.example ;; spf=pass ;; ", "mx.example", [method("spf", "pass")]),
    "an empty value": (
        "mx.example; spf=none smtp.mailfrom=; spf=pass smtp.helo=<>",
        "mx.example",
        [method("spf", "none", ("smtp.mailfrom", "")), method("spf", "pass", ("smtp.helo", "<>"))],
    ),
    "white space around the dot": (
        "mx.example; spf=pass smtp. helo=a smtp .helo=b",
        "mx.example",
        [method("spf", "pass", ("smtp.helo", "a"), ("smtp.helo", "b"))],
    ),
    "odd names": (
        "mx.example; x-y_z=Pass policy.is_org=yes x-bits=2048",
        "mx.example",
        [method("x-y_z", "pass", ("policy.is_org", "yes"), ("x-bits", "2048"))],
    ),
}
