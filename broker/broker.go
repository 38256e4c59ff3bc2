// Package broker is the MQTT server to which devices at doors hold connections. It passes what they send to a Handler and sends what
// the Handler tells it to one connection: nothing is passed from device to device, retained, queued for absent devices, or sent as a
// device's last will.
package broker

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/listeners"
)

// Bounds of what devices may do.
const (
	maxPacket  = 16 << 10
	maxClients = 10_000
	// maxPending is how many messages may wait for a device that does not read. Nothing of ours waits there: see Conn.Send.
	maxPending = 8
	// maxKeepalive is how long a connection may be silent, whatever the device asks for.
	maxKeepalive = 120
)

// Unacknowledged is how long what was sent may stay unacknowledged by the other end: afterwards the connection is given up, and what
// it still had to deliver is never delivered.
const Unacknowledged = 4 * time.Second

// Hello is what a device connects with.
type Hello struct {
	User, Password string
	Addr           string // its network address, without the port
}

// Grant is what an admitted device may do.
type Grant interface {
	// May reports whether it may publish to, or subscribe to, a topic.
	May(topic string, publish bool) bool
}

// Handler is what becomes of devices. Its methods are called at the same time for different connections.
type Handler interface {
	// Connect admits a device, or refuses it by nil.
	Connect(h Hello) Grant
	// Here is called when an admitted device's session begins.
	Here(c *Conn)
	// Message gets what an admitted device sent.
	Message(c *Conn, topic string, body []byte)
	// Gone is called once when the connection of an admitted device has ended.
	Gone(c *Conn)
}

// Options configure a Broker.
type Options struct {
	Addr    string      // host:port; port 0 takes any free one
	TLS     *tls.Config // nil = without
	Handler Handler
	Log     *slog.Logger // nil = discard
}

// Broker is a running server.
type Broker struct {
	server *mqtt.Server
	addr   string
	end    sync.Once
}

// Open listens and serves until Close.
func Open(ctx context.Context, o Options) (*Broker, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	config := net.ListenConfig{Control: giveUp, KeepAlive: 15 * time.Second}
	listener, err := config.Listen(ctx, "tcp", o.Addr)
	if err != nil {
		return nil, fmt.Errorf("broker: %w", err)
	}
	addr := listener.Addr().String()
	if o.TLS != nil {
		listener = tls.NewListener(listener, o.TLS)
	}
	// The library's own log has whole packets in it, which disclose what was shown at doors.
	server := mqtt.New(&mqtt.Options{Capabilities: capabilities(), Logger: slog.New(slog.DiscardHandler)})
	hook := &devices{handler: o.Handler, log: o.Log}
	err = errors.Join(server.AddHook(hook, nil), server.AddListener(listeners.NewNet("devices", lines{listener, o.Handler})))
	if err == nil {
		err = server.Serve()
	}
	if err != nil {
		_ = listener.Close() // the error before is what matters
		return nil, fmt.Errorf("broker: %w", err)
	}
	return &Broker{server: server, addr: addr}, nil
}

func capabilities() *mqtt.Capabilities {
	c := mqtt.NewDefaultServerCapabilities()
	c.MaximumClients, c.MaximumPacketSize, c.MaximumClientWritesPending = maxClients, maxPacket, maxPending
	c.MaximumSessionExpiryInterval, c.MaximumInflight, c.ReceiveMaximum = 0, 16, 16
	c.SharedSubAvailable, c.TopicAliasMaximum = 0, 0
	return c
}

// Addr returns where devices connect.
func (b *Broker) Addr() string { return b.addr }

// Close ends all connections.
func (b *Broker) Close() error {
	var err error
	b.end.Do(func() { err = b.server.Close() })
	return err
}
