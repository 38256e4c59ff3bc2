package access

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/testkit/desk"
)

func TestReaderChecks(t *testing.T) {
	now := desk.Now
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	for name, c := range map[string]struct {
		protocol string
		seen     time.Time
		skew     time.Duration
		signs    core.ReaderSigns
		want     string
	}{
		"new": {protocol: core.ProtocolVguang, want: "连上服务器 还没有收到消息; 放行 还没有试过; 拒绝 还没有试过"},
		"beats": {
			protocol: core.ProtocolVguang, seen: ago(time.Minute),
			signs: core.ReaderSigns{Released: ago(time.Minute), Refused: ago(48 * time.Hour)},
			want:  "连上服务器 今天; 心跳 按时; 放行 今天; 拒绝 20",
		},
		"silent":      {protocol: core.ProtocolVguang, seen: ago(time.Hour), want: "连上服务器 今天; 心跳 超过 150 秒没有消息; 放行"},
		"no beats":    {protocol: core.ProtocolMcardsea, seen: ago(time.Hour), want: "连上服务器 今天; 设备时钟 准; 放行"},
		"clock":       {protocol: core.ProtocolMcardsea, seen: ago(0), skew: -3 * time.Hour, want: "设备时钟 与服务器差 3 小时"},
		"can be told": {protocol: core.ProtocolVbar, seen: ago(0), signs: core.ReaderSigns{Ordered: now}, want: "远程开门 今天"},
	} {
		r := core.NewReader()
		r.Protocol, r.LastSeen, r.Skew = c.protocol, c.seen, c.skew
		var said []string
		for _, f := range checksOf(r.Trimmed(), c.signs, now) {
			said = append(said, f.Label+" "+f.Badge.Text)
		}
		want := strings.Split(c.want, "; ")
		at := 0
		for _, line := range said {
			if at < len(want) && strings.HasPrefix(line, want[at]) {
				at++
			}
		}
		if at != len(want) {
			t.Errorf("%s: %v, want %s", name, said, c.want)
		}
	}
}

// What an installer types into a device that holds a connection: the broker as others reach it, or why there is none.
func TestConnectedReaderSettings(t *testing.T) {
	r := sampleReader()
	r.Protocol = core.ProtocolVbar
	for name, c := range map[string]struct {
		at            frame.Broker
		facts, unsafe string
	}{
		"off":      {frame.Broker{}, "MQTT 服务器：没有启用", "没有启用 MQTT 服务"},
		"no host":  {frame.Broker{On: true, Port: "1883"}, "MQTT 服务器：没有配置对外地址 端口：1883", "broker.public_addr"},
		"open":     {frame.Broker{On: true, Host: "10.0.0.5", Port: "1883"}, "MQTT 服务器：10.0.0.5 端口：1883 加密：不加密", "启用 TLS"},
		"over TLS": {frame.Broker{On: true, Host: "door.example.com", Port: "8883", TLS: true}, "端口：8883 加密：TLS 密码：K", ""},
	} {
		var facts []string
		for _, f := range readerSettings(r, doorBase{Broker: c.at}, strings.Repeat("K", 26)) {
			facts = append(facts, f.Label+"："+f.Value)
		}
		if text := strings.Join(facts, " "); !strings.Contains(text, c.facts) {
			t.Errorf("%s: %s", name, text)
		}
		if said := readerInsecure(r, doorBase{Broker: c.at}); !strings.Contains(said, c.unsafe) || c.unsafe == "" && said != "" {
			t.Errorf("%s warns %q", name, said)
		}
	}
}

// Who adds a device that holds a connection is told before and after if it cannot connect; the page of an installed one shows what
// has happened.
func TestReaderPageTellsWhatHasHappened(t *testing.T) {
	d := newDesk(t)
	b := d.Manager(t)
	const off = "没有启用 MQTT"
	if page := b.Get(t, frame.ReaderPath+"/new", http.StatusOK); !strings.Contains(page.Find("#main").Text(), off) {
		t.Error("the form does not say that the broker is off")
	}
	form := readerFormOf(d.Mine.Community)
	form.Set("protocol", core.ProtocolVbar)
	_, to := b.Post(t, frame.ReaderPath, form, http.StatusSeeOther)
	page := b.Get(t, to, http.StatusOK)
	if !strings.Contains(page.Find(".tx-flash").Text(), off) || desk.Fact(page, "连上服务器") != "还没有收到消息" {
		t.Errorf("an added device is promised to connect: %s", page.Find(".tx-flash").Text())
	}
	d.Frame.Broker = frame.Broker{On: true, Host: "10.0.0.5", Port: "1883"}
	if page := b.Get(t, frame.ReaderPath+"/new", http.StatusOK); strings.Contains(page.Find("#main").Text(), off) {
		t.Error("the form says that the broker is off")
	}
	if page := b.Get(t, to, http.StatusOK); desk.Fact(page, "端口") != "1883" {
		t.Errorf("port %q", desk.Fact(page, "端口"))
	}
}
