# SPF of seed.example, as it is going to be. "v=spf1 mx -all" is what we had.
resource "aws_route53_record" "spf" {
  zone_id = aws_route53_zone.seed.zone_id
  name    = "seed.example"
  type    = "TXT"
  ttl     = 300
  records = [
    "v=spf1 mx ipv4:150.95.55.137 include:${var.relay} ~all",
  ]
}
