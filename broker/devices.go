package broker

import (
	"bytes"
	"crypto/rand"
	"errors"
	"log/slog"
	"net"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
)

// ErrGone is returned for a connection that has ended.
var ErrGone = errors.New("broker: the connection has ended")

// Conn is one device's connection.
type Conn struct {
	client *mqtt.Client
	grant  Grant
	mu     sync.Mutex // one message at a time
}

// Send sends a message on this connection alone, at once, by a deadline: what cannot be sent by then is not sent later, and the
// connection ends. That it was sent does not mean that it arrived.
func (c *Conn) Send(topic string, body []byte, within time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.client.Closed() {
		return ErrGone
	}
	late := time.AfterFunc(within, c.Close)
	defer late.Stop()
	return c.client.WritePacket(packets.Packet{
		FixedHeader: packets.FixedHeader{Type: packets.Publish}, TopicName: topic, Payload: body,
		ProtocolVersion: c.client.Properties.ProtocolVersion,
	})
}

// Grant returns what the device was admitted with.
func (c *Conn) Grant() Grant { return c.grant }

// Close ends the connection.
func (c *Conn) Close() { c.client.Stop(ErrGone) }

// line is a device's network connection, whose end is the end of the device's session, however it comes.
type line struct {
	net.Conn
	handler Handler
	mu      sync.Mutex
	device  *Conn // nil until it was admitted
	closed  bool
}

// admit notes whose line it is, unless it has ended.
func (l *line) admit(c *Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.closed {
		l.device = c
	}
	return !l.closed
}

// Close implements net.Conn.
func (l *line) Close() error {
	l.mu.Lock()
	device, first := l.device, !l.closed
	l.closed = true
	l.mu.Unlock()
	err := l.Conn.Close()
	if first && device != nil {
		l.handler.Gone(device)
	}
	return err
}

// lines accepts lines.
type lines struct {
	net.Listener
	handler Handler
}

// Accept implements net.Listener.
func (l lines) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &line{Conn: conn, handler: l.handler}, nil
}

// devices connects the library to the Handler.
type devices struct {
	mqtt.HookBase
	handler Handler
	log     *slog.Logger
}

// ID implements mqtt.Hook.
func (d *devices) ID() string { return "devices" }

// Provides implements mqtt.Hook.
func (d *devices) Provides(b byte) bool {
	return bytes.Contains([]byte{mqtt.OnPacketRead, mqtt.OnConnectAuthenticate, mqtt.OnACLCheck, mqtt.OnPublish}, []byte{b})
}

// OnPacketRead implements mqtt.Hook. A device's own wishes for its session are ignored: its client identifier could name another's
// session, a session that is kept would collect messages, a last will speaks when nobody is there, and what is retained is old.
func (d *devices) OnPacketRead(_ *mqtt.Client, pk packets.Packet) (packets.Packet, error) {
	switch pk.FixedHeader.Type {
	case packets.Connect:
		pk.Connect.ClientIdentifier, pk.Connect.Clean = rand.Text(), true
		pk.Connect.WillFlag, pk.Connect.WillRetain, pk.Connect.WillQos = false, false, 0
		pk.Properties.SessionExpiryInterval = 0
		if pk.Connect.Keepalive == 0 || pk.Connect.Keepalive > maxKeepalive {
			pk.Connect.Keepalive = maxKeepalive
		}
	case packets.Publish:
		pk.FixedHeader.Retain = false
	}
	return pk, nil
}

// OnConnectAuthenticate implements mqtt.Hook.
func (d *devices) OnConnectAuthenticate(client *mqtt.Client, pk packets.Packet) (ok bool) {
	defer d.recovered("connect", func() { ok = false })
	l, isLine := client.Net.Conn.(*line)
	if !isLine {
		return false
	}
	addr := l.RemoteAddr().String()
	if host, _, err := net.SplitHostPort(addr); err == nil {
		addr = host
	}
	grant := d.handler.Connect(Hello{User: string(pk.Connect.Username), Password: string(pk.Connect.Password), Addr: addr})
	if grant == nil {
		return false
	}
	c := &Conn{client: client, grant: grant}
	if !l.admit(c) {
		return false
	}
	d.handler.Here(c)
	return true
}

// of returns an admitted device's connection; nil if it is not one.
func of(client *mqtt.Client) *Conn {
	l, ok := client.Net.Conn.(*line)
	if !ok {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.device
}

// OnACLCheck implements mqtt.Hook.
func (d *devices) OnACLCheck(client *mqtt.Client, topic string, publish bool) bool {
	c := of(client)
	return c != nil && c.grant.May(topic, publish)
}

// OnPublish implements mqtt.Hook: the message goes to the Handler, and nowhere else.
func (d *devices) OnPublish(client *mqtt.Client, pk packets.Packet) (is packets.Packet, err error) {
	is, err = pk, packets.CodeSuccessIgnore
	defer d.recovered("message", func() {})
	if c := of(client); c != nil {
		d.handler.Message(c, pk.TopicName, slices.Clone(pk.Payload))
	}
	return is, err
}

// recovered logs a panic of the Handler, and ends what it was doing.
func (d *devices) recovered(doing string, otherwise func()) {
	if p := recover(); p != nil {
		d.log.Error("panic at the broker", "doing", doing, "stack", string(debug.Stack()))
		otherwise()
	}
}
