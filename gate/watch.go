package gate

import (
	"context"
	"sync"

	"github.com/redis/go-redis/v9"

	"tongxing/core"
)

// watchers are all who watch on this server. They share one subscription: a
// thousand open pages are one connection to Redis, and a community is subscribed
// to once.
type watchers struct {
	redis redis.UniversalClient
	mu    sync.Mutex
	want  map[string]map[chan struct{}]bool // channel → those who watch it
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

// Watch gives a channel that receives when one of the communities may have new
// access records, also when hints may have been lost. It ends with ctx; the
// channel is never closed.
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
			nudge(out) // whoever joins has not heard what was hinted at before
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

// nudge sends unless something is waiting to be received already.
func nudge(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// follow keeps what is subscribed to what is wanted, away from those who ask: a
// Redis that is gone must not hold them up. What could not be sent is subscribed
// by the client when it connects again.
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

// changes brings have up to date and gives what that takes.
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

// listen passes hints on. A subscription that came into effect, at first or after
// a lost connection, is a hint too: what happened before went unheard.
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
