package gate

import (
	"context"
	"fmt"
	"time"
)

// readersChannel is where servers announce changes of readers to each other.
const readersChannel = "readers"

// ReadersChanged announces to every server that the settings or secrets of readers have changed.
func (g *Gate) ReadersChanged(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	if err := g.redis.Publish(ctx, readersChannel, "1").Err(); err != nil {
		return fmt.Errorf("gate: announce that readers changed: %w", err)
	}
	return nil
}

// WatchReaders returns a channel that receives when readers may have changed on any server, or an
// announcement may have been lost. It ends with ctx; the channel is never closed.
func (g *Gate) WatchReaders(ctx context.Context) <-chan struct{} {
	return g.watch(ctx, []string{readersChannel})
}
