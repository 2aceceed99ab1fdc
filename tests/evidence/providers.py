# ruff: noqa: E501 - header fields have long lines
"""Messages as the servers of large providers and of common software write them. Senders and addresses are examples.

Each has what a reader must find: (ip, sender, helo, reported), or the reason why it must find nothing.
"""

Found = tuple[str, str, str | None, str | None]

FROM = "From: Alice <alice@example.com>\n"

READ: dict[str, tuple[str, Found]] = {
    "Gmail": (
        """\
Delivered-To: bob@gmail.com
Received: by 2002:a05:7110:5f0a:b0:2d4:91c3:7d1e with SMTP id qd10csp1234567gec; Mon, 3 Aug 2026 01:15:42 -0700 (PDT)
X-Received: by 2002:a17:902:d491:b0:1b8:3c5e:2f41 with SMTP id c17mr5120931plg.12; Mon, 03 Aug 2026 01:15:42 -0700 (PDT)
ARC-Authentication-Results: i=1; mx.google.com; spf=pass smtp.mailfrom=x@y.example
Return-Path: <alice@example.com>
Received: from mail.example.com (mail.example.com. [192.0.2.24])
        by mx.google.com with ESMTPS id d9si2310587plo.301.2026.08.03.01.15.41
        for <bob@gmail.com>; Mon, 03 Aug 2026 01:15:42 -0700 (PDT)
Received-SPF: pass (google.com: domain of alice@example.com designates 192.0.2.24 as permitted sender) client-ip=192.0.2.24;
Authentication-Results: mx.google.com;
       dkim=pass header.i=@example.com header.s=s1 header.b=Ab12;
       spf=pass (google.com: domain of alice@example.com designates 192.0.2.24 as permitted sender) smtp.mailfrom=alice@example.com;
       dmarc=pass (p=NONE sp=NONE dis=NONE) header.from=example.com
Received: from localhost (localhost [127.0.0.1]) by mail.example.com (Postfix) with ESMTP id 6A1D8C0F2E
""",
        ("192.0.2.24", "alice@example.com", "mail.example.com", "pass"),
    ),
    "Gmail, a null sender": (
        """\
Return-Path: <>
Received: from mail.example.com (mail.example.com. [192.0.2.24])
        by mx.google.com with ESMTPS id d9si2310587plo.301.2026.08.03.01.15.41
        for <bob@gmail.com>; Mon, 03 Aug 2026 01:15:42 -0700 (PDT)
Received-SPF: pass (google.com: domain of postmaster@mail.example.com designates 192.0.2.24 as permitted sender) client-ip=192.0.2.24;
Authentication-Results: mx.google.com;
       spf=pass (google.com: domain of postmaster@mail.example.com designates 192.0.2.24 as permitted sender) smtp.helo=mail.example.com
""",
        ("192.0.2.24", "postmaster@mail.example.com", "mail.example.com", "pass"),
    ),
    "Exchange Online": (
        """\
Received: from AM9PR01MB0001.eurprd01.prod.exchangelabs.com (2603:10a6::1) by
 DB7PR01MB0002.eurprd01.prod.exchangelabs.com with HTTPS; Mon, 3 Aug 2026 08:20:11 +0000
Received: from DB5EUR01FT001.eop-EUR01.prod.protection.outlook.com
 (2603:10a6:10:2e:cafe::5a) by AM9PR01MB0001.outlook.office365.com
 (2603:10a6:20b:2f::14) with Microsoft SMTP Server id 15.20.0.1; Mon, 3 Aug 2026 08:20:10 +0000
Authentication-Results: spf=softfail (sender IP is 192.0.2.24)
 smtp.mailfrom=example.com; dkim=none (message not signed)
 header.d=none;dmarc=fail action=none header.from=example.com;compauth=fail reason=001
Received-SPF: SoftFail (protection.outlook.com: domain of transitioning
 example.com discourages use of 192.0.2.24 as permitted sender)
Received: from mail.example.com (192.0.2.24) by
 DB5EUR01FT001.mail.protection.outlook.com (10.152.5.1) with Microsoft SMTP
 Server id 15.20.0.1 via Frontend Transport; Mon, 3 Aug 2026 08:20:09 +0000
Return-Path: alice@example.com
""",
        ("192.0.2.24", "alice@example.com", "mail.example.com", "softfail"),
    ),
    "Exchange Online, the older form": (
        """\
Authentication-Results: spf=fail (sender IP is 198.51.100.4)
 smtp.mailfrom=a.example; rcpt.example; dkim=none (message not signed)
 header.d=none;rcpt.example; dmarc=fail action=quarantine header.from=a.example;
Received-SPF: Fail (protection.outlook.com: domain of a.example does not
 designate 198.51.100.4 as permitted sender) receiver=protection.outlook.com;
 client-ip=198.51.100.4; helo=mail.a.example;
Received: from mail.a.example (198.51.100.4) by DB5EUR01FT001.mail.protection.outlook.com (10.152.5.1)
""",
        ("198.51.100.4", "@a.example", "mail.a.example", "fail"),
    ),
    "Exchange Online, the recipient named and the field in encoded words": (
        """\
Authentication-Results: =?us-ascii?Q?spf=3Dpass_(sender_IP_is_192.0.2.24)_smtp.mailfrom=3Dalice@example.com?=
 =?us-ascii?Q?_for_bob@example.net;_dkim=3Dnone?=
""",
        ("192.0.2.24", "alice@example.com", None, "pass"),
    ),
    "the recipient after the sender": (
        """\
Authentication-Results: mx.example.net; dkim=none; spf=pass smtp.mailfrom=alice@example.com for bob@example.net; dmarc=none
Received: from mail.example.com (mail.example.com [192.0.2.24]) by mx.example.net (Postfix) with ESMTPS id 4F2A9C1234
""",
        ("192.0.2.24", "alice@example.com", "mail.example.com", "pass"),
    ),
    "sender-side Exchange Online below a receiver that writes only Received": (
        """\
Return-Path: <alice@example.com>
Received: from EUR05-DB8-obe.outbound.protection.outlook.com (mail-db8eur05on2120.outbound.protection.outlook.com [192.0.2.120])
\tby mx.example.net (Postfix) with ESMTPS id 4F2A9C1234
Authentication-Results: spf=none (sender IP is )
 smtp.mailfrom=alice@example.com;
Received: from AM9PR01MB0001.eurprd01.prod.outlook.com (2603:10a6:208:106::29)
 by DB7PR01MB0002.eurprd01.prod.outlook.com (2603:10a6:208:c5::10) with Microsoft SMTP Server id 15.20.2878.16
""",
        ("192.0.2.120", "alice@example.com", "EUR05-DB8-obe.outbound.protection.outlook.com".lower(), None),
    ),
    "Yahoo": (
        """\
X-Apparently-To: bob@yahoo.com; Mon, 03 Aug 2026 08:20:11 +0000
Return-Path: <alice@example.com>
X-Originating-Ip: [192.0.2.24]
Received-SPF: pass (domain of example.com designates 192.0.2.24 as permitted sender)
Authentication-Results: atlas112.free.mail.bf1.yahoo.com;
 dkim=pass header.i=@example.com header.s=s1;
 spf=pass smtp.mailfrom=example.com;
 dmarc=pass(p=REJECT) header.from=example.com;
Received: from 192.0.2.24  (EHLO mail.example.com)
 by 10.253.63.126 with SMTPs
 (version=TLS1_2 cipher=TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256);
 Mon, 03 Aug 2026 08:20:11 +0000
""",
        ("192.0.2.24", "alice@example.com", "mail.example.com", "pass"),
    ),
    "Yahoo, without Received-SPF": (
        """\
Return-Path: <alice@example.com>
Authentication-Results: atlas112.free.mail.bf1.yahoo.com;
 dkim=unknown;
 spf=softfail smtp.mailfrom=example.com;
 dmarc=fail(p=NONE) header.from=example.com;
Received: from 192.0.2.24  (EHLO [10.1.1.1])
 by 10.253.63.126 with SMTPs; Mon, 03 Aug 2026 08:20:11 +0000
""",
        ("192.0.2.24", "alice@example.com", "[10.1.1.1]", "softfail"),
    ),
    "iCloud": (
        """\
Received: from p00-icloudmta-smtpin-us-west-2a-100-percent-10 by p133-mailgateway-smtp-7 (mailgateway 2420B20) with SMTP id 1
Received: from mail.example.com (mail.example.com [192.0.2.24]) by p00-icloudmta-smtpin-us-west-2a-100-percent-10 (Postfix) with ESMTPS id 6
X-ICL-INFO: GAtbVUseBVFGSVVESgMGUkFIRFcUWUIP
Authentication-Results: bimi.icloud.com; bimi=skipped reason="insufficient dmarc"
Authentication-Results: arc.icloud.com; arc=none
Authentication-Results: dmarc.icloud.com; dmarc=pass header.from=example.com
Authentication-Results: dkim-verifier.icloud.com;
\tdkim=pass (2048-bit key) header.d=example.com header.i=@example.com header.b=HYnahEVt
Authentication-Results: spf.icloud.com; spf=pass (spf.icloud.com: domain of alice@example.com designates 192.0.2.24 as permitted sender) smtp.mailfrom=alice@example.com
Received-SPF: pass (spf.icloud.com: domain of alice@example.com designates 192.0.2.24 as permitted sender) receiver=spf.icloud.com; client-ip=192.0.2.24; helo=mail.example.com; envelope-from=alice@example.com
Received: from app (app [198.51.100.7]) by mail.example.com (Postfix) with ESMTPSA id 7
""",
        ("192.0.2.24", "alice@example.com", "mail.example.com", "pass"),
    ),
    "iCloud, no address in its fields": (
        """\
Received: from p00-icloudmta-smtpin-1 by p133-mailgateway-smtp-7 (mailgateway 2420B20) with SMTP id 1
Received: from mail.example.com (mail.example.com [192.0.2.24]) by mr55p00im-mgsin004.me.com (Postfix) with ESMTPS id 6
Authentication-Results: bimi.icloud.com; bimi=none
Authentication-Results: dkim-verifier.icloud.com; dkim=none
Authentication-Results: spf.icloud.com; spf=none (spf.icloud.com: alice@example.com does not designate permitted sender hosts) smtp.mailfrom=alice@example.com
Received: from app (app [198.51.100.7]) by mail.example.com (Postfix) with ESMTPSA id 7
""",
        ("192.0.2.24", "alice@example.com", "mail.example.com", "none"),
    ),
    "Proton": (
        """\
Received: from mail.example.com (mail.example.com [192.0.2.24]) (using TLSv1.3 with cipher
 TLS_AES_256_GCM_SHA384 (256/256 bits)) (No client certificate requested) by mailin041.protonmail.ch
 (Postfix) with ESMTPS id 4XKc7W0Gq4z9vNQ3 for <bob@proton.me>; Mon,  3 Aug 2026 08:20:11 +0000 (UTC)
Authentication-Results: mail.protonmail.ch; dmarc=pass (p=none dis=none) header.from=example.com
Authentication-Results: mail.protonmail.ch; spf=pass smtp.mailfrom=example.com
Authentication-Results: mail.protonmail.ch; dkim=pass (2048-bit key) header.d=example.com
Received: from app (app [198.51.100.7]) by mail.example.com (Postfix) with ESMTPSA id 7
""",
        ("192.0.2.24", "@example.com", "mail.example.com", "pass"),
    ),
    "Proton, its fields above Received": (
        """\
Return-Path: <alice@example.com>
Authentication-Results: mail.protonmail.ch; dmarc=none (p=none dis=none) header.from=example.com
Authentication-Results: mail.protonmail.ch; spf=none smtp.mailfrom=example.com
Authentication-Results: mail.protonmail.ch; arc=none smtp.remote-ip=192.0.2.24
Authentication-Results: mail.protonmail.ch; dkim=none
Received: from mail.example.com (mail.example.com [192.0.2.24])
""",
        ("192.0.2.24", "alice@example.com", "mail.example.com", "none"),
    ),
    "Fastmail": (
        """\
Received: from phl-compute-05.internal (phl-compute-05.nyi.internal [10.202.2.45])
\tby sloti7n08 (Cyrus 3.11.0-alpha0) with LMTPA; Mon, 03 Aug 2026 04:20:11 -0400
Received: from phl-mx-03 ([10.202.2.202])
\tby phl-compute-05.internal (MEProxy); Mon, 03 Aug 2026 04:20:11 -0400
ARC-Authentication-Results: i=1; mx3.messagingengine.com; x-csa=none; spf=pass smtp.mailfrom=z@z.example
Authentication-Results: mx3.messagingengine.com;
    bimi=skipped (DMARC Policy is not at enforcement)
Authentication-Results: mx3.messagingengine.com;
    arc=none (no signatures found)
Authentication-Results: mx3.messagingengine.com;
    dkim=pass (2048-bit rsa key sha256) header.d=example.com header.i=@example.com header.b=Ab1 header.a=rsa-sha256;
    dmarc=pass policy.published-domain-policy=none policy.applied-disposition=none (p=none,d=none) header.from=example.com;
    iprev=pass smtp.remote-ip=192.0.2.24 (mail.example.com);
    spf=pass smtp.mailfrom=alice@example.com smtp.helo=mail.example.com
X-ME-VSCategory: clean
Received-SPF: pass
    (example.com: 192.0.2.24 is authorized to use 'alice@example.com' in 'mfrom' identity (mechanism 'mx' matched))
    receiver=mx3.messagingengine.com;
    identity=mailfrom;
    envelope-from="alice@example.com";
    helo=mail.example.com;
    client-ip=192.0.2.24
Received: from mail.example.com (mail.example.com [192.0.2.24])
\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits))
\tby mx3.messagingengine.com (Postfix) with ESMTPS id 1E4D0
""",
        ("192.0.2.24", "alice@example.com", "mail.example.com", "pass"),
    ),
    "Zimbra, with policyd-spf": (
        """\
Return-Path: alice@example.com
Received: from zimbra.example.net (LHLO zimbra.example.net) (203.0.113.9) by
 zimbra.example.net with LMTP; Mon, 3 Aug 2026 10:20:11 +0200 (CEST)
Received: from localhost (localhost [127.0.0.1])
\tby zimbra.example.net (Postfix) with ESMTP id 5C0F2E
X-Virus-Scanned: amavisd-new at zimbra.example.net
Authentication-Results: zimbra.example.net (amavisd-new); dkim=none
Received: from zimbra.example.net ([127.0.0.1])
\tby localhost (zimbra.example.net [127.0.0.1]) (amavisd-new, port 10032)
\twith ESMTP id Ab12; Mon,  3 Aug 2026 10:20:10 +0200 (CEST)
Received-SPF: Pass (mailfrom) identity=mailfrom; client-ip=192.0.2.24; helo=mail.example.com; envelope-from=alice@example.com; receiver=<UNKNOWN>
Received: from mail.example.com (mail.example.com [192.0.2.24])
\tby zimbra.example.net (Postfix) with ESMTPS id 6A1D8
""",
        ("192.0.2.24", "alice@example.com", "mail.example.com", "pass"),
    ),
    "Zimbra, only Received": (
        """\
Return-Path: alice@example.com
Received: from zimbra.example.net (LHLO zimbra.example.net) (203.0.113.9) by
 zimbra.example.net with LMTP; Mon, 3 Aug 2026 10:20:11 +0200 (CEST)
Received: from localhost (localhost [127.0.0.1])
\tby zimbra.example.net (Postfix) with ESMTP id 5C0F2E
Received: from zimbra.example.net ([127.0.0.1])
\tby localhost (zimbra.example.net [127.0.0.1]) (amavisd-new, port 10032) with ESMTP id Ab12
Received: from mail.example.com (mail.example.com [192.0.2.24])
\tby zimbra.example.net (Postfix) with ESMTPS id 6A1D8
""",
        ("192.0.2.24", "alice@example.com", "mail.example.com", None),
    ),
    "Cisco ESA, Received-SPF for three identities": (
        """\
Received: from esa1.hc123-45.iphmx.com (203.0.113.68) by exchange.example.net (10.1.1.5) with Microsoft SMTP Server id 15.1
Authentication-Results: esa1.hc123-45.iphmx.com; dkim=none (message not signed) header.i=none; spf=None smtp.pra=alice@example.com; spf=SoftFail smtp.mailfrom=alice@example.com; spf=None smtp.helo=postmaster@mail.example.com; dmarc=fail (p=none dis=none) d=example.com
Received-SPF: None (esa1.hc123-45.iphmx.com: no sender
  authenticity information available from domain of
  alice@example.com) identity=pra; client-ip=192.0.2.24;
  receiver=esa1.hc123-45.iphmx.com;
  envelope-from="alice@example.com"; x-sender="alice@example.com";
  x-conformance=sidf_compatible
Received-SPF: SoftFail (esa1.hc123-45.iphmx.com: domain of
  alice@example.com is inclined to not designate
  192.0.2.24 as permitted sender) identity=mailfrom;
  client-ip=192.0.2.24; receiver=esa1.hc123-45.iphmx.com;
  envelope-from="alice@example.com"; x-sender="alice@example.com";
  x-conformance=sidf_compatible; x-record-type="v=spf1"
Received-SPF: None (esa1.hc123-45.iphmx.com: no sender
  authenticity information available from domain of
  postmaster@mail.example.com) identity=helo;
  client-ip=192.0.2.24; receiver=esa1.hc123-45.iphmx.com;
  envelope-from="alice@example.com"; x-sender="postmaster@mail.example.com";
  x-conformance=sidf_compatible
Received: from unknown (HELO mail.example.com) ([192.0.2.24])
  by esa1.hc123-45.iphmx.com with ESMTP/TLS/ECDHE-RSA-AES256-GCM-SHA384; 03 Aug 2026 04:20:10 -0400
""",
        ("192.0.2.24", "alice@example.com", "mail.example.com", "softfail"),
    ),
    "Cisco ESA, no address in its fields, and an Exchange server after it": (
        """\
Received: from mbx1.example.net (10.1.1.7) by mbx2.example.net (10.1.1.8) with Microsoft SMTP Server id 15.1
Received: from esa1.example.net (203.0.113.68) by mbx1.example.net (10.1.1.7) with Microsoft SMTP Server id 15.1
Authentication-Results: esa1.example.net; dkim=none (message not signed) header.i=none; spf=Pass smtp.mailfrom=alice@example.com; spf=None smtp.helo=postmaster@mail.example.com; dmarc=pass (p=none dis=none) d=example.com
X-IronPort-AV: E=Sophos;i="6.06,195,1705381200"
Received: from mail.example.com ([192.0.2.24])
  by esa1.example.net with ESMTP/TLS/ECDHE-RSA-AES256-GCM-SHA384; 03 Aug 2026 04:20:10 -0400
""",
        ("192.0.2.24", "alice@example.com", "mail.example.com", "pass"),
    ),
    "Proofpoint": (
        """\
Received: from mx0a-00123456.pphosted.com (mx0a-00123456.pphosted.com [203.0.113.31])
\tby mail.example.net (Postfix) with ESMTPS id 4F2A9C1234
Received: from pps.filterd (m0123456.ppops.net [127.0.0.1])
\tby mx0a-00123456.pphosted.com (8.18.1.2/8.18.1.2) with ESMTP id 4738O0d2
Authentication-Results: ppops.net;
\tspf=pass smtp.mailfrom=alice@example.com;
\tdkim=pass header.s=s1 header.d=example.com;
\tdmarc=pass header.from=example.com
Received: from mail.example.com (mail.example.com [192.0.2.24])
\tby mx0a-00123456.pphosted.com (PPS) with ESMTPS id 3x0y1z
""",
        ("192.0.2.24", "alice@example.com", "mail.example.com", "pass"),
    ),
    "Mimecast": (
        """\
Received: from eu-smtp-inbound-delivery-1.mimecast.com (eu-smtp-inbound-delivery-1.mimecast.com [203.0.113.31])
\tby mail.example.net (Postfix) with ESMTPS id 4F2A9C1234
Authentication-Results: relay.mimecast.com;
\tdkim=pass header.d=example.com header.s=s1 header.b=Ab12;
\tdmarc=pass (policy=none) header.from=example.com;
\tspf=pass (relay.mimecast.com: domain of "alice@example.com" designates 192.0.2.24 as permitted sender) smtp.mailfrom="alice@example.com"
Received: from mail.example.com (mail.example.com [192.0.2.24]) (Using
 TLS) by relay.mimecast.com with ESMTP id uk-mta-101-Ab12
""",
        ("192.0.2.24", "alice@example.com", "mail.example.com", "pass"),
    ),
    "Exim": (
        """\
Return-path: <alice@example.com>
Envelope-to: bob@example.net
Received: from mail.example.com ([192.0.2.24] helo=smtp.example.com)
\tby mx.example.net with esmtps (TLS1.3) tls TLS_AES_256_GCM_SHA384
\t(Exim 4.96) (envelope-from <alice@example.com>) id 1wZq7K-000123-2f for bob@example.net
""",
        ("192.0.2.24", "alice@example.com", "smtp.example.com", None),
    ),
    "Exim, the sender only in Received": (
        """\
Received: from mail.example.com ([192.0.2.24] helo=smtp.example.com)
\tby mx.example.net with esmtps (TLS1.3) tls TLS_AES_256_GCM_SHA384
\t(Exim 4.96)
\t(envelope-from <alice@example.com>)
\tid 1wZq7K-000123-2f for bob@example.net
""",
        ("192.0.2.24", "alice@example.com", "smtp.example.com", None),
    ),
    "Exim, its Received-SPF": (
        """\
Received-SPF: softfail (mx.example.net: domain of b.example does not designate 192.0.2.24 as permitted sender)
Received: from mail.b.example ([192.0.2.24])
\tby mx.example.net with esmtp (Exim 4.96)
\t(envelope-from <alice@b.example>)
\tid 1wZq7K-000123-2f for bob@example.net
""",
        ("192.0.2.24", "alice@b.example", "mail.b.example", "softfail"),
    ),
    "Postfix with OpenDMARC, which checks SPF itself": (
        """\
Return-Path: <alice@example.com>
Received: from mx.example.net by mx.example.net with LMTP id 0Qw1CRtUaGbW5QAAsNZ9tg
\t(envelope-from <alice@example.com>); Mon, 03 Aug 2026 10:22:00 +0200
DMARC-Filter: OpenDMARC Filter v1.4.2 mx.example.net 4F2A9C1234
Authentication-Results: OpenDMARC; dmarc=pass (p=none dis=none) header.from=example.com
Authentication-Results: OpenDMARC; spf=pass smtp.mailfrom=alice@example.com
Received: from mail.example.com (mail.example.com [192.0.2.24])
\tby mx.example.net (Postfix) with ESMTPS id 4F2A9C1234
""",
        ("192.0.2.24", "alice@example.com", "mail.example.com", "pass"),
    ),
    "Postfix with OpenDMARC and policyd-spf": (
        """\
Return-Path: <alice@example.com>
Authentication-Results: mx.example.net; dmarc=pass (p=none dis=none) header.from=example.com
Authentication-Results: mx.example.net; spf=pass smtp.mailfrom=example.com
Authentication-Results: mx.example.net;
\tdkim=pass (2048-bit key; unprotected) header.d=example.com header.i=@example.com header.a=rsa-sha256
Received-SPF: Pass (mailfrom) identity=mailfrom; client-ip=192.0.2.24; helo=smtp.example.com; envelope-from=alice@example.com; receiver=mx.example.net
Received: from smtp.example.com (mail.example.com [192.0.2.24])
\tby mx.example.net (Postfix) with ESMTPS id 4F2A9C1234
""",
        ("192.0.2.24", "alice@example.com", "smtp.example.com", "pass"),
    ),
    "rspamd, below the Received of the store": (
        """\
Return-Path: <alice@example.com>
Received: from mx1.example.net (mx1.example.net [203.0.113.5])
\tby store.example.net (Dovecot) with ESMTPS id 0Qw1CRtUaGbW5QAAsNZ9tg
Authentication-Results: mx1.example.net;
\tdkim=none;
\tspf=softfail smtp.mailfrom=alice@example.com;
\tdmarc=none
Received: from mail.example.com (unknown [192.0.2.24])
\tby mx1.example.net (Postfix) with ESMTPS id 4F2A9C1234
""",
        ("192.0.2.24", "alice@example.com", "mail.example.com", "softfail"),
    ),
    "amavis hands the message back": (
        """\
Return-Path: <alice@example.com>
Authentication-Results: mx.example.net; spf=pass smtp.mailfrom=alice@example.com
Received: from localhost (localhost [127.0.0.1])
\tby mx.example.net (Postfix) with ESMTP id 5C0F2E
Received: from mx.example.net ([127.0.0.1])
\tby localhost (mx.example.net [127.0.0.1]) (amavisd-new, port 10024) with ESMTP id Ab12
Received: from mail.example.com (mail.example.com [192.0.2.24])
\tby mx.example.net (Postfix) with ESMTPS id 6A1D8
""",
        ("192.0.2.24", "alice@example.com", "mail.example.com", "pass"),
    ),
    "Rackspace": (
        """\
Return-Path: <alice@example.com>
Authentication-Results: smtp26.gate.iad3b.rsapps.net; iprev=pass policy.iprev="192.0.2.24"; spf=pass smtp.mailfrom="alice@example.com" smtp.helo="mail.example.com"; dkim=none (message not signed) header.d=none; dmarc=none (p=nil; dis=none) header.from=example.com
X-Suspicious-Flag: NO
Received: from [192.0.2.24] ([192.0.2.24:41234] helo=mail.example.com)
\tby smtp26.gate.iad3b.rsapps.net (envelope-from <alice@example.com>)
\t(ecelerity 4.2.38.62370 r(:)) with ESMTPS id 4F/2A
""",
        ("192.0.2.24", "alice@example.com", "mail.example.com", "pass"),
    ),
    "GMX": (
        """\
Return-Path: <alice@example.com>
Authentication-Results: gmx.net; dkim=pass header.i=@example.com
Received: from mail.example.com ([192.0.2.24]) by mx-ha.gmx.net (mxgmx116
 [203.0.113.15]) with ESMTPS (Nemesis) id 1MPpSl-1uQ for
 <bob@gmx.net>; Mon, 03 Aug 2026 10:20:11 +0200
""",
        ("192.0.2.24", "alice@example.com", "mail.example.com", None),
    ),
    "web.de, with SPF": (
        """\
Return-Path: <alice@example.com>
Authentication-Results: web.de; spf=pass smtp.mailfrom=example.com; dkim=none
Received: from mail.example.com ([192.0.2.24]) by mx-ha.web.de (mxweb012
 [203.0.113.15]) with ESMTPS (Nemesis) id 1MPpSl-1uQ for <bob@web.de>
""",
        ("192.0.2.24", "alice@example.com", "mail.example.com", "pass"),
    ),
    "Zoho": (
        """\
Delivered-To: bob@example.net
Received-SPF: pass (zohomail.com: domain of example.com designates 192.0.2.24 as permitted sender) client-ip=192.0.2.24; envelope-from=alice@example.com; helo=mail.example.com;
Authentication-Results: mx.zohomail.com;
\tdkim=pass;
\tspf=pass (zohomail.com: domain of example.com designates 192.0.2.24 as permitted sender)  smtp.mailfrom=alice@example.com;
\tdmarc=pass(p=none dis=none)  header.from=example.com
Return-Path: <alice@example.com>
Received: from mail.example.com (mail.example.com [192.0.2.24]) by mx.zohomail.com
\twith SMTPS id 1785744942117; Mon, 3 Aug 2026 01:15:42 -0700 (PDT)
""",
        ("192.0.2.24", "alice@example.com", "mail.example.com", "pass"),
    ),
    "Amazon SES": (
        """\
Return-Path: <alice@example.com>
Received: from mail.example.com (mail.example.com [192.0.2.24])
 by inbound-smtp.eu-west-1.amazonaws.com with SMTP id 7q5h for bob@example.net
Received-SPF: pass (spfCheck: domain of example.com designates 192.0.2.24 as permitted sender) client-ip=192.0.2.24; envelope-from=alice@example.com; helo=mail.example.com;
Authentication-Results: amazonses.com;
 spf=pass (spfCheck: domain of example.com designates 192.0.2.24 as permitted sender) client-ip=192.0.2.24; envelope-from=alice@example.com; helo=mail.example.com;
 dkim=pass header.i=@example.com;
""",
        ("192.0.2.24", "alice@example.com", "mail.example.com", "pass"),
    ),
    "Cloudflare": (
        """\
Received: from mail.example.com (192.0.2.24)
        by email.cloudflare.net (unknown) id RG92Nrb6R2cD
        for <bob@example.net>; Mon, 03 Aug 2026 08:20:11 +0000
Received-SPF: pass (mx.cloudflare.net: domain of alice@example.com designates 192.0.2.24 as permitted sender)
\treceiver=mx.cloudflare.net; client-ip=192.0.2.24; envelope-from="alice@example.com"; helo=mail.example.com;
Authentication-Results: mx.cloudflare.net;
\tdkim=none;
\tspf=pass (mx.cloudflare.net: domain of alice@example.com designates 192.0.2.24 as permitted sender) smtp.mailfrom=alice@example.com
""",
        ("192.0.2.24", "alice@example.com", "mail.example.com", "pass"),
    ),
    "Courier": (
        """\
Return-Path: <alice@example.com>
Received-SPF: pass SPF=MAILFROM; sender=alice@example.com; remoteip=::ffff:192.0.2.24; helo=mail.example.com;
  receiver=mx.example.net;
Received: from mail.example.com (mail.example.com [::ffff:192.0.2.24])
  by mx.example.net with ESMTPS; Mon, 03 Aug 2026 10:20:11 +0200
""",
        ("192.0.2.24", "alice@example.com", "mail.example.com", "pass"),
    ),
    "an unreadable field above a readable one": (
        """\
Authentication-Results: mx.example.net; spf
Received-SPF: maybe (mx.example.net: who knows)
Authentication-Results: mx.example.net; dkim=pass (broken; spf=fail smtp.mailfrom=alice@example.com
Received: from mail.example.com (mail.example.com [192.0.2.24]) by mx.example.net (Postfix) with ESMTPS id 1
""",
        ("192.0.2.24", "alice@example.com", "mail.example.com", "fail"),
    ),
    "an unreadable sender and HELO name": (
        """\
Return-Path: <alice@example.com>
Received-SPF: fail client-ip=192.0.2.24; envelope-from="<a b>"; helo="two words"; receiver=mx.example.net
Received: from mail.example.com (mail.example.com [192.0.2.24]) by mx.example.net (Postfix) with ESMTPS id 1
""",
        ("192.0.2.24", "alice@example.com", "mail.example.com", "fail"),
    ),
    "a redacted address, and the real one in the host's own Received": (
        """\
Return-Path: <alice@example.com>
Received-SPF: fail (mx.example.net: domain of alice@example.com does not designate 192.0.2.x as permitted sender) client-ip=192.0.2.x; receiver=mx.example.net
Received: from mail.example.com (mail.example.com [192.0.2.24]) by mx.example.net (Postfix) with ESMTPS id 1
""",
        ("192.0.2.24", "alice@example.com", "mail.example.com", "fail"),
    ),
}
READ |= {
    "a list sends anew what it got": (
        """\
Return-Path: <list-owner@lists.example.org>
Received: from mail.example.org (mail.example.org [192.0.2.9]) by store.example.org (Postfix) with ESMTPS id 3
Received: by mail.example.org (Postfix, from userid 38) id 2; Mon, 3 Aug 2026 10:20:11 +0200
Received: from mail.example.com (mail.example.com [192.0.2.24]) by mail.example.org (Postfix) with ESMTPS id 1
""",
        ("192.0.2.9", "list-owner@lists.example.org", "mail.example.org", None),
    ),
    "a store above the MX, only Received": (
        """\
Return-Path: <alice@example.com>
Received: from mx1.example.org (mx1.example.org [192.0.2.9]) by store.example.org (Postfix) with ESMTPS id 3
Received: from mail.example.com (mail.example.com [192.0.2.24]) by mx1.example.org (Postfix) with ESMTPS id 1
""",
        ("192.0.2.24", "alice@example.com", "mail.example.com", None),
    ),
    "a word of RFC 4408's time, and a key with an underscore": (
        """\
Return-Path: <alice@example.com>
Received-SPF: unknown (mx.example.net: domain of alice@example.com: error in processing) client_ip=192.0.2.24
Received: from mail.example.com (mail.example.com [192.0.2.24]) by mx.example.net (Postfix) with ESMTPS id 1
""",
        ("192.0.2.24", "alice@example.com", "mail.example.com", "temperror"),
    ),
    "Google, no record, and a comment that names the sender first": (
        """\
Received: from mail.example.com (mail.example.com. [192.0.2.24]) by mx.google.com with ESMTPS id d9si
Received-SPF: none (google.com: alice@example.com does not designate permitted sender hosts) client-ip=192.0.2.24;
""",
        ("192.0.2.24", "alice@example.com", "mail.example.com", "none"),
    ),
    "fetched from a mailbox by fetchmail, only Received": (
        """\
Return-Path: <alice@example.com>
Received: from localhost (localhost [127.0.0.1])
\tby home.example.org (Postfix) with ESMTP id 9
Received: from pop.example.net [203.0.113.9]
\tby home.example.org with POP3 (fetchmail-6.4.37)
\tfor <bob@localhost> (single-drop); Mon, 03 Aug 2026 10:20:00 +0200 (CEST)
Received: from mail.example.com (mail.example.com [192.0.2.24])
\tby mx.example.net (Postfix) with ESMTPS id 4 for <bob@example.net>; Mon, 3 Aug 2026 10:15:00 +0200 (CEST)
""",
        ("192.0.2.24", "alice@example.com", "mail.example.com", None),
    ),
    "fetched from a mailbox by getmail, and no address in the fields about SPF": (
        """\
Return-Path: <alice@example.com>
Received: from imap.hosting.example (203.0.113.9) by home with IMAP4-SSL getmail6; 03 Aug 2026 08:20:00 -0000
Authentication-Results: OpenDMARC; spf=pass smtp.mailfrom=example.com
Received: from mail.example.com (mail.example.com [192.0.2.24])
\tby mx.example.net (Postfix) with ESMTPS id 4 for <bob@example.net>; Mon, 3 Aug 2026 10:15:00 +0200 (CEST)
""",
        ("192.0.2.24", "alice@example.com", "mail.example.com", "pass"),
    ),
}

