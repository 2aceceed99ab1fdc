import * as route53 from "aws-cdk-lib/aws-route53";
/* new route53.TxtRecord(this, "Old", { values: ["v=spf1 ptr -all"] }); */
const relay: string = process.env.RELAY ?? "it's";
new route53.TxtRecord(this, "Spf", {
  zone,
  values: ["v=spf1 include:_spf.example.net -all"],
});
new route53.TxtRecord(this, "Interpolated", {
  values: [`v=spf1 include:${relay} ip4:${ips.map((ip) => `${ip}`).join(" ip4:")} mx -all`],
});
const parts = ["v=spf1", "mx", ...extra, `include:${relay}`, "-all"].join(" ");
const escaped = 'v=spf1 exists:%{i}.it\'s.example.com \x2dall';
const isSpf = (txt: string) => txt.startsWith("v=spf1 ") || txt === "v=spf1";
throw new Error("v=spf1 is not in the record");
const split = "v=spf1 ip4:192.0.2.1 " + // the office
  'ip4:192.0.2.2 ' +
  `-all`;
const half = a / b; const re = /"v=spf1 ptr[/"]/; const after = "v=spf1 a -all";
