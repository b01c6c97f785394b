/**
 * Putting packets on the way. Of the languages that Debian always has (perl-base), perl can open the sockets for it;
 * node has none. The scripts read lines of hex and are given to `perl -e`, with what they name behind.
 */

/** Which interface, by the kernel's number: /sys may show another namespace's. SIOCGIFINDEX, struct ifreq. */
const INDEX_OF = `
sub index_of {
  my ($socket, $device) = @_;
  my $request = pack("a16 x24", $device);
  ioctl($socket, 0x8933, $request) or die "$device: $!\\n";
  return unpack("x16 i", $request);
}`;

/**
 * Frames, one a line, leave by a device as they are (AF_PACKET, packet(7)): what stands at its other end receives them
 * as from a network. `DEVICE`
 */
export const INJECT = `
use Socket;
my ($device) = @ARGV;
socket(my $socket, 17, SOCK_RAW, 0) or die "a packet socket: $!\\n";
my $index = index_of($socket, $device);
while (my $line = <STDIN>) {
  chomp $line;
  my $frame = pack("H*", $line);
  my $to = pack("S a2 i S C C a8", 17, substr($frame, 12, 2), $index, 0, 0, 6, substr($frame, 0, 6));
  defined send($socket, $frame, 0, $to) or die "$device: $!\\n";
}
${INDEX_OF}`;

/**
 * Packets that bring their own IP header are sent by the machine itself: they pass OUTPUT like everything that it
 * sends, whatever addresses and protocol they carry. A line is `family destination packet...`; the number of each line
 * that was sent, or that a rule dropped (EPERM), is printed. `DEVICE MARK [probe]`
 *
 * Other errors may come of a rule that had the packet re-routed, or before any rule saw it. By `probe` the two are told
 * apart: each is first tried without the mark, a rule in raw has to drop it, and any other error says that it does not
 * come so far; all others are printed.
 */
export const SEND = `
use Socket qw(:all);
my ($device, $mark, $probe) = @ARGV;
my %probe = (4 => socket_by(AF_INET, 0), 6 => socket_by(AF_INET6, 0));
my %to = (4 => socket_by(AF_INET, $mark), 6 => socket_by(AF_INET6, $mark));
my $line = -1;
while (<STDIN>) {
  my ($family, $dst, @packets) = split;
  my $address = pack("H*", $dst);
  my $name = $family == 4 ? pack_sockaddr_in(0, $address) : pack_sockaddr_in6(0, $address, scope($address));
  $line += 1;
  next if $probe and grep { not defined send($probe{$family}, pack("H*", $_), 0, $name) and $! != 1 } @packets;
  my $refused = grep { not defined send($to{$family}, pack("H*", $_), 0, $name) and $! != 1 } @packets;
  print "$line\\n" if $probe or not $refused;
}
sub socket_by {
  socket(my $socket, $_[0], SOCK_RAW, 255) or die "a raw socket: $!\\n";
  setsockopt($socket, SOL_SOCKET, 25, $device . "\\0") or die "SO_BINDTODEVICE: $!\\n";
  setsockopt($socket, SOL_SOCKET, 36, pack("L", $_[1])) or die "SO_MARK: $!\\n";
  return $socket;
}
sub scope {
  my ($first, $second) = unpack("CC", $_[0]);
  return 0 unless $first == 0xff || ($first == 0xfe && ($second & 0xc0) == 0x80);
  return index_of($to{6}, $device);
}
${INDEX_OF}`;
