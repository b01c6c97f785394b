/** The words of the language, and values at the edges of what it takes. */
export const WORDS =
  `flow outflow list expect permit deny director table skip off match ignore not iface proto
src dst srcport dstport icmptype state undecided { } , # @a @office @ lo lo+ + eth0 a23456789012345 a234567890123456
tcp udp icmp icmp6 sctp esp ah gre ipip vrrp 0 1 6 58 255 256 0.0.0.0/0 ::/0 10.0.0.0/8 10.0.0.1/33 010.0.0.1
192.168.0.1/255.255.0.0 ::ffff:1.2.3.4 fe80::1%eth0 2001:db8::/32 0:65535 22:22 1: :1 : 65536 1:0 any echo-request 8/0
255/255 new established related invalid untracked local main 4294967295 4294967296 director.name COMMIT -j -x "
$(true) \`true\` ; | \\ ! ﻿ é`.split(/\s+/);
