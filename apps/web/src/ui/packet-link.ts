/** The address of the tester with this packet in it, a line such as `tcp 10.0.0.1:4000 -> 192.168.0.2:25 in eth0`. */
export function testAddress(line: string): string {
  return `/test?packet=${encodeURIComponent(line).replaceAll("%3A", ":").replaceAll("%2F", "/").replaceAll("%20", "+")}`;
}
