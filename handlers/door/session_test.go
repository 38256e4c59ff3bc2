package door

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"tongxing/broker"
	"tongxing/core"
	"tongxing/gate"
	"tongxing/gate/simulator"
	"tongxing/store"
	"tongxing/testkit/estate"
)

// wired is a site whose server has a broker, and a door that holds a connection.
type wired struct {
	*site
	broker *broker.Broker
	vbar   estate.Door
}

// clerk orders doors to open.
var clerk = core.Actor{Kind: core.ActorAccount, ID: 9, Name: "王经理"}

func newWired(t *testing.T) *wired {
	t.Helper()
	w := &wired{site: newSite(t)}
	w.vbar = w.AddDoor(core.Reader{Name: "北门", Protocol: core.ProtocolVbar, Direction: core.Out})
	w.broker = serveDoors(t, w.door)
	return w
}

// serveDoors lets devices connect to a door's server, and has it carry out orders.
func serveDoors(t *testing.T, d *Door) *broker.Broker {
	t.Helper()
	b, err := broker.Open(t.Context(), broker.Options{Addr: "127.0.0.1:0", Handler: d})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); d.Orders(ctx) }()
	t.Cleanup(func() {
		stop()
		<-done
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

func (w *wired) terminal(at estate.Door) simulator.Terminal {
	return simulator.Terminal{Addr: w.broker.Addr(), User: at.Serial, Password: at.Secret, Serial: at.Serial}
}

// connect connects a terminal, and waits until the door is known to be here.
func (w *wired) connect(t *testing.T, terminal simulator.Terminal, reader core.ID) *simulator.Line {
	t.Helper()
	line, err := terminal.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(line.Close)
	w.await(t, "the door is held", func() bool { held, _, err := w.gate.DoorHeld(t.Context(), reader); return err == nil && held })
	return line
}

// await waits until something is so.
func (w *wired) await(t *testing.T, what string, so func() bool) {
	t.Helper()
	await(t, what, so)
}

func await(t *testing.T, what string, so func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(20 * time.Second); !so(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("in vain: %s", what)
		}
	}
}

func (w *wired) order(t *testing.T, g *gate.Gate, key string) (core.DoorCommand, error) {
	t.Helper()
	return g.OrderDoor(t.Context(), clerk, core.ScopeOf(w.Community), store.NewDoorCommand{Reader: w.vbar.ID, Reason: "送货", Key: key})
}

func (w *wired) stateOf(t *testing.T, id core.ID) core.CommandState {
	t.Helper()
	c, err := w.Store.DoorCommand(t.Context(), core.ScopeOf(w.Community), id)
	if err != nil {
		t.Fatal(err)
	}
	return c.State
}

func TestAConnectedDoorAsks(t *testing.T) {
	w := newWired(t)
	line := w.connect(t, w.terminal(w.vbar), w.vbar.ID)
	token := w.token(t)
	for _, c := range []struct {
		text string
		want bool
	}{{"6901234567892", false}, {`","uuid":"x`, false}, {token, true}} {
		if opened, err := line.Show(t.Context(), c.text); err != nil || opened != c.want {
			t.Errorf("%q: opened %v, %v", c.text, opened, err)
		}
	}
	if err := line.Beat(); err != nil {
		t.Error(err)
	}
	if got := w.show(t, token); got != deny {
		t.Errorf("what it opened for opens another door: %s", got)
	}
	if n := w.released(t); n != 1 {
		t.Errorf("%d released", n)
	}
}

// TestWhoMayConnect: neither the number nor the secret alone is worth anything, nor a secret of another family or of a disabled door.
func TestWhoMayConnect(t *testing.T) {
	w := newWired(t)
	other := w.AddDoor(core.Reader{Name: "西门", Protocol: core.ProtocolVbar, Direction: core.In})
	off := w.AddDoor(core.Reader{Name: "旧门", Protocol: core.ProtocolVbar, Direction: core.In})
	if err := w.Store.DisableReader(t.Context(), core.System, core.Everywhere, off.ID); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*simulator.Terminal){
		"no secret":           func(x *simulator.Terminal) { x.Password = "" },
		"a guess":             func(x *simulator.Terminal) { x.Password = strings.Repeat("0", 26) },
		"another's secret":    func(x *simulator.Terminal) { x.Password = other.Secret },
		"another's number":    func(x *simulator.Terminal) { x.User = other.Serial },
		"no number":           func(x *simulator.Terminal) { x.User = "" },
		"another family":      func(x *simulator.Terminal) { x.User, x.Password = w.vguang.Serial, w.vguang.Secret },
		"a door that is off":  func(x *simulator.Terminal) { x.User, x.Password = off.Serial, off.Secret },
		"somebody on the web": func(x *simulator.Terminal) { x.User, x.Password = "admin", "admin" },
	} {
		terminal := w.terminal(w.vbar)
		change(&terminal)
		if _, err := terminal.Connect(t.Context()); !errors.Is(err, simulator.ErrRefused) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestWhatADoorMayNotDo: a device that was admitted can neither hear another's orders nor give any, speak for another, leave something
// behind, nor take another's session by its name.
func TestWhatADoorMayNotDo(t *testing.T) {
	w := newWired(t)
	other := w.AddDoor(core.Reader{Name: "西门", Protocol: core.ProtocolVbar, Direction: core.In})
	victim := w.connect(t, w.terminal(w.vbar), w.vbar.ID)
	control := "access_device/v1/cmd/" + w.vbar.Serial + "/control"
	open := `{"serialNo":"1","uuid":"` + w.vbar.Serial + `","time":1,"data":{"command":1}}`
	evil := w.terminal(other)
	evil.Client = w.vbar.Serial // as the victim's
	attacker := w.connect(t, evil, other.ID)
	for _, filter := range []string{
		"#", "access_device/#", "access_device/v1/cmd/#", "access_device/v1/cmd/+/control", control, "$SYS/#", "$share/a/#",
	} {
		if err := attacker.Subscribe(filter); err != nil {
			t.Fatal(err)
		}
	}
	for _, retained := range []bool{false, true} {
		if err := attacker.Publish(control, open, retained); err != nil {
			t.Fatal(err)
		}
	}
	stolen := strings.ReplaceAll(open, `"data":{"command":1}`, `"data":{"type":"103","code":"`+w.token(t)+`"}`)
	if err := attacker.Publish("access_device/v1/event/access_online", stolen, false); err != nil {
		t.Fatal(err)
	}
	if opened, err := attacker.Show(t.Context(), "6901234567892"); err != nil || opened { // everything before it was read
		t.Errorf("opened %v, %v", opened, err)
	}
	c, err := w.order(t, w.gate, "a")
	if err != nil {
		t.Fatal(err)
	}
	if number := <-victim.Opened(); number != c.Number {
		t.Errorf("the victim opened for %d", number)
	}
	w.await(t, "the order is answered", func() bool { return w.stateOf(t, c.ID) == core.CommandOpened })
	if err := attacker.Acknowledge(c.Number+1, "000000"); err != nil {
		t.Fatal(err)
	}
	if _, err := attacker.Show(t.Context(), "x"); err != nil {
		t.Fatal(err)
	}
	late := w.connect(t, w.terminal(w.vbar), w.vbar.ID) // it takes its own place, and finds nothing
	if _, err := late.Show(t.Context(), "x"); err != nil {
		t.Fatal(err)
	}
	isControl := func(topic string) bool { return strings.HasSuffix(topic, "/control") }
	if slices.ContainsFunc(attacker.Heard(), isControl) || slices.ContainsFunc(late.Heard(), isControl) || len(victim.Opened()) != 0 {
		t.Errorf("heard %q, and later %q", attacker.Heard(), late.Heard())
	}
	if n := w.released(t); n != 1 {
		t.Errorf("%d released, of one order", n)
	}
	<-victim.Done()
}

func TestAnOrderIsCarriedOut(t *testing.T) {
	w := newWired(t)
	if _, err := w.order(t, w.gate, "offline"); !core.IsConflict(err) {
		t.Errorf("ordered a door that is not here: %v", err)
	}
	line := w.connect(t, w.terminal(w.vbar), w.vbar.ID)
	c, err := w.order(t, w.gate, "a")
	if err != nil {
		t.Fatal(err)
	}
	if number := <-line.Opened(); number != c.Number {
		t.Errorf("opened for order %d, not %d", number, c.Number)
	}
	w.await(t, "the order is answered", func() bool { return w.stateOf(t, c.ID) == core.CommandOpened })
	if records := w.records(t); len(records) != 1 || records[0].Via != core.ViaRemote || records[0].ReleasedBy != clerk.Name {
		t.Errorf("records %+v", records)
	}
	if again, err := w.order(t, w.gate, "a"); err != nil || again.ID != c.ID {
		t.Errorf("the same request again: %+v, %v", again, err)
	}
	line.Close()
	w.await(t, "the door is gone", func() bool { held, _, err := w.gate.DoorHeld(t.Context(), w.vbar.ID); return err == nil && !held })
	if _, err := w.order(t, w.gate, "b"); !core.IsConflict(err) {
		t.Errorf("ordered a door that is gone: %v", err)
	}
}

// TestAnOrderToADoorThatWentIsNeverCarriedOut: what a door did not get in time it does not find when it is back, and what it does not
// acknowledge is not said to have opened it.
func TestAnOrderToADoorThatWentIsNeverCarriedOut(t *testing.T) {
	w := newWired(t)
	start := time.Now()
	w.redis.SetTime(start)
	mute := w.terminal(w.vbar)
	mute.Mute = true
	line := w.connect(t, mute, w.vbar.ID)
	first, err := w.order(t, w.gate, "a")
	if err != nil {
		t.Fatal(err)
	}
	<-line.Opened()
	if got := w.stateOf(t, first.ID); got != core.CommandSent {
		t.Errorf("sent, and %s", got)
	}
	w.redis.SetTime(start.Add(core.CommandLife + core.CommandGrace))
	w.await(t, "it stays without an answer", func() bool { return w.stateOf(t, first.ID) == core.CommandSilent })
	if err := line.Acknowledge(first.Number, "000000"); err != nil {
		t.Fatal(err)
	}
	w.await(t, "the late answer is noted", func() bool {
		c, err := w.Store.DoorCommand(t.Context(), core.ScopeOf(w.Community), first.ID)
		return err == nil && !c.Late.IsZero() && c.State == core.CommandSilent
	})

	// An order that no server took, since the one that held the door died with it.
	lost, err := w.Store.CreateDoorCommand(t.Context(), clerk, core.ScopeOf(w.Community), store.NewDoorCommand{
		Reader: w.vbar.ID, Reason: "送货", Key: "lost", Online: true, Now: start.Add(-core.CommandLife),
	})
	if err == nil {
		t.Fatalf("ordered in the past, after another: %+v", lost)
	}
	line.Close()
	w.await(t, "the door is gone", func() bool { return w.door.sessions.of(w.vbar.ID) == nil })
	at := start.Add(time.Hour)
	w.redis.SetTime(at)
	lost, err = w.Store.CreateDoorCommand(t.Context(), clerk, core.ScopeOf(w.Community), store.NewDoorCommand{
		Reader: w.vbar.ID, Reason: "送货", Key: "lost", Online: true, Now: at,
	})
	if err != nil {
		t.Fatal(err)
	}
	w.redis.SetTime(at.Add(core.CommandLife - core.CommandMargin + time.Second))
	back := w.connect(t, w.terminal(w.vbar), w.vbar.ID)
	w.redis.SetTime(at.Add(core.CommandLife))
	w.await(t, "it expires", func() bool { return w.stateOf(t, lost.ID) == core.CommandExpired })
	if opened, err := back.Show(t.Context(), "x"); err != nil || opened || len(back.Opened()) != 0 || w.released(t) != 0 {
		t.Errorf("opened: %v, %v, %d orders", opened, err, len(back.Opened()))
	}
}

// TestAReaderThatChangesIsDismissed: a new secret and disabling end the connection; another name does not.
func TestAReaderThatChangesIsDismissed(t *testing.T) {
	w := newWired(t)
	line := w.connect(t, w.terminal(w.vbar), w.vbar.ID)
	r, err := w.Store.Reader(t.Context(), core.Everywhere, w.vbar.ID)
	if err != nil {
		t.Fatal(err)
	}
	r.Name = "北门二"
	if _, err := w.Store.UpdateReader(t.Context(), core.System, core.Everywhere, r); err != nil {
		t.Fatal(err)
	}
	if opened, err := line.Show(t.Context(), w.token(t)); err != nil || !opened {
		t.Errorf("after another name: %v, %v", opened, err)
	}
	secret, err := w.Store.RotateReaderSecret(t.Context(), core.System, core.Everywhere, r.ID)
	if err != nil {
		t.Fatal(err)
	}
	<-line.Done()
	if _, err := w.terminal(w.vbar).Connect(t.Context()); !errors.Is(err, simulator.ErrRefused) {
		t.Errorf("with the old secret: %v", err)
	}
	w.vbar.Secret = secret
	line = w.connect(t, w.terminal(w.vbar), w.vbar.ID)
	if err := w.Store.DisableReader(t.Context(), core.System, core.Everywhere, r.ID); err != nil {
		t.Fatal(err)
	}
	<-line.Done()
}

// TestAnotherServerHoldsTheDoor orders on one server what the other holds; then that one is gone, and so is the door.
func TestAnotherServerHoldsTheDoor(t *testing.T) {
	w := newWired(t)
	far := gate.New(gate.Options{Store: w.Store, Redis: w.client})
	t.Cleanup(far.Close)
	line := w.connect(t, w.terminal(w.vbar), w.vbar.ID)
	c, err := w.order(t, far, "a")
	if err != nil {
		t.Fatal(err)
	}
	<-line.Opened()
	w.await(t, "the order is answered", func() bool { return w.stateOf(t, c.ID) == core.CommandOpened })
	if err := w.broker.Close(); err != nil {
		t.Fatal(err)
	}
	<-line.Done()
	w.await(t, "the door is gone", func() bool { held, _, err := far.DoorHeld(t.Context(), w.vbar.ID); return err == nil && !held })
	w.redis.Close()
	if _, err := w.order(t, far, "c"); core.CodeOf(err) != core.CodeUnavailable {
		t.Errorf("ordered without the cache: %v", err)
	}
}

// TestOverTLS: a terminal that knows the certificate's issuer asks, one without TLS is not heard.
func TestOverTLS(t *testing.T) {
	w := newWired(t)
	issuer := httptest.NewTLSServer(nil)
	t.Cleanup(issuer.Close)
	b, err := broker.Open(t.Context(), broker.Options{
		Addr: "127.0.0.1:0", Handler: w.door, TLS: &tls.Config{Certificates: issuer.TLS.Certificates, MinVersion: tls.VersionTLS12},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() }) // the test is over
	terminal := w.terminal(w.vbar)
	terminal.Addr = b.Addr()
	if _, err := terminal.Connect(t.Context()); err == nil {
		t.Error("connected without TLS")
	}
	roots := x509.NewCertPool()
	terminal.TLS = &tls.Config{RootCAs: roots, ServerName: "example.com", MinVersion: tls.VersionTLS12}
	if _, err := terminal.Connect(t.Context()); err == nil {
		t.Error("connected to a server whose issuer is unknown")
	}
	roots.AddCert(issuer.Certificate())
	line := w.connect(t, terminal, w.vbar.ID)
	if opened, err := line.Show(t.Context(), w.token(t)); err != nil || !opened {
		t.Errorf("opened %v, %v", opened, err)
	}
}
