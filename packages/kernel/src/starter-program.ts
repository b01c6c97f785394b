/**
 * What perl does for `Starter`. They speak by frames: the length of what belongs to it, a kind, the number of a program, and
 * what belongs to it. Text here, since the server may be one file.
 */
export const STARTER = String.raw`
use strict;

my ($prctl, $setns, $getsockopt) = @ARGV;
my $self = $$;
$0 = "flowmgr-starter of " . getppid;
# What a terminal sends to all that it runs is for the server and for the programs.
my @ignored = qw(INT TERM HUP PIPE);
$SIG{$_} = "IGNORE" for @ignored;

my ($isAlone, $asked) = (0, "");
# By number, by process; what is read from and written to, by descriptor.
my (%programs, %processes, %outputs, %inputs);

sub tell_server {
  my ($kind, $number, $what) = @_;
  my $frame = pack("N a N", length $what, $kind, $number) . $what;
  until ($isAlone || $frame eq "") {
    my $written = syswrite(STDOUT, $frame);
    defined $written ? substr($frame, 0, $written, "") : ($isAlone = 1);
  }
}

# In a process of its own, from which nobody comes back.
sub begin_work {
  my ($number, $work) = @_;
  my %program = (number => $number, buffer => "", isWhole => 0, errno => 0, open => 0);
  my %ends;
  for my $kind ("i", "o", "e", "!") {
    pipe($ends{$kind}[0], $ends{$kind}[1]) or return tell_server("x", $number, pack("N N", 0, $! + 0));
  }
  my $process = fork;
  defined $process or return tell_server("x", $number, pack("N N", 0, $! + 0));
  if ($process == 0) {
    $SIG{$_} = "DEFAULT" for @ignored;
    # Dies with this process, so that whoever was heard no more has not gone on unheard (PR_SET_PDEATHSIG).
    syscall($prctl, 1, 9, 0, 0, 0);
    kill KILL => $$ if getppid != $self;
    open(STDIN, "<&", $ends{i}[0])
      and open(STDOUT, ">&", $ends{o}[1])
      and open(STDERR, ">&", $ends{e}[1])
      and $work->();
    syswrite($ends{"!"}[1], pack("N", $! + 0));
    kill KILL => $$;
  }
  tell_server("p", $number, pack("N", $process));
  # A program may read as slowly as it likes (F_SETFL, O_WRONLY | O_NONBLOCK).
  $program{feed} = $ends{i}[1];
  fcntl($program{feed}, 4, 1 | 2048);
  $program{process} = $process;
  for my $kind ("o", "e", "!") {
    $outputs{fileno $ends{$kind}[0]} = { program => \%program, kind => $kind, handle => $ends{$kind}[0] };
    $program{open}++;
  }
  $programs{$number} = $processes{$process} = \%program;
}

sub begin_program {
  my ($number, $words) = @_;
  my ($count, @words) = unpack("(N/a*)*", $words);
  my @argv = splice(@words, 0, $count);
  %ENV = @words;
  begin_work($number, sub { exec { $argv[0] } @argv });
}

# SO_NETNS_COOKIE of socket(7), Linux 5.14; NFT_MSG_GETGEN and NFTA_GEN_ID of linux/netfilter/nf_tables.h. Perl's own
# function cannot ask for a cookie, whose size has to be exact.
sub print_generation {
  my ($namespace) = @_;
  if ($namespace ne "") {
    open(my $file, "<", $namespace) or die "$namespace: $!\n";
    syscall($setns, fileno $file, 0x40000000) == 0 or die "$namespace: $!\n";
  }
  socket(my $socket, 16, 3, 12) or die "a netlink socket: $!\n";
  my ($cookie, $size) = ("\0" x 8, pack("L", 8));
  syscall($getsockopt, fileno $socket, 1, 71, $cookie, $size) == 0 or die "the namespace: $!\n";
  my $request = pack("L S S L L C C n", 20, 10 << 8 | 16, 1, 1, 0, 0, 0, 0);
  defined syswrite($socket, $request) or die "nf_tables: $!\n";
  defined sysread($socket, my $answer, 8192) or die "nf_tables: $!\n";
  my ($length, $type) = unpack("L S", $answer);
  $type == (10 << 8 | 15) or die "nf_tables: answer $type\n";
  for (my $at = 20; $at + 8 <= $length; ) {
    my ($size, $kind) = unpack("S S", substr($answer, $at, 4));
    syswrite(STDOUT, unpack("Q", $cookie) . " " . unpack("N", substr($answer, $at + 4, 4)) . "\n") if $kind == 1;
    $at += $size < 4 ? $length : ($size + 3) & ~3;
  }
}

sub begin_asking {
  my ($number, $namespace) = @_;
  begin_work($number, sub {
    exit 0 if eval { print_generation($namespace); 1 };
    syswrite(STDERR, $@);
    exit 1;
  });
}

sub end_input {
  my ($program) = @_;
  return unless $program->{feed};
  delete $inputs{fileno $program->{feed}};
  close delete $program->{feed};
}

sub feed {
  my ($program) = @_;
  my $written = syswrite($program->{feed}, $program->{buffer});
  # 11, EAGAIN, is no end; whoever reads no more needs none.
  return $! == 11 || end_input($program) unless defined $written;
  substr($program->{buffer}, 0, $written, "");
  return if $program->{buffer} ne "";
  return end_input($program) if $program->{isWhole};
  delete $inputs{fileno $program->{feed}};
  tell_server("m", $program->{number}, "");
}

sub hear {
  my ($output) = @_;
  my ($program, $kind, $handle) = @$output{qw(program kind handle)};
  my $length = sysread($handle, my $said, 65536);
  if (!$length) {
    delete $outputs{fileno $handle};
    close $handle;
    $program->{open}--;
  } elsif ($kind eq "!") {
    $program->{errno} = unpack("N", $said);
  } else {
    tell_server($kind, $program->{number}, $said);
  }
}

# What it has started itself may hold its outputs open for as long as it likes.
sub kill_program {
  my ($program) = @_;
  kill KILL => $program->{process} unless defined $program->{status};
  for my $output (grep { $_->{program} == $program } values %outputs) {
    delete $outputs{fileno $output->{handle}};
    close $output->{handle};
  }
  $program->{open} = 0;
}

sub obey {
  my ($kind, $number, $what) = @_;
  return begin_program($number, $what) if $kind eq "s";
  return begin_asking($number, $what) if $kind eq "g";
  my $program = $programs{$number} or return;
  return kill_program($program) if $kind eq "k";
  return unless $program->{feed};
  $program->{buffer} .= $what;
  $program->{isWhole} = 1 if $kind eq "l";
  $inputs{fileno $program->{feed}} = $program;
}

sub listen_to_server {
  if (!sysread(STDIN, $asked, 1 << 18, length $asked)) {
    $isAlone = 1;
    # What it has not said is not known.
    end_input($_) for grep { !$_->{isWhole} } values %programs;
  }
  while (length $asked >= 9) {
    my ($length, $kind, $number) = unpack("N a N", $asked);
    last if length $asked < 9 + $length;
    my $what = substr($asked, 9, $length);
    substr($asked, 0, 9 + $length, "");
    obey($kind, $number, $what);
  }
}

# WNOHANG. Who has ended is heard out; with nobody to tell it to, he is not.
sub bury {
  while ((my $process = waitpid(-1, 1)) > 0) {
    $processes{$process}{status} = $?;
  }
  for my $program (values %programs) {
    next unless defined $program->{status} && ($isAlone || $program->{open} == 0);
    kill_program($program);
    end_input($program);
    tell_server("x", $program->{number}, pack("N N", $program->{status}, $program->{errno}));
    delete $programs{$program->{number}};
    delete $processes{$program->{process}};
  }
}

tell_server("r", 0, "");
while (!$isAlone || %programs) {
  my ($read, $write) = ("", "");
  vec($read, 0, 1) = 1 unless $isAlone;
  vec($read, $_, 1) = 1 for keys %outputs;
  vec($write, $_, 1) = 1 for keys %inputs;
  # Nothing tells that somebody has ended but that he closes what he wrote to; it takes moments from there to the end.
  my $isEnding = $isAlone || grep { $_->{open} == 0 } values %programs;
  my $ready = select($read, $write, undef, $isEnding ? 0.002 : undef);
  if ($ready > 0) {
    for my $descriptor (grep { vec($read, $_, 1) } keys %outputs) {
      hear($outputs{$descriptor}) if $outputs{$descriptor};
    }
    for my $descriptor (grep { vec($write, $_, 1) } keys %inputs) {
      feed($inputs{$descriptor}) if $inputs{$descriptor};
    }
    listen_to_server() if !$isAlone && vec($read, 0, 1);
  }
  bury();
}
`;
