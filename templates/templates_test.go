package templates

import (
	"bytes"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

var noon = time.Date(2026, 11, 22, 4, 0, 0, 0, time.UTC)

func shell() Shell {
	return Shell{
		Title: "样页", Nav: sampleMenu(), CSRF: "token", Demo: true,
		Account: Account{Name: "周敏", Role: "物业管理员", SignOut: "/console/signout"}, Scope: ScopeSwitch{Name: "云栖花园"},
		Flash: []Flash{{Tone: Good, Text: "已保存。"}},
	}
}

func sampleMenu() []NavGroup {
	return []NavGroup{
		{Items: []NavItem{{Label: "首页", URL: "/console", Icon: "layout-dashboard"}}},
		{Label: "出入管理", Items: []NavItem{
			{Label: "智能门禁", URL: "/console/reader", Icon: "door", Active: true},
			{Label: "告警", URL: "/console/accessalert", Icon: "bell", Count: 3},
		}},
	}
}

func phone() Phone {
	return Phone{Title: "通行码", Note: "云栖花园", Back: "/h5", CSRF: "token",
		Tabs: []NavItem{
			{Label: "通行码", URL: "/h5/pass", Icon: "qrcode", Active: true},
			{Label: "记录", URL: "/h5/accessrecord", Icon: "history"},
		}}
}

// samples returns the pages whose structs are in this package.
func samples() map[string]any {
	confirm := Confirm{
		Title: "停用", Text: "将停用。", Action: "/x", Submit: "停用", Cancel: "/y", Keep: url.Values{"id": {"1", "2"}},
		Danger: true,
	}
	missing := NewProblem(404, "")
	missing.Request, missing.Actions = "req-1", []Action{{Label: "回首页", URL: "/console", Primary: true}}
	return map[string]any{
		"console/error/show":       ConsoleProblem{Shell: shell(), Problem: missing},
		"console/error/show#alone": ConsoleProblem{Shell: Shell{Title: "登录已过期"}, Problem: NewProblem(401, "")},
		"console/confirm/show":     ConfirmPage{Shell: shell(), Confirm: confirm},
		"h5/error/show":            PhoneProblem{Phone: phone(), Problem: NewProblem(500, "")},
		"h5/confirm/show":          PhoneConfirmPage{Phone: phone(), Confirm: confirm},
	}
}

func TestOwnPages(t *testing.T) {
	pages := samples()
	CheckAll(t, "none/", pages)
	r := renderer(t)
	for _, name := range r.Pages() {
		if ownPage(name) && pages[name] == nil {
			t.Errorf("%s has no sample", name)
		}
	}
}

func renderer(t *testing.T) *Renderer {
	t.Helper()
	r, err := New(false)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestListKeepsItsStateInTheAddress(t *testing.T) {
	l := List{Path: "/l", Query: url.Values{"q": {"北 门"}, "sort": {"-seen"}, "after": {"9"}, "state": {""}},
		Filters: []Field{{Name: "q"}, {Name: "state", Kind: Select}}, More: []Field{{Name: "day"}},
		Columns: []Column{
			{Label: "时间", Sort: "seen", Desc: true}, {Label: "次数", Sort: "count", Desc: true},
			{Label: "名称", Sort: "name"}, {Label: "位置"},
		},
		Export: "/l/export"}
	heads := l.Heads()
	for i, want := range []string{
		"/l?q=%E5%8C%97+%E9%97%A8&sort=seen", "/l?q=%E5%8C%97+%E9%97%A8&sort=-count",
		"/l?q=%E5%8C%97+%E9%97%A8&sort=name", "",
	} {
		if heads[i].URL != want {
			t.Errorf("column %d sorts by %q, want %q", i, heads[i].URL, want)
		}
	}
	if heads[0].Direction != "descending" || heads[1].Direction != "" {
		t.Errorf("directions %q and %q", heads[0].Direction, heads[1].Direction)
	}
	p := l.Page("3", "")
	if p.Next != "" || p.Prev != "/l?before=3&q=%E5%8C%97+%E9%97%A8&sort=-seen" {
		t.Errorf("pager %+v", p)
	}
	if got := l.ExportURL(); got != "/l/export?q=%E5%8C%97+%E9%97%A8&sort=-seen" {
		t.Errorf("export %q", got)
	}
	if !l.Filtered() || l.Unfolded() {
		t.Error("a filter is set, none of those folded away")
	}
	if l.Query.Get("after") != "9" {
		t.Error("the query of the request was changed")
	}
	if shown := l.Shown(); shown[0].Value != "北 门" || !shown[0].Compact() {
		t.Errorf("filter drawn as %+v", shown[0])
	}
}

func TestFormKeepsWhatWasTyped(t *testing.T) {
	f := Form{Sections: []Section{{Fields: []Field{
		{Name: "name", Value: "旧"}, {Name: "who", Kind: Checks, Values: []string{"a"}},
		{Name: "secret", Kind: Password}, {Name: "made", Kind: Static, Value: "周敏"},
	}}}}
	f.Set(url.Values{"name": {`<b>"新"`}, "who": {"b", "c"}, "secret": {"hunter2"}, "made": {"别人"}}, map[string]string{"name": "太短"})
	name, err := f.Field("name")
	if err != nil || name.Value != `<b>"新"` || name.Error != "太短" || f.Wrong() != 1 {
		t.Errorf("name came back as %+v (%v)", name, err)
	}
	if who, _ := f.Field("who"); who.Chosen("a") || !who.Chosen("b") || !who.Chosen("c") {
		t.Errorf("ticked %v", who.Values)
	}
	if secret, _ := f.Field("secret"); secret.Value != "" {
		t.Error("a password is sent back")
	}
	if made, _ := f.Field("made"); made.Value != "周敏" {
		t.Error("what is only shown was changed by the request")
	}
	if _, err := f.Field("nothing"); err == nil {
		t.Error("a field that is not there was found")
	}
	f.Set(nil, nil)
	if name, _ := f.Field("name"); name.Value != `<b>"新"` || name.Error != "" {
		t.Errorf("without values came %+v", name)
	}
}

// Any sequence of depths makes a tree.
func TestBranches(t *testing.T) {
	f := Field{Kind: Checks, Name: "node", Values: []string{"11", "21"}, Choices: []Choice{
		{Value: "1"}, {Value: "11", Depth: 1}, {Value: "111", Depth: 2}, {Value: "12", Depth: 1}, {Value: "2"},
		{Value: "21", Depth: 3}, {Value: "3", Disabled: true}}}
	var say func(branches []Branch) string
	say = func(branches []Branch) string {
		words := ""
		for _, b := range branches {
			words += b.Choice.Value
			if b.Ticked {
				words += "*"
			}
			if b.Shut {
				words += "-"
			}
			if len(b.Below) > 0 {
				words += fmt.Sprintf("[%d:%s]", b.Chosen, say(b.Below))
			}
			words += " "
		}
		return words
	}
	if got, want := say(f.Branches()), "1[1:11*[0:111 ] 12 ] 2[1:21* ] 3- "; got != want {
		t.Errorf("branches %q, want %q", got, want)
	}
	if got := (Field{Kind: Checks, Choices: []Choice{{Value: "1"}, {Value: "2"}}}).Branches(); got != nil {
		t.Errorf("a plain list has branches %v", got)
	}
}

func TestTimesStandInTheZone(t *testing.T) {
	files := pageFiles(`{{datetime .}} {{iso .}}`)
	for zone, want := range map[*time.Location]string{time.UTC: "2026-11-22 04:00", time.FixedZone("", 8*3600): "2026-11-22 12:00"} {
		r, err := newRenderer(files, false, []Option{WithZone(zone)})
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if err := r.Render(&out, "console/x/list", noon); err != nil || out.String() != want+" 2026-11-22T04:00:00Z" {
			t.Errorf("%q, %v", out.String(), err)
		}
		out.Reset()
		if err := r.Render(&out, "console/x/list", time.Time{}); err != nil || out.String() != "– " {
			t.Errorf("no time: %q, %v", out.String(), err)
		}
		if err := r.Render(&out, "console/x/list", "today"); err == nil {
			t.Error("a text passed for a time")
		}
	}
}

// pageFiles returns a file system with one page of the given text and a local part.
func pageFiles(text string) fstest.MapFS {
	return fstest.MapFS{
		"layout/console.html":    {Data: []byte(`{{define "frame"}}[{{block "main" .}}default{{end}}]{{end}}`)},
		"partial/list.html":      {Data: []byte(`{{define "row"}}partial{{end}}`)},
		"console/x/_row.html":    {Data: []byte(`{{define "row"}}{{.}}{{end}}`)},
		"console/x/list.html":    {Data: []byte(text)},
		"console/y/list.html":    {Data: []byte(`{{template "frame" .}}{{template "row"}}`)},
		"h5/z/show.html":         {Data: []byte(`z`)},
		"assets/icons.txt":       {Data: []byte("door")},
		"assets/dist/other.html": {Data: []byte("never served")},
	}
}

func TestSetsAreApart(t *testing.T) {
	r, err := newRenderer(pageFiles(`{{template "frame" .}}{{define "main"}}{{template "row" .}}{{end}}`), false, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"console/x/list": "[&lt;x&gt;]", "console/y/list": "[default]partial", "h5/z/show": "z"} {
		var out bytes.Buffer
		if err := r.Render(&out, name, "<x>"); err != nil || out.String() != want {
			t.Errorf("%s: %q, %v", name, out.String(), err)
		}
	}
	var out bytes.Buffer
	if err := r.RenderBlock(&out, "console/x/list", "row", 7); err != nil || out.String() != "7" {
		t.Errorf("block: %q, %v", out.String(), err)
	}
	if got := strings.Join(r.Pages(), " "); got != "console/x/list console/y/list h5/z/show" {
		t.Errorf("pages %s", got)
	}
}

func TestNothingIsWrittenOfAPageThatFails(t *testing.T) {
	r, err := newRenderer(pageFiles(`begun {{.Missing}}`), false, nil)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := r.Render(&out, "console/x/list", struct{}{}); err == nil || out.Len() > 0 {
		t.Errorf("wrote %q, error %v", out.String(), err)
	}
	if err := r.Render(&out, "console/none/list", nil); err == nil {
		t.Error("a page that is not there rendered")
	}
}

func TestEveryProblemHasWords(t *testing.T) {
	for _, status := range []int{400, 401, 403, 404, 409, 413, 418, 422, 429, 500, 502, 503} {
		p := NewProblem(status, "")
		if p.Status != status || p.Title == "" || p.Text == "" || p.Icon == "" {
			t.Errorf("%d: %+v", status, p)
		}
	}
	for text, want := range map[string]string{
		"这扇门不存在": "这扇门不存在。请返回后重新查找。", "门不存在，请换一扇": "门不存在，请换一扇。",
		"页面不存在": "可能已被删除，或不属于您管理的小区。请返回后重新查找。",
	} {
		if p := NewProblem(404, text); p.Text != want {
			t.Errorf("text %q, want %q", p.Text, want)
		}
	}
}

func TestFaultsAreFound(t *testing.T) {
	for _, html := range []string{
		`<h1>a</h1><script>alert(1)</script>`, `<h1>a</h1><p style="color:red">`, `<h1>a</h1><a onclick="x()">`, `<h1>a</h1><img src="x">`,
		`<h1>a</h1><label for="f-x">`, `<h1>a</h1><i id="a"></i><b id="a"></b>`, `<p>`, `<h1>a</h1><h1>b</h1>`,
		`<h1>a</h1><a href="javascript:x()">`,
		`<h1>a</h1><use href="/assets/icons.svg#no-such"/>`, `<h1>a</h1><p aria-describedby="gone">`,
	} {
		if len(Faults(html)) == 0 {
			t.Errorf("no fault found in %s", html)
		}
	}
	if found := Faults(`<h1>a</h1><script src="/a.js"></script><img src="x" alt="">`); len(found) > 0 {
		t.Errorf("faults %v in a good page", found)
	}
}
