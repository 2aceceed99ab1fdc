// TXT("@", "v=spf1 ptr -all")
var REG_NONE = NewRegistrar("none");
var pattern = /["'`]v=spf1/;
D("example.com", REG_NONE, DnsProvider(DSP),
  TXT("@", "v=spf1 mx ptr -all"),
  TXT("long", ["v=spf1 ip4:192.0.2.1 ", "ptr ~all"]),
  SPF_BUILDER({
    label: "@",
    overflow: "_spf%d",
    parts: [
      "v=spf1",
      "ip4:198.51.100.0/24", // the office
      'include:_spf.google.com',
      "ptr",
      "~all"
    ],
    flatten: ["_spf.google.com"]
  }),
  TXT("a", "v=spf1 " +
      "include:" + relay +
      " ptr -all"),
  TXT("b", `v=spf1 include:${relays.map(r => `x${r}`).join(" ")} ptr -all`)
);
if (txt.startsWith("v=spf1")) { spf = "v=spf1 ptr"; spf += " -all"; }
