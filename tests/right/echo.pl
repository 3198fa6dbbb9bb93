# A correct server in Perl: one process and select(). Usage: perl echo.pl ADDRESS, in the forms that upecho replaces
# {address} by.
use strict;
use warnings;
use Errno qw(EAGAIN EMFILE ENFILE ECONNREFUSED);
use Fcntl qw(F_SETFL O_NONBLOCK);
use Socket qw(:DEFAULT IPPROTO_TCP TCP_NODELAY AF_INET6 inet_pton pack_sockaddr_in6);
use Time::HiRes qw(time);

use constant { BUFFER_BYTES => 65536, BACKLOG => 512, GRACE_SECONDS => 1, RETRY_SECONDS => 0.1 };

my ($address) = @ARGV;
my ($listener, %connection, %unsent, %ended, $reading, $writing, $retry_at, $stop);
my ($path, $inode) = ("", 0);

sub refuse { print STDERR "cannot listen at $address: $!\n"; exit 1 }

sub is_stale {
    socket(my $probe, AF_UNIX, SOCK_STREAM, 0);
    fcntl $probe, F_SETFL, O_NONBLOCK;
    return !connect($probe, pack_sockaddr_un($path)) && $! == ECONNREFUSED && -S $path;
}

sub listen_unix {
    my ($name) = @_;
    socket($listener, AF_UNIX, SOCK_STREAM, 0) or refuse;
    if ($name =~ s/^@/\0/) {
        bind($listener, pack("S a*", AF_UNIX, $name)) or refuse;
        return;
    }
    if (length $name > 107) { $! = 36; refuse }
    $path = $name;
    umask 0177;
    if (!bind $listener, pack_sockaddr_un($path)) {
        unlink $path if is_stale;
        bind $listener, pack_sockaddr_un($path) or refuse;
    }
    $inode = (lstat $path)[1];
}

sub listen_tcp {
    my ($host, $port) = $address =~ /^\[?(.*?)\]?:(\d+)$/;
    my $family = $host =~ /:/ ? AF_INET6 : AF_INET;
    my $packed = inet_pton($family, $host);
    socket($listener, $family, SOCK_STREAM, 0) or refuse;
    setsockopt $listener, SOL_SOCKET, SO_REUSEADDR, 1;
    bind($listener, $family == AF_INET6 ? pack_sockaddr_in6($port, $packed) : pack_sockaddr_in($port, $packed)) or refuse;
}

sub add {
    if (!accept my $one, $listener) {
        if ($! == EMFILE || $! == ENFILE) { vec($reading, fileno $listener, 1) = 0; $retry_at = time + RETRY_SECONDS }
        return 0;
    }
    else {
        my $number = fileno $one;
        fcntl $one, F_SETFL, O_NONBLOCK;
        setsockopt $one, IPPROTO_TCP, TCP_NODELAY, 1;    # fails for a Unix socket
        $connection{$number} = $one;
        $unsent{$number} = "";
        vec($reading, $number, 1) = 1;
        return 1;
    }
}

sub drop {
    my ($number) = @_;
    vec($reading, $number, 1) = vec($writing, $number, 1) = 0;
    delete $unsent{$number};
    delete $ended{$number};
    close delete $connection{$number};
}

sub serve {
    my ($number) = @_;
    my $one = $connection{$number};
    if ($unsent{$number} eq "" && !$ended{$number}) {
        my $count = sysread $one, $unsent{$number}, BUFFER_BYTES;
        return $! == EAGAIN || drop $number if !defined $count;
        return drop $number if $count == 0;
        $unsent{$number} =~ tr/a-z/A-Z/;
    }
    my $sent = syswrite $one, $unsent{$number};
    return drop $number if !defined $sent && $! != EAGAIN;
    substr($unsent{$number}, 0, $sent // 0) = "";
    vec($reading, $number, 1) = $unsent{$number} eq "";
    vec($writing, $number, 1) = $unsent{$number} ne "";
}

sub step {
    my ($timeout) = @_;
    my $found = select my $readable = $reading, my $writable = $writing, undef, $timeout;
    if ($retry_at && time > $retry_at) { $retry_at = 0; vec($reading, fileno $listener, 1) = 1 if !$stop }
    return if $found <= 0;
    for my $number (keys %connection) {
        serve $number if vec($readable, $number, 1) || vec($writable, $number, 1);
    }
    add if !$stop && vec $readable, fileno $listener, 1;
}

$reading = $writing = "";
pipe my $wake, my $tell;
$SIG{PIPE} = "IGNORE";
$SIG{TERM} = $SIG{INT} = sub { $stop = 1; syswrite $tell, "x" };
$address =~ /^unix:(.*)/s ? listen_unix $1 : listen_tcp;
listen $listener, BACKLOG or refuse;
fcntl $listener, F_SETFL, O_NONBLOCK;
vec($reading, fileno $_, 1) = 1 for $listener, $wake;
step $retry_at ? RETRY_SECONDS : undef while !$stop;
1 while add;    # clients that connected before the stop
vec($reading, fileno $_, 1) = 0 for $listener, $wake;
close $listener;
unlink $path if $path ne "" && ((lstat $path)[1] // 0) == $inode;
shutdown $_, 0 for values %connection;
my $end = time + GRACE_SECONDS;
step 0.05 while %connection && time < $end;
