"""Reports and logs made by programs of others, as Debian has them, read without loss: Mail::DMARC's in every form that
it sends, and Exim's log. Postfix's is in tests/postfix/test_evidence.py.
"""

import os
import subprocess
from dataclasses import astuple
from pathlib import Path

import pytest

from spfengine import Sender
from tests.debian import missing, program
from tests.evidence.files import of, read_bytes

SENDERS = [
    Sender("23.83.218.24", "@seed.example", None, 41, None, "softfail", "seed.example"),
    Sender("2001:db8::25", "@lists.example.net", "mx.example.net", 2, None, "pass", "seed.example"),
    Sender("192.0.2.1", "@temp.example", None, 7, None, "temperror", "seed.example"),
    Sender("192.0.2.2", "postmaster@mx.example.org", "mx.example.org", 5, None, "none", "seed.example"),
    Sender("192.0.2.3", "@envelope.example", "mx.example.org", 4, None, None, "seed.example"),
    *[Sender(f"2001:db8:1::{n:x}", f"@s{n}.example", None, n, None, "pass", "seed.example") for n in range(1, 200)],
]

# One line of standard input a record: address, count, envelope's domain, domain of mfrom, its result, HELO, its result.
_PERL = r"""
use strict; use warnings;
use Mail::DMARC::Policy; use Mail::DMARC::Report; use Mail::DMARC::Report::Aggregate;
use Mail::DMARC::Report::Aggregate::Record; use Mail::DMARC::Report::Send::SMTP; use IO::Compress::Zip;
my $aggregate = Mail::DMARC::Report::Aggregate->new;
$aggregate->metadata->org_name('Receiver');
$aggregate->metadata->email('dmarc@receiver.example');
$aggregate->metadata->report_id('1785715200');
$aggregate->metadata->begin(1785715200);
$aggregate->metadata->end(1785801599);
$aggregate->policy_published(Mail::DMARC::Policy->new('v=DMARC1; p=none'));
$aggregate->policy_published->domain('seed.example');
while (my $line = <STDIN>) {
    chomp $line;
    my ($ip, $count, $envelope, $domain, $result, $helo, $helo_result) = split /\t/, $line, -1;
    my $record = Mail::DMARC::Report::Aggregate::Record->new;
    $record->row(source_ip => $ip, count => $count,
        policy_evaluated => {disposition => 'none', dkim => 'fail', spf => 'fail',
            reason => [{type => 'other', comment => 'a < b & c'}]});
    $record->identifiers(header_from => 'seed.example', envelope_from => $envelope, envelope_to => 'receiver.example');
    $record->auth_results->dkim({domain => 'seed.example', selector => 's1', result => 'none'});
    $record->auth_results->spf({domain => $helo, scope => 'helo', result => $helo_result}) if $helo ne '';
    $record->auth_results->spf({domain => $domain, scope => 'mfrom', result => $result}) if $domain ne '';
    $aggregate->record($record);
}
my $form = shift @ARGV;
my $xml = $aggregate->as_xml;
binmode STDOUT;
if ($form eq 'xml') { print $xml }
elsif ($form eq 'zip') { IO::Compress::Zip::zip(\$xml, \my $zipped, Name => 'report.xml'); print $zipped }
else {
    my $shrunk = Mail::DMARC::Report->new->compress(\$xml);
    if ($form eq 'gzip') { print $shrunk; exit }
    my $mailer = Mail::DMARC::Report::Send::SMTP->new;
    $mailer->config($ARGV[0]);
    print $mailer->assemble_message_object(\$aggregate, 'dmarc@seed.example', $shrunk)->as_string;
}
"""
_CONFIGURATION = """\
[organization]
domain = receiver.example
org_name = Receiver
email = dmarc@receiver.example
"""


def perl() -> str:
    """Return the path of a perl that has Mail::DMARC; without one, skip the test, or fail it in CI."""
    returned = program("perl")
    if subprocess.run([returned, "-MMail::DMARC", "-e1"], capture_output=True, check=False).returncode:
        missing("perl")
    return returned


def row(sender: Sender) -> str:
    """The input of the generator for a report about this sender."""
    domain = sender.sender.rpartition("@")[2]
    if sender.sender.startswith("postmaster@"):
        return "\t".join([sender.ip, str(sender.count), "", "", "", domain, sender.reported or ""])
    helo = sender.helo or ""
    mfrom = ["", ""] if sender.reported is None else [domain, sender.reported]
    return "\t".join([sender.ip, str(sender.count), domain, *mfrom, helo, "none" if helo else ""])


