package web

import (
	"net/http"
	"net/netip"
	"strings"
)

// peerAddr is who is at the other end of the connection.
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

// clientAddr is the client's address. X-Forwarded-For is read from the right, as
// long as trusted proxies vouch for what stands to their left; anybody can write
// what is left of that.
func clientAddr(r *http.Request, proxies []netip.Prefix) netip.Addr {
	addr := peerAddr(r)
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && trusted(addr, proxies); i-- {
		hop := strings.Trim(hops[i], " \t\"")
		if hop == "" {
			continue // a proxy that was told nothing appends a comma all the same
		}
		next, ok := parseHop(hop)
		if !ok {
			break
		}
		addr = next
	}
	return addr
}

// parseHop reads one entry of X-Forwarded-For: an address, as gateways write it also
// with a port behind it or in the brackets of a URL.
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

// subnet is the network of an address as the log names it: the /24, or the /64 of
// IPv6. It is enough to trace an attack by, and nobody's own address.
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

// addressKey is the address that limits count by: one household's for IPv6,
// where a single client owns a whole /64.
func addressKey(addr netip.Addr) string {
	if addr.Is6() {
		prefix, err := addr.Prefix(64)
		if err == nil {
			return prefix.String()
		}
	}
	return addr.String()
}

// WideTimes is how many times as much a /48 of IPv6 may do as one of its /64s. A single
// subscriber may have a whole /48; others share one.
const WideTimes = 10

// WideNetwork returns the /48 around a network that Context.Network returned; "" for
// IPv4, and for whatever else callers are counted by.
func WideNetwork(network string) string {
	prefix, err := netip.ParsePrefix(network)
	if err != nil {
		return ""
	}
	return wideKey(prefix.Addr())
}

// wideKey is the /48 around an IPv6 address, which is counted beside its /64; "" for
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
