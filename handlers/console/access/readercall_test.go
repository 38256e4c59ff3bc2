package access

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"tongxing/core"
	"tongxing/gate"
	"tongxing/handlers/console/frame"
	"tongxing/testkit/desk"
)

// TestTheLastRequestsOfAReader: an account that may see a reader sees what it sent and was answered, newest first, and is told when
// there is more; nobody of another community does.
func TestTheLastRequestsOfAReader(t *testing.T) {
	d, g, _ := orderDesk(t)
	b := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermReaderView)
	reader := d.Mine.Doors[0].ID
	page := frame.TabURL(frame.ReaderURL(reader), readerCallsTab)
	if got := b.Get(t, page, http.StatusOK).Find("#calls").Text(); !strings.Contains(got, "还没有请求") {
		t.Errorf("without any: %q", got)
	}
	next := b.Stream(t, frame.ReaderURL(reader)+"/events")
	next("calls") // it began
	g.NoteCall(reader, gate.CallNote{At: d.Store.Now(), Outcome: gate.CallMalformed, Sent: "foo=…", Answer: "code=1000"})
	g.NoteCall(reader, gate.CallNote{
		At: d.Store.Now(), Took: 12 * time.Millisecond, Outcome: gate.CallScanned, Kind: gate.MessageScan, Shown: 26, Ours: true,
		Reason: core.ReasonCount, Sent: "vgdecoderesult=…", Answer: "code=1000", Skew: -600_000,
	})
	next("calls")
	shown := b.Get(t, page, http.StatusOK).Find("#calls")
	if live, _ := shown.Attr("data-live"); live != frame.ReaderURL(reader)+"/events" {
		t.Errorf("it follows %q", live)
	}
	rows := shown.Find("li")
	first := rows.First().Text()
	for _, want := range []string{
		"拒绝", "12 毫秒", "出门次数已用完", "读到 26 个字符，像本系统的码", "设备时钟慢 10 分钟", "vgdecoderesult=…", "code=1000",
	} {
		if !strings.Contains(first, want) {
			t.Errorf("%q is not in %q", want, first)
		}
	}
	if rows.Length() != 2 || !strings.Contains(rows.Last().Text(), "看不懂") {
		t.Errorf("%d rows, the last is %q", rows.Length(), rows.Last().Text())
	}
	others := d.SignIn(t, core.ScopeOf(d.Others.Community), core.PermReaderView)
	others.Get(t, page, http.StatusNotFound)
	others.Get(t, frame.ReaderURL(reader)+"/events", http.StatusNotFound)
	d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermAccessRecordView).Get(t, frame.ReaderURL(reader)+"/events", http.StatusForbidden)
	d.Redis.Close()
	if got := b.Get(t, page, http.StatusOK).Find("#calls").Text(); !strings.Contains(got, "暂时读不到") {
		t.Errorf("without Redis: %q", got)
	}
}

// TestWordsOfRequests: every outcome has a badge, and an unlike one.
func TestWordsOfRequests(t *testing.T) {
	seen := map[string]bool{}
	for _, outcome := range []gate.CallOutcome{
		gate.CallScanned, gate.CallHeartbeat, gate.CallMalformed, gate.CallUnknown, gate.CallLimited, gate.CallAnswered, gate.CallReported,
		gate.CallFailed, gate.CallConnected, gate.CallGone,
	} {
		row := readerCallOf(gate.CallNote{At: desk.Now, Outcome: outcome, Allowed: true})
		if row.State.Text == "" || row.State.Tone == "" || seen[row.State.Text] {
			t.Errorf("%s is %+v", outcome, row)
		}
		seen[row.State.Text] = true
	}
}
