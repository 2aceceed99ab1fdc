# Mail::SPF on a workload (see bench/comparison/protocol.py for its input and output).
#
#     perl mail_spf.pl FILE SECONDS
#
# Its resolver reads a hash of ready-made DNS messages. It caches nothing between checks.

use strict;
use warnings;

package Ready;

sub new {
    my ($class) = @_;
    return bless { answers => {}, missing => {} }, $class;
}

sub add {
    my ( $self, $name, $type, $value ) = @_;
    if ( $type eq 'TXT' ) {    # strings of at most 255 octets
        $value = join ' ', map { "\"$_\"" } $value =~ /(.{1,255})/gs;
    }
    my $packet = $self->{answers}{ lc "$name $type" } //= Ready::packet( $name, $type );
    $packet->push( answer => Net::DNS::RR->new("$name. 3600 IN $type $value") );
    return;
}

sub packet {
    my ( $name, $type, $rcode ) = @_;
    my $packet = Net::DNS::Packet->new( $name, $type, 'IN' );
    $packet->header->qr(1);
    $packet->header->rcode( $rcode // 'NOERROR' );
    return $packet;
}

sub send {
    my ( $self, $name, $type ) = @_;
    $name =~ s/\.\z//;
    return $self->{answers}{ lc "$name $type" }
        // ( $self->{missing}{ lc "$name $type" } //= Ready::packet( $name, $type, 'NXDOMAIN' ) );
}

sub errorstring { return '' }

package main;

use JSON::PP;
use Mail::SPF;
use Net::DNS;

my ( $path, $seconds ) = @ARGV;
my $resolver = Ready->new;
my @checks;
open my $file, '<', $path or die "$path: $!";
while ( my $line = <$file> ) {
    chomp $line;
    my @field = split /\t/, $line;
    if ( $field[0] eq 'Z' ) { $resolver->add( @field[ 1 .. 3 ] ) }
    if ( $field[0] eq 'C' ) { push @checks, [ @field[ 1 .. 3 ] ] }
}
close $file;

my $server = Mail::SPF::Server->new( dns_resolver => $resolver, hostname => 'receiver.example' );

sub check {
    my ( $ip, $sender, $helo ) = @{ $_[0] };
    my $request = Mail::SPF::Request->new(
        versions => [1], scope => 'mfrom', identity => $sender, ip_address => $ip, helo_identity => $helo );
    return $server->process($request)->code;
}

sub now { my ( $user, $system ) = times; return $user + $system }

my @results = map { check($_) } @checks;
my $repeats = 1 + int( 160 / @checks );
my @samples;
my $end = now() + $seconds;
while ( !@samples || now() < $end ) {
    my $begin = now();
    for ( 1 .. $repeats ) { check($_) for @checks }
    push @samples, ( now() - $begin ) / ( $repeats * @checks ) * 1e6;
}
@samples = sort { $a <=> $b } @samples;
print JSON::PP->new->encode(
    {   engine    => 'Mail::SPF',
        version   => "$Mail::SPF::VERSION",
        median_us => $samples[ @samples / 2 ] + 0,
        passes    => scalar @samples,
        results   => \@results,
    }
), "\n";
