package database

import (
	"context"
	"sync"
)

// Batcher gathers the values that wait at the same moment and hands them to one worker. The worker
// takes what waits and never waits for more, so that a lone value is as quick as it can be.
type Batcher[T any] struct {
	queue chan T
	done  chan struct{}
	mu    sync.RWMutex // guards ended against a send on the queue
	ended bool
}

// NewBatcher starts the worker: it calls run with one to max values at a time, in the order in which
// they were sent, and end once after the last. Neither may panic.
func NewBatcher[T any](max int, run func([]T), end func()) *Batcher[T] {
	b := &Batcher[T]{queue: make(chan T, 4*max), done: make(chan struct{})}
	go func() {
		defer close(b.done)
		defer end()
		for first := range b.queue {
			run(b.gather(first, max))
		}
	}()
	return b
}

// gather returns first and what else waits, at most max values.
func (b *Batcher[T]) gather(first T, max int) []T {
	values := []T{first}
	for len(values) < max {
		select {
		case value, ok := <-b.queue:
			if !ok {
				return values
			}
			values = append(values, value)
		default:
			return values
		}
	}
	return values
}

// Send queues a value. It returns ErrClosed after Close, and ctx's error if ctx ends while the queue
// is full; otherwise run will get the value.
func (b *Batcher[T]) Send(ctx context.Context, value T) error {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if b.ended {
		return ErrClosed
	}
	select {
	case b.queue <- value:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Waiting returns how many values wait for the worker.
func (b *Batcher[T]) Waiting() int { return len(b.queue) }

// Close accepts no more values and waits until those in the queue have been handled.
func (b *Batcher[T]) Close() {
	b.mu.Lock()
	if !b.ended {
		b.ended = true
		close(b.queue)
	}
	b.mu.Unlock()
	<-b.done
}
