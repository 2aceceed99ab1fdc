# "v=spf1 include:commented.example -all" is out of use
locals {
  spf_description = "v=spf1 records of the zone"
  relay           = "v=spf1 include:${var.relay} mx +all"
}

resource "aws_route53_record" "spf" {
  zone_id = aws_route53_zone.main.zone_id
  name    = "example.com"
  type    = "TXT"
  ttl     = 300
  records = [
    "v=spf1 ip4:192.0.2.1/24 include:_spf.example.net ~all",
    "google-site-verification=abc",
    "v=DMARC1; p=none",
  ]
}

resource "aws_route53_record" "long" {
  records = ["v=spf1 ip4:198.51.100.1 \" \"ptr -all"]
}

resource "cloudflare_record" "heredoc" {
  content = <<-EOT
    v=spf1 mx
      inculde:_spf.example.net
      -all
  EOT
  comment = "next" /* "v=spf1 ptr -all" */
}

resource "google_dns_record_set" "joined" {
  rrdatas = ["\"${join(" ", ["v=spf1", "include:a.example", "ip4:${var.ip}", "ptr", "-all"])}\""]
}

output "concat" {
  value = join(" ", concat(["v=spf1", "ptr"], formatlist("include:%s", var.includes), ["-all"]))
}

output "macro" {
  value = format("v=spf1 exists:%%{i}.%s.example.com ?all", var.x)
}
