package access

import (
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"tongxing/core"
	"tongxing/gate"
	"tongxing/handlers/console/frame"
	"tongxing/store"
	"tongxing/templates"
	"tongxing/testkit/desk"
)

func sampleReader() core.Reader {
	r := core.NewReader()
	r.HeartbeatSeconds = 60
	r.ID, r.Community, r.Name, r.Gate, r.Serial = 7, 1, "东门出口读头", "东门", "HZ2C3BAE"
	r.LastSeen, r.ScopeNodes, r.Firmware = desk.Now.Add(-time.Minute), []core.ID{12}, "V2.0"
	return r
}

func sampleShow(r core.Reader, secret string) readerShowPage {
	base := doorBase{HTTP: &url.URL{Scheme: "https", Host: "pass.example.com"}}
	page := readerShowOf(r, []string{"3栋 1单元"}, desk.Now)
	page.Shell, page.Detail = desk.SampleShell(r.Name), readerDetail(r, core.Community{Name: "云栖花园"}, desk.Now)
	page.Detail.Menu.Acts = []templates.Submit{{Label: "远程开门", URL: "/open", Icon: "door", Ask: true, Off: "读头不在线，不能远程开门"}}
	readerActs(r, &page.Detail)
	page.connect(r, base, secret)
	page.Passages = &frame.PassagePart{Door: true, Rows: []frame.PassageRow{{Name: desk.Hostile, House: desk.Hostile}}}
	if secret == "" {
		page.SecretURL = "/secret"
	}
	tab := ""
	if secret != "" {
		tab = readerInstallTab
	}
	if r.Firmware == "calls" {
		tab = readerCallsTab
		page.Calls.Live = templates.Live{URL: "/events", Event: "calls", Swap: "refresh", Pauses: true}
		page.Calls.Rows = []readerCall{
			{At: desk.Now, State: callBadges[gate.CallConnected]},
			{
				At: desk.Now, State: callBadges[gate.CallMalformed], What: desk.Hostile, Sent: desk.Hostile, Answer: desk.Hostile,
				Took: "3 毫秒",
			},
		}
	}
	page.Detail.NewTabs(tab, "", "概况", frame.PassagesTab, "出入记录", readerCallsTab, "最近请求", readerInstallTab, "接入信息")
	return page
}

