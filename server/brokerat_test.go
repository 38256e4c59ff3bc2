package main

import (
	"testing"

	"tongxing/configs"
	"tongxing/handlers/console"
)

func TestWhereTheBrokerIsForTerminals(t *testing.T) {
	const public = "https://pass.example.com:8443"
	for name, c := range map[string]struct {
		config configs.Broker
		public string
		want   console.Broker
	}{
		"off":   {configs.Broker{Addr: configs.BrokerOff, PublicAddr: "door.example.com:1883"}, public, console.Broker{}},
		"plain": {configs.Broker{Addr: "0.0.0.0:1883"}, public, console.Broker{On: true, Host: "pass.example.com", Port: "1883"}},
		"any address": {
			configs.Broker{Addr: ":8883", TLSCert: "c"}, public,
			console.Broker{On: true, Host: "pass.example.com", Port: "8883", TLS: true},
		},
		"elsewhere": {
			configs.Broker{Addr: ":1883", PublicAddr: "10.1.2.3:2883"}, public,
			console.Broker{On: true, Host: "10.1.2.3", Port: "2883"},
		},
		"no public URL": {configs.Broker{Addr: ":1883"}, "", console.Broker{On: true, Port: "1883"}},
	} {
		if got := brokerAt(c.config, c.public); got != c.want {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
