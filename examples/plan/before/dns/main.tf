variable "relay" {}

resource "cloudflare_zone" "net" {
  zone = "example.net"
}

resource "cloudflare_record" "spf" {
  zone_id = cloudflare_zone.net.id
  name    = "@"
  type    = "TXT"
  content = "v=spf1 ip4:192.0.2.25 include:${var.relay} ~all"
}