// readerSamples returns pages with every kind of content, for the test of templates.
func readerSamples() map[string]any {
	vguang, mcard, called := sampleReader(), sampleReader(), sampleReader()
	called.Firmware = "calls"
	mcard.Protocol, mcard.Skew, mcard.Disabled, mcard.QRAllowed = core.ProtocolMcardsea, -90*time.Minute, desk.Now, false
	communities := []core.Community{{ID: 1, Name: "云栖花园"}, {ID: 2, Name: "云栖雅苑"}}
	nodes := nodeOptions([]*store.TreeNode{{
		BuildingNode: core.BuildingNode{ID: 11, Name: "3栋"},
		Children:     []*store.TreeNode{{BuildingNode: core.BuildingNode{ID: 12, Name: "1单元"}}},
	}})

	list := readerListPage{
		Shell: templates.Shell{Title: "智能门禁", CSRF: "token"}, Tabs: readerTabs(strings.Clone, "list", 2),
		List: readerListOf(url.Values{"q": {"东"}}, communities),
	}
	list.List.Bulk, list.List.CSRF = readerBulk(nil), "token"
	for _, r := range []core.Reader{vguang, mcard, {ID: 9, Name: "<b>新</b>"}} {
		list.Rows = append(list.Rows, readerListRow{
			ID: r.ID, URL: frame.ReaderURL(r.ID), Name: r.Name, Gate: r.Gate, Community: "云栖花园",
			Direction: r.Direction.Label(), Protocol: core.ProtocolLabel(r.Protocol),
			Serial: r.Serial, State: readerBadge(r, desk.Now), QR: frame.OnOff(r.QRAllowed, "开", "关"),
			LastSeen: r.LastSeen, QRAllowed: r.QRAllowed,
			Disabled: !r.Disabled.IsZero(), Edit: true, CSRF: "token",
		})
	}
	empty := readerListPage{
		Shell: templates.Shell{Title: "智能门禁", CSRF: "token"}, Tabs: readerTabs(strings.Clone, "list", 0),
		List: readerListOf(nil, communities[:1]),
	}

	at := frame.CommunityChoice{Community: communities[0]}
	form := readerFormPage{
		Shell: desk.SampleShell("修改读头"),
		Form:  templates.Form{Action: "/x", CSRF: "token", Sections: readerFields(vguang, at, nil, nodes)},
	}
	groups := []core.ReaderGroup{{ID: 3, Name: "一期各门"}}
	wrong := readerFormPage{
		Shell: desk.SampleShell("添加读头"),
		Form:  templates.Form{Action: "/x", CSRF: "token", Sections: readerFields(core.NewReader(), at, groups, nil)},
	}
	wrong.Form.Set(url.Values{"name": {"<b>"}}, map[string]string{
		"name": "请填写名称", "deny_code": "不行", "scope_nodes": "不在这个小区", "protocol": "请选择协议",
	})

	strangers := readerQuarantinePage{
		Shell: desk.SampleShell("未登记设备"), Tabs: readerTabs(strings.Clone, "quarantine", 2), List: quarantineList(nil),
		Rows: strangersOf([]core.QuarantinedReader{
			{
				Protocol: core.ProtocolVguang, Serial: "B7", Reader: 7, Name: vguang.Name, Addr: "192.0.2.1",
				Calls: 5, First: desk.Now, Last: desk.Now,
			},
			{Protocol: core.ProtocolMcardsea, Addr: "192.0.2.2", Calls: 1, First: desk.Now, Last: desk.Now},
		}),
	}
	samples := permissionSamples()
	maps.Copy(samples, map[string]any{
		"console/reader/list":          list,
		"console/reader/list#empty":    empty,
		"console/reader/form":          form,
		"console/reader/form#wrong":    wrong,
		"console/reader/show":          sampleShow(vguang, ""),
		"console/reader/show#secret":   sampleShow(vguang, strings.Repeat("A", 26)),
		"console/reader/show#mcardsea": sampleShow(mcard, ""),
		"console/reader/show#calls":    sampleShow(called, ""),
		"console/reader/show#nocalls": readerShowPage{
			Shell: desk.SampleShell("x"), Detail: templates.Detail{Shown: readerCallsTab}, Calls: readerCallsPart{Strange: "/quarantine"},
		},
		"console/reader/show#away": readerShowPage{
			Shell: desk.SampleShell("x"), Detail: templates.Detail{Shown: readerCallsTab}, Calls: readerCallsPart{Missing: "x"},
		},
		"console/reader/show#view": readerShowPage{
			Shell: desk.SampleShell("x"), Detail: templates.Detail{Shown: readerInstallTab},
			Settings: readerSettings(mcard, doorBase{HTTP: &url.URL{Scheme: "http", Host: "127.0.0.1:8080"}}, ""),
		},
		"console/reader/wall": readerWallPage{
			Shell: desk.SampleShell("门墙"), Tabs: readerTabs(func(path string) string { return path }, "wall", 3), More: "x",
			Live: templates.Live{URL: "/events", Event: "doors", Swap: "refresh", Pauses: true},
			Sums: []readerWallSum{{State: stateBadge(core.ReaderOffline), Count: 2, URL: "/x"}},
			Rows: []readerTile{
				{
					URL: "/x", Name: desk.Hostile, Gate: desk.Hostile, Community: desk.Hostile, State: stateBadge(core.ReaderOffline),
					LastSeen: desk.Now, Refused: 12, Last: templates.Badge{Tone: templates.Bad, Text: "拒绝"}, LastAt: desk.Now,
					LastURL: "/x", Who: desk.Hostile, Why: desk.Hostile,
				},
				{URL: "/x", Name: "北门", Gate: "北门，出门", State: stateBadge(core.ReaderOnline)},
			},
		},
		"console/reader/figure": readerFigurePage{
			Shell: desk.SampleShell("运行"), Tabs: readerTabs(func(path string) string { return path }, "figure", 3),
			Cards: []frame.HomeCard{{Name: "doors", Title: desk.Hostile, CardBody: frame.CardBody{
				Note: desk.Hostile, Figures: []templates.Figure{{Label: desk.Hostile, N: 3, URL: "/x", Tone: templates.Bad}},
				Facts: []templates.Fact{{Label: "连接的门", Value: desk.Hostile}},
			}}},
		},
		"console/reader/wall#empty":       readerWallPage{Shell: desk.SampleShell("门墙"), Empty: noReadersYet()},
		"console/reader/quarantine":       strangers,
		"console/reader/quarantine#empty": readerQuarantinePage{Shell: desk.SampleShell("未登记设备"), List: quarantineList(nil)},
	})
	return samples
}

