package access

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/templates"
)

// readerWallPath is 门墙: every door in use at a glance, as it is now.
const readerWallPath = frame.ReaderPath + "/wall"

// readerWallPause keeps a busy estate's page from being fetched with every scan.
const readerWallPause = time.Second

type readerWallPage struct {
	templates.Shell
	Tabs  templates.Tabs
	Live  templates.Live
	Sums  []readerWallSum
	Rows  []readerTile
	More  string // that there are further doors
	Empty templates.Empty
}

// readerWallSum is how many doors are in a state.
type readerWallSum struct {
	State templates.Badge
	Count int
	URL   string // the list of these
}

// readerTile is a door on the wall.
type readerTile struct {
	URL, Name, Gate, Community string
	State                      templates.Badge
	LastSeen                   time.Time // of one that is not online
	Refused                    int
	Last                       templates.Badge // its last passage or refusal
	LastAt                     time.Time       // zero: none, or no permission
	LastURL, Who, Why          string
}

// walls are the shared reads of the streams of walls, begun with the first.
func (p *Pages) walls() *web.Lookouts[string] {
	p.wallsOnce.Do(func() {
		p.wallsOf = web.NewLookouts(p.Gate, slog.Default(), func(ctx context.Context, of web.LookoutOf) (string, error) {
			tiles, _, err := p.doorTiles(ctx, of.Scope)
			return wallMark(tiles), err
		})
	})
	return p.wallsOf
}

// wallMark differs whenever a wall does.
func wallMark(tiles []core.DoorTile) string {
	marks := make([]string, len(tiles))
	for i, t := range tiles {
		marks[i] = t.Mark()
	}
	return strings.Join(marks, "\n")
}

// doorTiles returns the doors of a scope as they are now, in the order of the wall. Whether a connected door still is, the gate knows
// before its heartbeat is missed; without Redis the heartbeats alone say.
func (p *Pages) doorTiles(ctx context.Context, scope core.Scope) ([]core.DoorTile, bool, error) {
	tiles, more, err := p.Store.DoorWall(ctx, scope)
	if err != nil {
		return nil, false, err
	}
	var connected []core.ID
	for _, t := range tiles {
		if protocol, _ := core.ReaderProtocolOf(t.Reader.Protocol); protocol.Connected && t.State == core.ReaderOnline {
			connected = append(connected, t.Reader.ID)
		}
	}
	if p.Gate != nil && len(connected) > 0 {
		if held, err := p.Gate.DoorsHeld(ctx, connected); err == nil {
			for i := range tiles {
				protocol, _ := core.ReaderProtocolOf(tiles[i].Reader.Protocol)
				tiles[i].Cut = protocol.Connected && tiles[i].State == core.ReaderOnline && !held[tiles[i].Reader.ID]
			}
		}
	}
	core.SortDoorTiles(tiles)
	return tiles, more, nil
}

func (p *Pages) readerWall(c *web.Context) error {
	at, err := p.CommunityOf(c, c.Query("community"))
	if err != nil {
		return err
	}
	scope := c.Scope().In(frame.ChosenCommunity(c, at))
	tiles, more, err := p.doorTiles(c.Ctx(), scope)
	if err != nil {
		return err
	}
	quarantined, err := p.Store.QuarantinedReaders(c.Ctx(), scope)
	if err != nil {
		return err
	}
	page := readerWallPage{
		Shell: p.Shell(c, "reader", "门墙"), Tabs: readerTabs(keeping(c), "wall", len(quarantined)),
		Sums: wallSums(keeping(c), tiles), Rows: p.readerTiles(c, at, tiles),
	}
	page.Crumbs = readerCrumbs()
	page.Total = fmt.Sprintf("共 %s 台", frame.Grouped(len(tiles)))
	if more {
		page.More = fmt.Sprintf("只显示最早登记的 %d 台，请选一个小区。", core.MaxDoorWall)
	}
	switch {
	case len(at.All) == 0:
		page.Empty = frame.NoCommunityYet(c)
	case len(tiles) == 0:
		page.Empty = *noReaderYet(c, at.ID, noReadersYet().Text)
	case p.Gate != nil:
		page.Live = templates.Live{URL: frame.Keep(c, readerWallPath+"/events"), Event: "doors", Swap: "refresh", Pauses: true}
	}
	return p.Page(c, http.StatusOK, "console/reader/wall", page)
}

// wallSums count the doors by what the wall shows of them; each number leads to the list of these.
func wallSums(keep func(path string) string, tiles []core.DoorTile) []readerWallSum {
	counts := map[core.ReaderState]int{}
	for _, t := range tiles {
		counts[t.State]++
	}
	var sums []readerWallSum
	for _, state := range []core.ReaderState{core.ReaderOffline, core.ReaderStale, core.ReaderOnline, core.ReaderNever} {
		if n := counts[state]; n > 0 {
			list := templates.WithQuery(keep(frame.ReaderPath), nil, "state", string(state))
			sums = append(sums, readerWallSum{State: stateBadge(state), Count: n, URL: list})
		}
	}
	return sums
}

// readerTiles returns the tiles for display. Who passed is shown to accounts that may see records, with the name masked: a wall hangs
// where many look.
func (p *Pages) readerTiles(c *web.Context, at frame.CommunityChoice, tiles []core.DoorTile) []readerTile {
	rows := make([]readerTile, len(tiles))
	for i, t := range tiles {
		r := t.Reader
		row := readerTile{URL: frame.ReaderURL(r.ID), Name: r.Name, Gate: r.Gate + "，" + r.Direction.Label(), State: stateBadge(t.State)}
		row.Community, row.Refused = at.NameOf(r.Community), t.Refused
		if t.Cut {
			row.State = templates.Badge{Tone: templates.Bad, Text: "连接断开"}
		}
		if t.Troubled() {
			row.LastSeen = r.LastSeen
		}
		if t.Last.ID != 0 && c.Has(core.PermAccessRecordView) {
			last := t.Last
			last.Name = core.MaskName(last.Name)
			row.LastAt, row.LastURL, row.Who = last.At, frame.AccessRecordURL(last.ID), last.Who()
			row.Last = templates.Badge{Tone: templates.Good, Text: last.ResultLabel()}
			if !last.Allowed {
				row.Last.Tone, row.Why = templates.Bad, last.Why()
			}
		}
		rows[i] = row
	}
	return rows
}

// readerWallEvents tells the wall when a door is not what it was. All walls of the same doors share a read.
func (p *Pages) readerWallEvents(c *web.Context) error {
	at, err := p.CommunityOf(c, c.Query("community"))
	if err != nil {
		return err
	}
	scope := c.Scope().In(frame.ChosenCommunity(c, at))
	return c.Events(func(ctx context.Context, send func(web.Event) error) error {
		if p.Gate == nil {
			return nil // no page follows it
		}
		looks, leave := p.walls().Join(web.LookoutOf{Scope: scope})
		defer leave()
		shown, pause := "", time.NewTimer(0)
		defer pause.Stop()
		<-pause.C
		for {
			select {
			case <-ctx.Done():
				return nil
			case now := <-looks:
				if now == shown {
					continue
				}
				shown = now
			}
			// The event only says that something changed: the page fetches it, with the permissions that its user has then.
			if err := send(web.Event{Name: "doors", Data: "1"}); err != nil {
				return err
			}
			pause.Reset(readerWallPause)
			select {
			case <-ctx.Done():
				return nil
			case <-pause.C:
			}
		}
	})
}
