/**
 * Whether anybody has changed a rule of nf_tables, without reading the rules: the kernel counts the commits in a network
 * namespace, whoever makes them and by which tool. `nft` and `iptables-nft` know by the same number whether what they
 * have read still stands. Packets counted are no commit.
 *
 * Nothing else tells it, so perl asks, which Debian always has. Where it is not there, or the kernel does not answer,
 * nothing is known and all is read. The legacy back end has no such number.
 */
import { arch } from "node:os";
import { succeeded } from "./run.ts";
import type { Target } from "./target.ts";

export type Generation = {
  /** The kernel's name for the namespace, which no other gets before the machine starts anew. */
  namespace: string;
  commits: number;
};

/** Of the system call getsockopt: perl's own function cannot ask for a cookie, whose size has to be exact. */
const GETSOCKOPT = new Map([
  ["x64", 55],
  ["arm64", 209],
]);

/** SO_NETNS_COOKIE of socket(7), Linux 5.14; NFT_MSG_GETGEN and NFTA_GEN_ID of linux/netfilter/nf_tables.h. */
const ASK = `
socket(my $socket, 16, 3, 12) or die "a netlink socket: $!\\n";
my ($cookie, $size) = ("\\0" x 8, pack("L", 8));
syscall($ARGV[0], fileno($socket), 1, 71, $cookie, $size) == 0 or die "the namespace: $!\\n";
my $request = pack("L S S L L C C n", 20, 10 << 8 | 16, 1, 1, 0, 0, 0, 0);
defined syswrite($socket, $request) or die "nf_tables: $!\\n";
defined sysread($socket, my $answer, 8192) or die "nf_tables: $!\\n";
my ($length, $type) = unpack("L S", $answer);
$type == (10 << 8 | 15) or die "nf_tables: answer $type\\n";
for (my $at = 20; $at + 8 <= $length; ) {
  my ($size, $kind) = unpack("S S", substr($answer, $at, 4));
  print unpack("Q", $cookie), " ", unpack("N", substr($answer, $at + 4, 4)), "\\n" if $kind == 1;
  $at += $size < 4 ? $length : ($size + 3) & ~3;
}`;

/** Null where it cannot be told. */
export async function generationOf(target: Target): Promise<Generation | null> {
  const call = GETSOCKOPT.get(arch());
  if (call === undefined) return null;
  const ran = await target.run(["perl", "-e", ASK, String(call)]);
  const [, namespace, commits] = /^([1-9]\d*) (\d+)\n$/.exec(ran.stdout) ?? [];
  if (!succeeded(ran) || namespace === undefined) return null;
  return { namespace, commits: Number(commits) };
}

/** Is `now` what became of `before` by so many commits, and by nothing else? */
export function isLater(before: Generation | null, now: Generation | null, commits: number): boolean {
  if (before === null || now === null) return false;
  return now.namespace === before.namespace && now.commits === before.commits + commits;
}
