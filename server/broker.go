package main

import (
	"context"
	"crypto/tls"
	"fmt"

	"tongxing/broker"
	"tongxing/configs"
)

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
