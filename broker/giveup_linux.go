package broker

import "syscall"

// tcpUserTimeout is TCP_USER_TIMEOUT, in milliseconds, which package syscall does not name.
const tcpUserTimeout = 18

// giveUp has the connections of a listener end when what was sent stays unacknowledged. Otherwise what lies in the socket of a broken
// connection would arrive when the network comes back, minutes later.
func giveUp(_, _ string, c syscall.RawConn) error {
	var set error
	err := c.Control(func(fd uintptr) {
		set = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpUserTimeout, int(Unacknowledged.Milliseconds()))
	})
	if err != nil {
		return err
	}
	return set
}
