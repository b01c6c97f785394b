#!/bin/sh
# The network around the load balancer, which is the virtual machine itself. Last digits are the same in IPv6.
#
#   client                        router                     front: 192.168.0.0/24, fd00::/64
#   10.9.0.10, fd00:0:0:9::10 ──── .1  .254 ──┬── eth0 .1 .2 [ load balancer ] eth1 .1 ──┐
#                                             ├── real1 .21 ───────────────────── .10 ──┤
#                                             └── real2 .22 ───────────────────── .11 ──┘
#                                                            back: 192.168.1.0/24, fd00:0:0:1::/64
#
# The router sends 198.51.100.0/24 and 2001:db8::/32, which nobody has, to the load balancer. A real server answers by
# the load balancer from its address at the back, and by the router from any other.
set -eu

for name in client router real1 real2; do ip netns add "$name"; done

# address NAMESPACE INTERFACE IPV4 IPV6: both with the prefix of their network, at once usable.
address() {
  ip -n "$1" address add "$3/24" dev "$2"
  ip -n "$1" address add "$4/64" dev "$2" nodad
  ip -n "$1" link set "$2" up
}

# default_by NAMESPACE IPV4 IPV6 [TABLE]
default_by() {
  ip -n "$1" -4 route add default via "$2" table "${4:-main}"
  ip -n "$1" -6 route add default via "$3" table "${4:-main}"
}

ip netns attach balancer 1
sysctl -qw net.ipv4.conf.all.rp_filter=1

ip -n router link add front type bridge
ip -n router link add back type bridge
ip -n router link set back up
address router front 192.168.0.254 fd00::fe
ip link add name eth0 type veth peer name balancer0 netns router
ip link add name eth1 type veth peer name balancer1 netns router
for name in real1 real2; do
  ip -n "$name" link add name eth0 type veth peer name "${name}front" netns router
  ip -n "$name" link add name eth1 type veth peer name "${name}back" netns router
done
for port in balancer0 real1front real2front; do ip -n router link set "$port" master front up; done
for port in balancer1 real1back real2back; do ip -n router link set "$port" master back up; done
ip -n client link add name eth0 type veth peer name client0 netns router
address router client0 10.9.0.1 fd00:0:0:9::1
address client eth0 10.9.0.10 fd00:0:0:9::10
default_by client 10.9.0.1 fd00:0:0:9::1

address balancer eth0 192.168.0.1 fd00::1
ip address add 192.168.0.2/32 dev eth0
ip address add fd00::2/128 dev eth0 nodad preferred_lft 0
address balancer eth1 192.168.1.1 fd00:0:0:1::1
default_by balancer 192.168.0.254 fd00::fe
ip -n router -4 route add 198.51.100.0/24 via 192.168.0.1
ip -n router -6 route add 2001:db8::/32 via fd00::1

real() {
  ip -n "$1" link set lo up
  address "$1" eth0 "192.168.0.$2" "fd00::$2"
  address "$1" eth1 "192.168.1.$3" "fd00:0:0:1::$3"
  default_by "$1" 192.168.0.254 fd00::fe
  default_by "$1" 192.168.1.1 fd00:0:0:1::1 100
  ip -n "$1" -4 rule add from "192.168.1.$3" lookup 100
  ip -n "$1" -6 rule add from "fd00:0:0:1::$3" lookup 100
}
real real1 21 10
real real2 22 11
ip netns exec router sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
