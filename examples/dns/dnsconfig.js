D("seed.example", NewRegistrar("none"), DnsProvider("bind"),
  SPF_BUILDER({
    label: "@",
    parts: [
      "v=spf1",
      "ip4:150.95.55.137/24", // the office
      "include:relay.mailchannels.net",
      "include:gone.seed.example",
      "~all",
    ],
  }),
);
