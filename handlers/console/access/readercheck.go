package access

import (
	"fmt"
	"time"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/templates"
)

// readerChecks returns what has happened of what an installer has to try: nobody ticks it by hand.
func (p *Pages) readerChecks(c *web.Context, r core.Reader) ([]templates.Fact, error) {
	signs, err := p.Store.ReaderSigns(c.Ctx(), c.Scope(), r.ID)
	return checksOf(r, signs, c.Now().In(p.Store.Zone())), err
}

// clockWithin is how far the clock of a device may be from ours when it is handed over.
const clockWithin = time.Minute

func checksOf(r core.Reader, signs core.ReaderSigns, now time.Time) []templates.Fact {
	p, _ := core.ReaderProtocolOf(r.Protocol)
	seen := func(label string, at time.Time, none string) templates.Fact {
		if at.IsZero() {
			return templates.Fact{Label: label, Badge: templates.Badge{Tone: templates.Neutral, Text: none}}
		}
		return templates.Fact{Label: label, Badge: templates.Badge{Tone: templates.Good, Text: momentText(at, now)}}
	}
	facts := []templates.Fact{seen("连上服务器", r.LastSeen, "还没有收到消息")}
	if p.Beats && !r.LastSeen.IsZero() {
		beats := templates.Badge{Tone: templates.Good, Text: "按时"}
		if r.State(now) != core.ReaderOnline {
			beats = templates.Badge{Tone: templates.Warn, Text: fmt.Sprintf("超过 %d 秒没有消息", r.HeartbeatSeconds*5/2)}
		}
		facts = append(facts, templates.Fact{Label: "心跳", Badge: beats})
	}
	if p.TellsItsClock && !r.LastSeen.IsZero() {
		clock := templates.Badge{Tone: templates.Good, Text: "准"}
		if off := r.Skew.Abs(); off > clockWithin {
			clock = templates.Badge{Tone: templates.Warn, Text: "与服务器差 " + offText(off)}
		}
		facts = append(facts, templates.Fact{Label: "设备时钟", Badge: clock})
	}
	facts = append(facts, seen("放行", signs.Released, "还没有试过"), seen("拒绝", signs.Refused, "还没有试过"))
	if p.Commands {
		facts = append(facts, seen("远程开门", signs.Ordered, "还没有试过"))
	}
	return facts
}

// momentText returns when something was: today's without the day.
func momentText(at, now time.Time) string {
	at = at.In(now.Location())
	if at.Format(time.DateOnly) == now.Format(time.DateOnly) {
		return "今天 " + at.Format("15:04")
	}
	return at.Format("2006-01-02 15:04")
}

// offText returns how much two clocks differ.
func offText(off time.Duration) string {
	switch {
	case off >= 48*time.Hour:
		return fmt.Sprintf("%d 天", int(off.Hours()/24))
	case off >= 2*time.Hour:
		return fmt.Sprintf("%d 小时", int(off.Hours()))
	}
	return fmt.Sprintf("%d 分钟", int(off.Minutes()))
}