func TestReaderPages(t *testing.T) { templates.CheckAll(t, "console/reader/", readerSamples()) }

// Exactly what the installer enters.
func TestReaderSettings(t *testing.T) {
	base := doorBase{HTTP: &url.URL{Scheme: "http", Host: "10.0.0.5:8080"}}
	r := sampleReader()
	secret := strings.Repeat("K", 26)
	values := func(secret string) string {
		var all []string
		for _, f := range readerSettings(r, base, secret) {
			all = append(all, f.Value)
		}
		return strings.Join(all, "\n") + "\n"
	}
	for _, want := range []string{
		"http://10.0.0.5:8080/door/vguang/" + secret + "\n", "10.0.0.5\n", "8080\n", "HZ2C3BAE\n",
		"www.vguang.cn\n", "60 秒\n", "code=0000\n", "code=1000\n",
	} {
		if !strings.Contains(values(secret), want) {
			t.Errorf("vguang: no %q", want)
		}
	}
	if hidden := values(""); strings.Contains(hidden, secret) || !strings.Contains(hidden, "/door/vguang/"+hiddenSecret) {
		t.Error("the secret is shown unasked")
	}
	r.Protocol = core.ProtocolMcardsea
	for _, want := range []string{"http://10.0.0.5:8080/door/mcardsea/" + secret + "/qa/mcardsea.php\n", "HZ2C3BAE\n"} {
		if !strings.Contains(values(secret), want) {
			t.Errorf("mcardsea: no %q", want)
		}
	}
	base.HTTP = &url.URL{Scheme: "https", Host: "pass.example.com"}
	if !strings.Contains(values(secret), "443\n") || !strings.Contains(readerInsecure(sampleReader(), base), "HTTPS") {
		t.Error("https: no port, or no warning")
	}
}

// The URL to enter in a device is the configured one, whatever Host the request has; if there is
// none, the page says so.
func TestReaderAddressIsConfigured(t *testing.T) {
	d := newDesk(t)
	b := d.Manager(t)
	page := func() string {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, d.Address+readerInstallURL(d.Mine.Doors[0].ID), http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		for _, cookie := range b.Client.Jar.Cookies(request.URL) {
			request.AddCookie(cookie) // the jar goes by the host's name
		}
		request.Host = "evil.example"
		document, _ := b.Do(t, request, http.StatusOK)
		return document.Find("#install").Text()
	}
	if text := page(); !strings.Contains(text, "http://10.0.0.5:8080/door/") || strings.Contains(text, "evil.example") {
		t.Errorf("configured: %s", text)
	}
	for _, address := range []string{"", "://", "http://:8080"} {
		d.Frame.PublicURL = address
		if text := page(); !strings.Contains(text, "没有配置对外地址") || strings.Contains(text, "evil.example") {
			t.Errorf("%q: %s", address, text)
		}
	}
	for _, address := range []string{"http://[::1]:8080", "http://0.0.0.0:80", "http://127.1.2.3", "http://localhost:1"} {
		d.Frame.PublicURL = address
		if text := page(); !strings.Contains(text, "只有本机能访问") {
			t.Errorf("%q: %s", address, text)
		}
	}
}

func TestReaderSkewText(t *testing.T) {
	for skew, want := range map[time.Duration]string{
		90 * time.Second: "快 1 分钟", -3 * time.Minute: "慢 3 分钟", -3 * time.Hour: "慢 3 小时", 400 * 24 * time.Hour: "快 400 天以上",
	} {
		if got := core.SkewWords(skew); got != want {
			t.Errorf("%s: %s, want %s", skew, got, want)
		}
	}
}
