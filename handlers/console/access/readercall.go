package access

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"tongxing/core"
	"tongxing/gate"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/templates"
)

// readerCallsTab is the tab 最近请求: what the device sent of late, and what it was answered.
const readerCallsTab = "calls"

// readerCallsPause keeps a busy door's page from being fetched with every scan.
const readerCallsPause = time.Second

// readerCallsPart is the last requests of a reader.
type readerCallsPart struct {
	Rows    []readerCall
	Live    templates.Live
	Missing string // why they are not known; "" = they are
	Strange string // the list of unknown devices
}

// readerCall is one of them.
type readerCall struct {
	At           time.Time
	Took         string // "" = it is not a request
	State        templates.Badge
	What         string // more about it, in words
	Sent, Answer string
}

// readerCalls returns the last requests of a reader that the account may see.
func (p *Pages) readerCalls(c *web.Context, r core.Reader) readerCallsPart {
	part := readerCallsPart{
		Live:    templates.Live{URL: frame.ReaderURL(r.ID) + "/events", Event: "calls", Swap: "refresh", Pauses: true},
		Strange: frame.Keep(c, frame.ReaderPath+"/quarantine"),
	}
	if p.Gate == nil {
		part.Live, part.Missing = templates.Live{}, "这台服务器没有接入门禁，看不到最近请求。"
		return part
	}
	notes, err := p.Gate.LastCalls(c.Ctx(), r.ID)
	if err != nil {
		part.Missing = "暂时读不到最近请求：缓存服务没有响应。扫码和出入记录不看这里。"
	}
	for _, n := range notes {
		part.Rows = append(part.Rows, readerCallOf(n))
	}
	return part
}

// callBadges are the outcomes of requests.
var callBadges = map[gate.CallOutcome]templates.Badge{
	gate.CallHeartbeat: {Tone: templates.Neutral, Text: "心跳"},
	gate.CallMalformed: {Tone: templates.Warn, Text: "看不懂"},
	gate.CallUnknown:   {Tone: templates.Bad, Text: "设备号不符"},
	gate.CallLimited:   {Tone: templates.Warn, Text: "请求过多"},
	gate.CallAnswered:  {Tone: templates.Good, Text: "应答指令"},
	gate.CallReported:  {Tone: templates.Good, Text: "补报记录"},
	gate.CallFailed:    {Tone: templates.Bad, Text: "没能处理"},
	gate.CallConnected: {Tone: templates.Good, Text: "已连接"},
	gate.CallGone:      {Tone: templates.Warn, Text: "连接断开"},
}

// callWords say what to do about some of them.
var callWords = map[gate.CallOutcome]string{
	gate.CallMalformed: "不是这种协议的请求：请核对协议、工作模式和请求格式",
	gate.CallUnknown:   "设备报的号与登记的不一样：请看“未登记设备”里它报的号",
	gate.CallLimited:   "请求太密，没有处理：请查设备的重复上报",
	gate.CallFailed:    "数据库或缓存没有响应，按拒绝处理",
}

// readerCallOf describes a request.
func readerCallOf(n gate.CallNote) readerCall {
	outcome := n.Outcome
	row := readerCall{At: n.At, State: callBadges[outcome], What: callWords[outcome], Sent: n.Sent, Answer: n.Answer}
	switch {
	case outcome == gate.CallConnected || outcome == gate.CallGone:
		return row
	case outcome == gate.CallHeartbeat && n.Kind == gate.MessageOther:
		row.State.Text = "其他消息"
	case outcome == gate.CallScanned && n.Allowed:
		row.State = templates.Badge{Tone: templates.Good, Text: "放行"}
	case outcome == gate.CallScanned:
		row.State, row.What = templates.Badge{Tone: templates.Bad, Text: "拒绝"}, n.Reason.Label()
	}
	row.Took = fmt.Sprintf("%d 毫秒", n.Took.Round(time.Millisecond).Milliseconds())
	if n.Took < time.Millisecond {
		row.Took = "不到 1 毫秒"
	}
	if n.Shown > 0 {
		looks := "不像本系统的码"
		if n.Ours {
			looks = "像本系统的码"
		}
		row.say("读到 " + strconv.Itoa(n.Shown) + " 个字符，" + looks)
	}
	if skew := time.Duration(n.Skew) * time.Millisecond; skew.Abs() > core.SkewWarning {
		row.say("设备时钟" + core.SkewWords(skew))
	}
	return row
}

// say adds to the words.
func (row *readerCall) say(words string) {
	if row.What != "" {
		row.What += "；"
	}
	row.What += words
}

// readerEvents tells the page of a reader when it has made further requests.
func (p *Pages) readerEvents(c *web.Context) error {
	r, err := p.reader(c)
	if err != nil {
		return err
	}
	return c.Events(func(ctx context.Context, send func(web.Event) error) error {
		if p.Gate == nil {
			return nil // no page follows it
		}
		told, pause := p.Gate.WatchCalls(ctx, r.ID), time.NewTimer(0)
		defer pause.Stop()
		<-pause.C
		for {
			select {
			case <-ctx.Done():
				return nil
			case <-told:
			}
			// The event only says that there is something: the page fetches it, with the permissions that its user has then.
			if err := send(web.Event{Name: "calls", Data: "1"}); err != nil {
				return err
			}
			pause.Reset(readerCallsPause)
			select {
			case <-ctx.Done():
				return nil
			case <-pause.C:
			}
		}
	})
}
