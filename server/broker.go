package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/url"

	"tongxing/broker"
	"tongxing/configs"
	"tongxing/handlers/console"
)

// brokerAt returns what is typed into terminals. public is http.public_url.
func brokerAt(c configs.Broker, public string) console.Broker {
	if c.Addr == configs.BrokerOff {
		return console.Broker{}
	}
	at := console.Broker{On: true, TLS: c.TLSCert != ""}
	if c.PublicAddr != "" {
		at.Host, at.Port, _ = net.SplitHostPort(c.PublicAddr) // checked with the configuration
		return at
	}
	_, at.Port, _ = net.SplitHostPort(c.Addr)
	if base, err := url.Parse(public); err == nil {
		at.Host = base.Hostname()
	}
	return at
}

// openBroker opens the broker to which devices at doors hold connections, if it is configured.
func openBroker(ctx context.Context, c configs.Broker, handler broker.Handler) (*broker.Broker, error) {
	if c.Addr == configs.BrokerOff {
		return nil, nil
	}
	var config *tls.Config
	if c.TLSCert != "" {
		pair, err := tls.LoadX509KeyPair(c.TLSCert, c.TLSKey)
		if err != nil {
			return nil, fmt.Errorf("broker.tls_cert: %w", err)
		}
		config = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	}
	return broker.Open(ctx, broker.Options{Addr: c.Addr, TLS: config, Handler: handler})
}
