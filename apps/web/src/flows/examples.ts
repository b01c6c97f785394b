/** The five examples of the original Flows page, as config text. */
export const EXAMPLES = `# Only the network 192.168.0.0/24 may log in.
flow ssh permit
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

# Whatever no flow above has taken.
flow alltherest deny
  match
`;
