/** The five examples of the original Flows page: the one source for the page, its tests and everybody else's. */

/** As they stand there: each on one line. */
export const FIVE_EXAMPLES = `flow ssh permit ignore not src 192.168.0.0/24 match proto tcp dst 192.168.0.1 dstport 22
flow dns permit match proto udp dst 192.168.0.1 dstport 53
flow ping permit match proto icmp dst 192.168.0.1 icmptype 0 ignore not src 192.168.0.0/24 match proto icmp dst 192.168.0.1
flow mail director maildirect match proto tcp dst 192.168.0.2 dstport 110 match proto tcp dst 192.168.0.2 dstport 143 match proto tcp dst 192.168.0.2 dstport 25
flow alltherest deny match`;

/** The same, as people write them, which is as they are printed. */
export const ON_MANY_LINES = `flow ssh permit
  ignore not src 192.168.0.0/24
  match proto tcp dst 192.168.0.1 dstport 22

flow dns permit
  match proto udp dst 192.168.0.1 dstport 53

flow ping permit
  match proto icmp dst 192.168.0.1 icmptype 0
  ignore not src 192.168.0.0/24
  match proto icmp dst 192.168.0.1

flow mail director maildirect
  match proto tcp dst 192.168.0.2 dstport 110
  match proto tcp dst 192.168.0.2 dstport 143
  match proto tcp dst 192.168.0.2 dstport 25

flow alltherest deny
  match
`;