REFUSED: dict[str, tuple[str, str]] = {
    "Exchange Online names an address of its own": (
        """\
Authentication-Results: spf=pass (sender IP is 2603:10a6:20b:2f::14) smtp.mailfrom=example.com; dkim=none
Return-Path: alice@example.com
""",
        "the first header field about SPF is about a server inside the receiver's site",
    ),
    "Gmail, its own Received left out, and the address redacted": (
        """\
Return-Path: <alice@example.com>
Received-SPF: fail (google.com: domain of alice@example.com does not designate 203.0.113.x as permitted sender) client-ip=203.0.113.x;
Authentication-Results: mx.google.com; spf=fail smtp.mailfrom=alice@example.com
Received: from app.other.example (app.other.example [198.51.100.7]) by relay.example.org (Postfix) with ESMTPS id 7
""",
        "the receiver's header field about SPF has no address of the client in it, but this: '203.0.113.x'",
    ),
    "no address, and the first Received is by the sender's own server": (
        """\
Return-Path: <alice@example.com>
Authentication-Results: mx.example.net; spf=pass smtp.mailfrom=alice@example.com
Received: from app.example.com (app.example.com [198.51.100.7]) by mail.example.com (Postfix) with ESMTPS id 7
""",
        (
            "the receiver's header fields about SPF don't have the address of the client, and no Received field of "
            "the same host does: 'mx.example.net'"
        ),
    ),
    "Exchange Online to Exchange Online, inside": (
        """\
Received: from AM9PR01MB0001.eurprd01.prod.outlook.com (2603:10a6:208:106::29)
 by DB7PR01MB0002.eurprd01.prod.outlook.com with HTTPS; Mon, 3 Aug 2026 08:20:11 +0000
Authentication-Results: spf=none (sender IP is ) smtp.mailfrom=alice@example.com;
Received: from AM9PR01MB0001.eurprd01.prod.outlook.com ([fe80::6417:7247:12ed:1d7b]) by
 AM9PR01MB0001.eurprd01.prod.outlook.com ([fe80::6417:7247:12ed:1d7b%5]) with mapi id 15.20.2878.018
""",
        "the first header field about SPF is that of the sender's own server, which names no client",
    ),
    "Outlook's inner hops alone": (
        """\
Return-Path: alice@example.com
Received: from AM9PR01MB0001.eurprd01.prod.exchangelabs.com (2603:10a6::1) by
 DB7PR01MB0002.eurprd01.prod.exchangelabs.com with HTTPS; Mon, 3 Aug 2026 08:20:11 +0000
Received: from DB5EUR01FT001.eop-EUR01.prod.protection.outlook.com
 (2603:10a6:10:2e:cafe::5a) by AM9PR01MB0001.outlook.office365.com
 (2603:10a6:20b:2f::14) with Microsoft SMTP Server id 15.20.0.1; Mon, 3 Aug 2026 08:20:10 +0000
""",
        "no trusted header field has the address of the client",
    ),
    "redacted everywhere": (
        """\
Return-Path: <alice@example.com>
Received-SPF: fail (mx.example.net: domain of alice@example.com does not designate 192.0.2.x as permitted sender) client-ip=192.0.2.x; receiver=mx.example.net
Received: from mail.example.com (mail.example.com [192.0.2.x]) by mx.example.net (Postfix) with ESMTPS id 1
Received: from app (app [198.51.100.7]) by mail.example.com (Postfix) with ESMTPS id 7
""",
        "the receiver's header field about SPF has no address of the client in it, but this: '192.0.2.x'",
    ),
    "only Received, and redacted": (
        """\
Return-Path: <alice@example.com>
Received: from mail.example.com (mail.example.com [xx.xx.xx.xx]) by mx.example.net (Postfix) with ESMTPS id 1
Received: from app (app [198.51.100.7]) by mail.example.com (Postfix) with ESMTPS id 7
""",
        "no trusted header field has the address of the client",
    ),
    "the writer's own Received redacted": (
        """\
Return-Path: <alice@example.com>
Authentication-Results: mx.example.net; spf=fail smtp.mailfrom=alice@example.com
Received: from mail.example.com (203.0.113.xxx) by mx.example.net with ESMTPS id 1
Received: from mx.example.net (mx.example.net [198.51.100.7]) by mx.example.net (Postfix) with ESMTPS id 7
""",
        (
            "the receiver's header fields about SPF don't have the address of the client, and no Received field of "
            "the same host does: 'mx.example.net'"
        ),
    ),
    "redacted with an address for documentation": (
        """\
Return-Path: <alice@our-company.de>
Received-SPF: fail (mx.example.net: domain of alice@our-company.de does not designate 192.0.2.1 as permitted sender) client-ip=192.0.2.1; receiver=mx.example.net
""",
        "the client's address 192.0.2.1 is one for documentation (RFC 5737, RFC 3849), so the real one has been removed",
    ),
    "no address, and the only Received is by a host after the writer": (
        """\
Return-Path: <alice@example.com>
Received: from relay.other.example (relay.other.example [203.0.113.77]) by mail.example.org (Postfix) with ESMTPS id 1
Authentication-Results: mx.example.net; spf=pass smtp.mailfrom=alice@example.com
""",
        (
            "the receiver's header fields about SPF don't have the address of the client, and no Received field of "
            "the same host does: 'mx.example.net'"
        ),
    ),
    "no address, and Received above and below are by others": (
        """\
Return-Path: <alice@example.com>
Received: from relay.other.example (relay.other.example [203.0.113.77]) by mail.example.org (Postfix) with ESMTPS id 1
Authentication-Results: mx.example.net; spf=pass smtp.mailfrom=alice@example.com
Received: from app.example.com (app.example.com [198.51.100.7]) by mail.example.com (Postfix) with ESMTPS id 7
""",
        (
            "the receiver's header fields about SPF don't have the address of the client, and no Received field of "
            "the same host does: 'mx.example.net'"
        ),
    ),
    "sent by a user of the server": (
        """\
Return-Path: <alice@example.com>
Received: from [10.0.0.7] (dsl.example.org [203.0.113.77]) (Authenticated sender: alice)
\tby mail.example.com (Postfix) with ESMTPSA id 1
""",
        "it was sent by an authenticated user of the server, so SPF is not about it",
    ),
}
