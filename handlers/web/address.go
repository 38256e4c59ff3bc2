package web

import (
	"net/http"
	"net/netip"
	"strings"
)

// peerAddr returns the address at the other end of the connection.
func peerAddr(r *http.Request) netip.Addr {
	ap, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return ap.Addr().Unmap().WithZone("")
}

func trusted(addr netip.Addr, proxies []netip.Prefix) bool {
	for _, p := range proxies {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

// clientAddr returns the client's address. X-Forwarded-For is read from the right for as long as
// the hops are trusted proxies; anything further left could have been written by anybody.
func clientAddr(r *http.Request, proxies []netip.Prefix) netip.Addr {
	addr := peerAddr(r)
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && trusted(addr, proxies); i-- {
		hop := strings.Trim(hops[i], " \t\"")
		if hop == "" {
			continue // a proxy with nothing to forward still appends a comma
		}
		next, ok := parseHop(hop)
		if !ok {
			break
		}
		addr = next
	}
	return addr
}

// parseHop parses one entry of X-Forwarded-For: an address, which some gateways write with a port
// or in the brackets of a URL.
func parseHop(hop string) (netip.Addr, bool) {
	addr, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(hop, "["), "]"))
	if err != nil {
		withPort, portErr := netip.ParseAddrPort(hop)
		if portErr != nil {
			return netip.Addr{}, false
		}
		addr = withPort.Addr()
	}
	return addr.Unmap().WithZone(""), true
}

// subnet returns the network of an address for the log: the /24, or the /64 of IPv6. That is enough
// to trace an attack, and identifies no single person.
func subnet(addr netip.Addr) string {
	bits := 24
	if addr.Is6() {
		bits = 64
	}
	prefix, err := addr.Prefix(bits)
	if err != nil {
		return "unknown"
	}
	return prefix.String()
}

// addressKey returns the address that rate limits count by: the /64 for IPv6, since a single client
// owns a whole /64.
func addressKey(addr netip.Addr) string {
	if addr.Is6() {
		prefix, err := addr.Prefix(64)
		if err == nil {
			return prefix.String()
		}
	}
	return addr.String()
}

// WideTimes is how many times the limit of one IPv6 /64 applies to its whole /48. A single
// subscriber may own a /48, or share it with others.
const WideTimes = 10

// WideNetwork returns the /48 around a network that Context.Network returned; "" for IPv4 and for
// anything else callers are counted by.
func WideNetwork(network string) string {
	prefix, err := netip.ParsePrefix(network)
	if err != nil {
		return ""
	}
	return wideKey(prefix.Addr())
}

// wideKey returns the /48 around an IPv6 address, which is counted in addition to its /64; "" for
// IPv4, where addresses are scarce.
func wideKey(addr netip.Addr) string {
	if !addr.Is6() {
		return ""
	}
	prefix, err := addr.Prefix(48)
	if err != nil {
		return ""
	}
	return prefix.String()
}