def like(sender: Sender) -> Sender:
    """The sender with what `policy_evaluated` of the generated reports says."""
    values = {name: getattr(sender, name) for name in Sender.fields}
    return Sender(**{**values, "dmarc_spf": "fail", "dmarc_dkim": "fail"})


@pytest.mark.debian
@pytest.mark.parametrize("form", ["xml", "gzip", "zip", "mail"])
def test_reports_of_mail_dmarc_are_read_without_loss(tmp_path: Path, form: str) -> None:
    configuration = tmp_path / "mail-dmarc.ini"
    configuration.write_text(_CONFIGURATION, encoding="ascii")
    made = subprocess.run(
        [perl(), "-e", _PERL, form, str(configuration)],
        input="".join(f"{row(sender)}\n" for sender in SENDERS).encode(),
        capture_output=True, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr.decode()
    evidence = read_bytes(tmp_path, made.stdout)
    assert evidence.unread == ()
    expected = [like(sender) for sender in SENDERS]
    assert sorted(evidence.senders, key=str) == sorted(expected, key=str)
    assert [astuple(source) for source in evidence.sources] == [
        ("dmarc-report", 1, len(SENDERS), sum(sender.count for sender in SENDERS))
    ]


_EXIM = """\
primary_hostname = mx.example.net
log_file_path = {folder}/%slog
spool_directory = {folder}/spool
exim_user = root
exim_group = root
never_users =
keep_environment =
host_lookup =
queue_only
acl_smtp_rcpt = all
begin acl
all:
  accept
"""
_DIALOGUE = "EHLO {}\r\nMAIL FROM:{}\r\nRCPT TO:<bob@mx.example.net>\r\nDATA\r\nSubject: x\r\n\r\nx\r\n.\r\nQUIT\r\n"


@pytest.mark.debian
def test_the_log_of_exim_is_read_without_loss(tmp_path: Path) -> None:
    exim = program("exim4")
    if os.geteuid() != 0:
        pytest.skip("only root can say to Exim from which address a client comes")
    configuration = tmp_path / "configure"
    configuration.write_text(_EXIM.format(folder=tmp_path), encoding="ascii")
    clients = [
        ("192.0.2.24.4567", "smtp.example.com", "<alice@example.com>", []),
        ("2001:db8::24", "smtp.example.com", "<>", []),
        ("192.0.2.25", "[192.0.2.99]", '<"al ice"@example.com>', []),
        ("192.0.2.26", "smtp.example.com", "<carol@example.com>", ["-oMs", "smtp.example.com"]),
        ("192.0.2.27", "smtp.example.com", "<dave@example.com>", ["-oMs", "host.example.com"]),
        ("192.0.2.28", "cpe.example.org", "<bob@example.net>", ["-oMaa", "plain", "-oMai", "bob"]),
    ]
    for ip, helo, sender, more in clients:
        done = subprocess.run(
            [exim, "-C", str(configuration), "-bs", "-oMa", ip, *more],
            input=_DIALOGUE.format(helo, sender).encode(), capture_output=True, check=False,
        )  # fmt: skip
        assert b"\n250 OK id=" in done.stdout, done.stdout.decode() + done.stderr.decode()
    subprocess.run([exim, "-C", str(configuration), "-f", "<>", "x@mx.example.net"], input=b"Subject: x\n", check=True)
    log = (tmp_path / "mainlog").read_bytes()
    evidence = read_bytes(tmp_path, log)
    assert of(evidence) == [
        ("192.0.2.24", "alice@example.com", "smtp.example.com", 1, None),
        ("2001:db8::24", "postmaster@smtp.example.com", "smtp.example.com", 1, None),
        ("192.0.2.25", '"al ice"@example.com', "[192.0.2.99]", 1, None),
        ("192.0.2.26", "carol@example.com", "smtp.example.com", 1, None),
        ("192.0.2.27", "dave@example.com", "smtp.example.com", 1, None),
    ], log.decode()
    assert evidence.unread == ()
    assert dict(evidence.aside) == {
        "messages submitted by authenticated users": 1, "messages from the host itself": 1,
    }  # fmt: skip
