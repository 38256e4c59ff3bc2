package gate

import (
	"context"
	"sync"

	"github.com/redis/go-redis/v9"

	"tongxing/core"
)

// watchers are all who watch on this server. They share one subscription: a thousand open pages are
// one connection to Redis, and a community is subscribed to once.
type watchers struct {
	redis redis.UniversalClient
	mu    sync.Mutex
	want  map[string]map[chan struct{}]bool // channel → its watchers
	heard map[string]bool                   // channels whose subscription is in effect
	sub   *redis.PubSub                     // nil until somebody watches
	wake  chan struct{}
	stop  chan struct{}
	done  sync.WaitGroup
}

func newWatchers(r redis.UniversalClient) *watchers {
	return &watchers{
		redis: r, want: map[string]map[chan struct{}]bool{}, heard: map[string]bool{},
		wake: make(chan struct{}, 1), stop: make(chan struct{}),
	}
}

// Watch returns a channel that receives when one of the communities may have new access records, or
// hints may have been lost. It ends with ctx; the channel is never closed.
func (g *Gate) Watch(ctx context.Context, communities ...core.ID) <-chan struct{} {
	channels := make([]string, len(communities))
	for i, id := range communities {
		channels[i] = hintChannel(id)
	}
	return g.watch(ctx, channels)
}

func (g *Gate) watch(ctx context.Context, channels []string) <-chan struct{} {
	out := make(chan struct{}, 1)
	g.watchers.add(out, channels)
	context.AfterFunc(ctx, func() { g.watchers.remove(out, channels) })
	return out
}

func (w *watchers) add(out chan struct{}, channels []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, channel := range channels {
		if w.want[channel] == nil {
			w.want[channel] = map[chan struct{}]bool{}
		}
		w.want[channel][out] = true
		if w.heard[channel] {
			nudge(out) // a new watcher has missed the earlier hints
		}
	}
	if w.sub == nil && !w.stopped() {
		w.sub = w.redis.Subscribe(context.Background())
		w.done.Go(w.listen)
		w.done.Go(w.follow)
	}
	nudge(w.wake)
}

func (w *watchers) remove(out chan struct{}, channels []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, channel := range channels {
		delete(w.want[channel], out)
		if len(w.want[channel]) == 0 {
			delete(w.want, channel)
		}
	}
	nudge(w.wake)
}

// nudge sends unless something is already waiting to be received.
func nudge(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// follow brings the subscriptions in line with what is wanted, outside the callers' path: an
// unreachable Redis must not block them. What could not be sent, the client subscribes to when it
// reconnects.
func (w *watchers) follow() {
	have := map[string]bool{}
	for {
		select {
		case <-w.stop:
			return
		case <-w.wake:
		}
		more, less := w.changes(have)
		if len(more) > 0 {
			_ = w.sub.Subscribe(context.Background(), more...)
		}
		if len(less) > 0 {
			_ = w.sub.Unsubscribe(context.Background(), less...)
		}
	}
}

// changes updates have and returns the subscriptions to add and to drop.
func (w *watchers) changes(have map[string]bool) (more, less []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for channel := range w.want {
		if !have[channel] {
			more, have[channel] = append(more, channel), true
		}
	}
	for channel := range have {
		if w.want[channel] == nil {
			less = append(less, channel)
			delete(have, channel)
			delete(w.heard, channel)
		}
	}
	return more, less
}

// listen passes hints on. A subscription coming into effect, at first or after a lost connection,
// is a hint too: earlier ones were missed.
func (w *watchers) listen() {
	for event := range w.sub.ChannelWithSubscriptions() {
		switch event := event.(type) {
		case *redis.Message:
			w.tell(event.Channel)
		case *redis.Subscription:
			if event.Kind == "subscribe" {
				w.begin(event.Channel)
			}
		}
	}
}

// begin notes a subscription that came into effect, unless nobody wants it by now.
func (w *watchers) begin(channel string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.want[channel] != nil {
		w.heard[channel] = true
	}
	w.tellLocked(channel)
}

func (w *watchers) tell(channel string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tellLocked(channel)
}

func (w *watchers) tellLocked(channel string) {
	for out := range w.want[channel] {
		nudge(out)
	}
}

func (w *watchers) stopped() bool {
	select {
	case <-w.stop:
		return true
	default:
		return false
	}
}

func (w *watchers) close() {
	w.mu.Lock()
	close(w.stop)
	sub := w.sub
	w.mu.Unlock()
	if sub != nil {
		_ = sub.Close() // ends listen
	}
	w.done.Wait()
}
