"""Mail::SPF, in Perl, with a resolver that has ready-made DNS messages; see rivals/mail_spf.pl."""

from bench.comparison.protocol import PROGRAMS, foreign

if __name__ == "__main__":
    foreign("Mail::SPF", PROGRAMS / "mail_spf.pl", ["perl", str(PROGRAMS / "mail_spf.pl")])
