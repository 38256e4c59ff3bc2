package gate

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"tongxing/core"
	"tongxing/store"
)

// commandsChannel is where servers tell each other that there is an order to a door.
const commandsChannel = "commands"

// doorLife is how long it is believed that a server holds a door, unless it says so again.
const doorLife = 45 * time.Second

// commandTime bounds what is asked of Redis for an order.
const commandTime = time.Second

func doorKey(reader core.ID) string { return "door:" + reader.String() }

// Clock returns the time that all servers share: orders to doors end by it.
func (g *Gate) Clock(ctx context.Context) (time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, commandTime)
	defer cancel()
	now, err := g.redis.Time(ctx).Result()
	if err != nil {
		return now, fmt.Errorf("gate: read the clock: %w", err)
	}
	return now, nil
}

// HoldDoors tells every server that these doors can be ordered to open: this server holds their connections. It is repeated well within
// doorLife.
func (g *Gate) HoldDoors(ctx context.Context, readers []core.ID) error {
	now, err := g.Clock(ctx)
	if err != nil || len(readers) == 0 {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, commandTime)
	defer cancel()
	until := strconv.FormatInt(now.Add(doorLife).UnixMilli(), 10)
	_, err = g.redis.Pipelined(ctx, func(p redis.Pipeliner) error {
		for _, reader := range readers {
			p.Set(ctx, doorKey(reader), until+" "+g.signer.Sum("door", reader.String(), until), doorLife)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("gate: hold doors: %w", err)
	}
	return nil
}

// DropDoor tells every server that a door is not held any more.
func (g *Gate) DropDoor(ctx context.Context, reader core.ID) error {
	ctx, cancel := context.WithTimeout(ctx, commandTime)
	defer cancel()
	if err := g.redis.Del(ctx, doorKey(reader)).Err(); err != nil {
		return fmt.Errorf("gate: drop a door: %w", err)
	}
	return nil
}

// DoorHeld reports whether some server holds a door, and the time.
func (g *Gate) DoorHeld(ctx context.Context, reader core.ID) (held bool, now time.Time, err error) {
	if now, err = g.Clock(ctx); err != nil {
		return false, now, err
	}
	ctx, cancel := context.WithTimeout(ctx, commandTime)
	defer cancel()
	value, err := g.redis.Get(ctx, doorKey(reader)).Result()
	if errors.Is(err, redis.Nil) {
		return false, now, nil
	}
	if err != nil {
		return false, now, fmt.Errorf("gate: who holds a door: %w", err)
	}
	return g.holds(reader, value, now), now, nil
}

// holds reports whether what Redis has of a door says that a server holds it.
func (g *Gate) holds(reader core.ID, value string, now time.Time) bool {
	until, sum, _ := strings.Cut(value, " ")
	ends, err := strconv.ParseInt(until, 10, 64)
	return err == nil && now.UnixMilli() < ends && g.signer.Valid(sum, "door", reader.String(), until)
}

// DoorsHeld reports which of several doors some server holds.
func (g *Gate) DoorsHeld(ctx context.Context, readers []core.ID) (map[core.ID]bool, error) {
	now, err := g.Clock(ctx)
	if err != nil || len(readers) == 0 {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, commandTime)
	defer cancel()
	values := make([]*redis.StringCmd, len(readers))
	if _, err := g.redis.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i, reader := range readers {
			values[i] = p.Get(ctx, doorKey(reader))
		}
		return nil
	}); err != nil && !errors.Is(err, redis.Nil) {
		return nil, fmt.Errorf("gate: who holds doors: %w", err)
	}
	held := map[core.ID]bool{}
	for i, reader := range readers {
		if value, err := values[i].Result(); err == nil && g.holds(reader, value, now) {
			held[reader] = true
		}
	}
	return held, nil
}

// OrderDoor orders a door to open, and has the server that holds it look for the order. Without Redis it is refused at once.
func (g *Gate) OrderDoor(ctx context.Context, by core.Actor, scope core.Scope, n store.NewDoorCommand) (core.DoorCommand, error) {
	held, now, err := g.DoorHeld(ctx, n.Reader)
	if err != nil {
		g.failed(ctx, "order a door", err)
		return core.DoorCommand{}, core.Unavailable("系统繁忙，没有发出开门指令，请稍后再试")
	}
	n.Online, n.Now = held, now
	c, err := g.store.CreateDoorCommand(ctx, by, scope, n)
	if err != nil {
		return c, err
	}
	if err := g.redis.Publish(ctx, commandsChannel, "1").Err(); err != nil {
		g.failed(ctx, "tell of an order", err) // servers look for themselves, a second later
	}
	return c, nil
}

// WatchCommands returns a channel that receives when there may be orders to doors. It ends with ctx; the channel is never closed.
func (g *Gate) WatchCommands(ctx context.Context) <-chan struct{} {
	return g.watch(ctx, []string{commandsChannel})
}

// DoorAnswered notes a device's answer to an order.
func (g *Gate) DoorAnswered(ctx context.Context, reader core.ID, number int, opened bool) error {
	now, err := g.Clock(ctx)
	if err != nil {
		return err
	}
	record, err := g.store.AnswerDoorCommand(ctx, reader, number, opened, now)
	if err == nil && record.ID != 0 {
		g.live.hint(record.Community)
	}
	return err
}
