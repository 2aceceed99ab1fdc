"""v=spf1 records are made here; v=spf1 ptr is not."""

SPF = "v=spf1 ip4:192.0.2.1 ptr -all"
RELAY = f"v=spf1 include:{relay!r:>10} ptr -all"
A = "v=spf1 include:%s ptr exists:%%{i}.x.example -all" % relay
B = "v=spf1 include:{} ptr exists:%{{i}}.x.example -all".format(relay)
C = "v=spf1 ip4:" + address + " ptr -all"
D = " ".join(["v=spf1", *terms, "ptr", "-all"])
E = """v=spf1
    ptr
    -all"""
if text == "v=spf1" or text.startswith("v=spf1 "):
    raise ValueError("v=spf1 is missing in the record")
parts = ["v=spf1", "ptr"]
parts.append("-all")
F = b"v=spf1 \x70tr -all"
