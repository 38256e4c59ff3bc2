package access

import (
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/store"
	"tongxing/testkit/desk"
)

func readerFormOf(community core.ID) url.Values {
	return url.Values{
		"community": {community.String()}, "name": {"北门入口"}, "gate": {"北门"}, "direction": {"in"},
		"protocol": {"vguang"}, "serial": {"N001"},
		"heartbeat_seconds": {"60"}, "heartbeat_text": {"www.vguang.cn"}, "deny_code": {"1000"}, "qr_allowed": {"1"}, "kinds": {"resident"},
	}
}

func TestReaderListShowsTheScope(t *testing.T) {
	d := newDesk(t)
	page := d.Manager(t).Get(t, frame.ReaderPath, http.StatusOK)
	if n := page.Find("tbody tr").Length(); n != len(d.Mine.Doors) {
		t.Errorf("%d rows, want %d", n, len(d.Mine.Doors))
	}
	for _, door := range d.Others.Doors {
		if page.Find(`a[href="`+frame.ReaderURL(door.ID)+`"]`).Length() != 0 {
			t.Error("another community's reader is listed")
		}
	}
	if got := page.Find("tbody tr").First().Find(".tx-badge").First().Text(); got != "从未上线" {
		t.Errorf("state %q", got)
	}
	all := d.SignIn(t, core.Everywhere, core.PermReaderView)
	if n := all.Get(t, frame.ReaderPath+"?q=1号", http.StatusOK).Find("tbody tr").Length(); n != 2 {
		t.Errorf("%d readers found by name", n)
	}
	if n := all.Get(t, frame.ReaderPath+"?state=online", http.StatusOK).Find("tbody tr").Length(); n != 0 {
		t.Errorf("%d readers online", n)
	}
	if n := all.Get(t, frame.ReaderPath+"?community="+d.Others.Community.String(), http.StatusOK).Find("tbody tr").Length(); n !=
		len(d.Others.Doors) {
		t.Errorf("%d readers of one community", n)
	}
}

func TestReaderIsAddedAndInstalled(t *testing.T) {
	d := newDesk(t)
	b := d.Manager(t)
	before := len(d.Readers(t))
	if page := b.Get(t, frame.ReaderPath+"/new", http.StatusOK); page.Find(`form.tx-form input[name="serial"]`).Length() != 1 {
		t.Fatal("no form")
	}

	wrong := readerFormOf(d.Mine.Community)
	wrong.Set("name", "")
	wrong.Set("deny_code", "0001")
	wrong.Set("gate", `<script>alert("1")</script>' OR 1=1 --`)
	page, _ := b.Post(t, frame.ReaderPath, wrong, http.StatusUnprocessableEntity)
	for _, field := range []string{"name", "deny_code"} {
		if page.Find("#f-"+field+"-error").Text() == "" {
			t.Errorf("no message at %s", field)
		}
	}
	if got, _ := page.Find("#f-gate").Attr("value"); got != wrong.Get("gate") || page.Find("main script").Length() != 0 {
		t.Errorf("the form lost or believed %q", got)
	}
	if n := len(d.Readers(t)); n != before {
		t.Fatalf("%d readers after a wrong form", n-before)
	}

	good := readerFormOf(d.Mine.Community)
	good.Set("gate", `<b>北门</b>`)
	_, to := b.Post(t, frame.ReaderPath, good, http.StatusSeeOther)
	list := d.Readers(t)
	r := list[len(list)-1]
	if len(list) != before+1 || to != readerInstallURL(r.ID) || r.Serial != "N001" || r.Community != d.Mine.Community ||
		r.Direction != core.In || !r.QRAllowed || r.Thermometer {
		t.Fatalf("went to %s, made %+v", to, r)
	}

	show := b.Get(t, to, http.StatusOK)
	if got := desk.Fact(show, "所在的门"); got != "<b>北门</b>，进门" {
		t.Errorf("gate %q", got)
	}
	if got := desk.Fact(show, "完整地址"); got != "http://10.0.0.5:8080/door/vguang/"+hiddenSecret {
		t.Errorf("address %q", got)
	}
	shown, _ := b.Post(t, frame.ReaderURL(r.ID)+"/secret", nil, http.StatusOK)
	address := desk.Fact(shown, "完整地址")
	secret := strings.TrimPrefix(address, "http://10.0.0.5:8080/door/vguang/")
	if found, err := d.Store.ReaderBySecret(t.Context(), core.ProtocolVguang, secret); err != nil || found.ID != r.ID {
		t.Errorf("the address leads to %v, %v", found.ID, err)
	}
	if desk.Fact(shown, "设备号") != "N001" || desk.Fact(shown, "拒绝应答") != "code=1000" {
		t.Error("the installer misses a setting")
	}
}

func TestReaderIsChanged(t *testing.T) {
	d := newDesk(t)
	b := d.Manager(t)
	door := d.Mine.Doors[0]
	page := b.Get(t, frame.ReaderURL(door.ID)+"/edit", http.StatusOK)
	if got, _ := page.Find("#f-serial").Attr("value"); got != door.Serial {
		t.Errorf("the form holds %q", got)
	}
	form := readerFormOf(d.Others.Community) // another community in the form is ignored
	form.Set("serial", "E77")
	form.Del("qr_allowed")
	form["scope_nodes"] = []string{page.Find(`input[name="scope_nodes"]`).First().AttrOr("value", "")}
	b.Post(t, frame.ReaderURL(door.ID), form, http.StatusSeeOther)
	got := d.Reader(t, door.ID)
	if got.Serial != "E77" || got.QRAllowed || got.Community != d.Mine.Community || len(got.ScopeNodes) != 1 {
		t.Errorf("changed to %+v", got)
	}
	if scope := desk.Fact(b.Get(t, frame.ReaderURL(door.ID), http.StatusOK), "服务范围"); scope == "" || scope == "全小区" {
		t.Errorf("scope %q", scope)
	}
	for _, bad := range []string{"heartbeat_seconds", "serial", "protocol", "direction", "kinds", "scope_nodes"} {
		wrong := readerFormOf(d.Mine.Community)
		wrong.Set(bad, "x&&' --")
		b.Post(t, frame.ReaderURL(door.ID), wrong, http.StatusUnprocessableEntity)
	}
	if after := d.Reader(t, door.ID); !reflect.DeepEqual(after, got) {
		t.Errorf("wrong forms changed it to %+v", after)
	}
}

func TestReaderActsAskFirst(t *testing.T) {
	d := newDesk(t)
	b := d.Manager(t)
	door := d.Mine.Doors[0]
	known := func() bool {
		_, err := d.Store.ReaderBySecret(t.Context(), door.Protocol, door.Secret)
		return err == nil
	}
	page, _ := b.Post(t, frame.ReaderURL(door.ID)+"/rotate", nil, http.StatusOK)
	if !known() || !strings.Contains(page.Find(".tx-confirm p").Text(), "旧地址立即失效") ||
		page.Find(`.tx-confirm input[name="confirmed"]`).Length() != 1 {
		t.Error("rotated unasked, or asked without a word on what happens")
	}
	if _, to := b.Post(t, frame.ReaderURL(door.ID)+"/rotate", desk.ConfirmedForm(), http.StatusSeeOther); to !=
		readerInstallURL(door.ID) || known() {
		t.Errorf("not rotated; sent to %s", to)
	}

	b.Post(t, frame.ReaderURL(door.ID)+"/disable", nil, http.StatusOK)
	if !d.Reader(t, door.ID).Disabled.IsZero() {
		t.Error("disabled unasked")
	}
	b.Post(t, frame.ReaderURL(door.ID)+"/disable", desk.ConfirmedForm(), http.StatusSeeOther)
	if d.Reader(t, door.ID).Disabled.IsZero() {
		t.Error("not disabled")
	}
	if got := b.Get(t, frame.ReaderURL(door.ID), http.StatusOK).Find(".tx-detail-title .tx-badge").Text(); got != "已停用" {
		t.Errorf("state %q", got)
	}
	b.Post(t, frame.ReaderURL(door.ID)+"/enable", desk.ConfirmedForm(), http.StatusSeeOther)
	if !d.Reader(t, door.ID).Disabled.IsZero() {
		t.Error("not enabled")
	}
}

func TestReaderQRIsTicked(t *testing.T) {
	d := newDesk(t)
	b := d.Manager(t)
	ids := []string{d.Mine.Doors[0].ID.String(), d.Mine.Doors[1].ID.String()}
	on := func() (n int) {
		for _, door := range d.Mine.Doors {
			if d.Reader(t, door.ID).QRAllowed {
				n++
			}
		}
		return n
	}
	b.Post(t, frame.ReaderPath+"/qr", url.Values{"id": ids[:1], "allowed": {"0"}}, http.StatusSeeOther)
	if on() != 1 {
		t.Errorf("%d of 2 on", on())
	}
	page, _ := b.Post(t, frame.ReaderPath+"/qr?allowed=0", url.Values{"id": ids}, http.StatusOK)
	if page.Find(`.tx-confirm input[name="id"]`).Length() != 2 || on() != 1 {
		t.Error("several were switched off unasked, or forgotten")
	}
	b.Post(t, frame.ReaderPath+"/qr?allowed=0", url.Values{"id": ids, "confirmed": {"1"}}, http.StatusSeeOther)
	if on() != 0 {
		t.Errorf("%d of 2 on", on())
	}
	page, _ = b.Post(t, frame.ReaderPath+"/qr?allowed=1&state=online", url.Values{"id": ids}, http.StatusOK)
	if q := page.Find(".tx-confirm"); !strings.Contains(q.Find("h2").Text(), "2 台") || q.Find("li").Length() != 2 || on() != 0 {
		t.Errorf("switched on unasked, or asks %q", q.Text())
	}
	if _, to := b.Post(
		t, frame.ReaderPath+"/qr?allowed=1&state=online", url.Values{"id": ids, "confirmed": {"1"}}, http.StatusSeeOther,
	); to != frame.ReaderPath+"?state=online" {
		t.Errorf("from a filtered list sent to %s", to)
	}
	if on() != 2 {
		t.Errorf("%d of 2 on", on())
	}
	b.Post(t, frame.ReaderPath+"/qr?allowed=1", url.Values{"id": ids}, http.StatusSeeOther) // both are on: there is nothing to ask
	if text := b.Get(t, frame.ReaderPath, http.StatusOK).Find(".tx-flash").Text(); !strings.Contains(text, "没有变化") {
		t.Errorf("of readers that are so already it says %q", text)
	}
	for _, allowed := range []string{"", "?allowed=zzz", "?allowed=2", "?allowed=no"} {
		b.Post(t, frame.ReaderPath+"/qr"+allowed, url.Values{"id": ids[:1]}, http.StatusUnprocessableEntity)
	}
	b.Post(t, frame.ReaderPath+"/qr?allowed=0", nil, http.StatusSeeOther) // nothing ticked: a message, not an error page
	b.Post(t, frame.ReaderPath+"/qr?allowed=0", url.Values{"id": {"x"}}, http.StatusUnprocessableEntity)
	if on() != 2 {
		t.Errorf("%d of 2 on", on())
	}
}

// Many readers are switched by their number typed, both ways.
func TestManyReadersAreSwitchedByTheirNumber(t *testing.T) {
	var readers []core.Reader
	for range frame.ManyThings {
		readers = append(readers, core.Reader{Name: "读头", QRAllowed: true})
	}
	for allowed, want := range map[bool]string{false: "20", true: ""} {
		if q := readerQRQuestion(readers, allowed); q.Typed != want {
			t.Errorf("to %v types %q, want %q", allowed, q.Typed, want)
		}
	}
	for i := range readers {
		readers[i].QRAllowed = false
	}
	if q := readerQRQuestion(readers, true); q.Typed != "20" {
		t.Errorf("on: types %q", q.Typed)
	}
}

// Every act with the id of another community's reader is NotFound, and the reader stays unchanged.
func TestReaderOfAnotherCommunity(t *testing.T) {
	d := newDesk(t)
	b := d.Manager(t)
	door := d.Others.Doors[0]
	before, count := d.Reader(t, door.ID), len(d.Readers(t))
	for _, id := range []string{door.ID.String(), "0", "-1", "x", "99999999999999999999", "1'%20OR%201=1"} {
		for _, route := range (&Pages{Frame: d.Frame}).readerRoutes() {
			if !strings.Contains(route.Path, ":id") {
				continue
			}
			path := strings.Replace(route.Path, ":id", id, 1)
			if route.Method == http.MethodGet {
				b.Get(t, path, http.StatusNotFound)
				continue
			}
			form := readerFormOf(d.Mine.Community)
			form.Set("confirmed", "1")
			b.Post(t, path, form, http.StatusNotFound)
		}
	}
	b.Post(t, frame.ReaderPath, readerFormOf(d.Others.Community), http.StatusNotFound)
	b.Get(t, frame.ReaderPath+"/new?community="+d.Others.Community.String(), http.StatusNotFound)
	b.Post(
		t, frame.ReaderPath+"/qr",
		url.Values{"id": {d.Mine.Doors[0].ID.String(), door.ID.String()}, "allowed": {"0"}, "confirmed": {"1"}},
		http.StatusNotFound,
	)

	tree, err := d.Store.HouseTree(t.Context(), core.Everywhere, d.Others.Community)
	if err != nil || len(tree) == 0 {
		t.Fatalf("%d nodes, %v", len(tree), err)
	}
	foreign := readerFormOf(d.Mine.Community)
	foreign["scope_nodes"] = []string{tree[0].ID.String()}
	b.Post(t, frame.ReaderPath, foreign, http.StatusUnprocessableEntity)

	if after := d.Reader(t, door.ID); !reflect.DeepEqual(after, before) {
		t.Errorf("changed to %+v", after)
	}
	if _, err := d.Store.ReaderBySecret(t.Context(), door.Protocol, door.Secret); err != nil {
		t.Errorf("its secret: %v", err)
	}
	if !d.Reader(t, d.Mine.Doors[0].ID).QRAllowed || len(d.Readers(t)) != count {
		t.Error("a refused act changed something of ours")
	}
}

// A read-only account sees no secret, no button and no form.
func TestReaderViewer(t *testing.T) {
	d := newDesk(t)
	b := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermReaderView)
	door := d.Mine.Doors[0]
	for _, path := range []string{frame.ReaderPath, frame.ReaderURL(door.ID), frame.ReaderPath + "/quarantine"} {
		page := b.Get(t, path, http.StatusOK)
		if n := page.Find(`main form[method="post"]:not(.tx-views form, .tx-filters, .tx-star)`).Length(); n != 0 {
			t.Errorf("%s has %d forms", path, n)
		}
		if html, _ := page.Html(); strings.Contains(html, door.Secret) {
			t.Errorf("%s shows the secret", path)
		}
	}
	for _, route := range (&Pages{Frame: d.Frame}).readerRoutes() {
		if route.Access.Permission() != core.PermReaderEdit {
			continue
		}
		path := strings.Replace(route.Path, ":id", door.ID.String(), 1)
		if route.Method == http.MethodGet {
			b.Get(t, path, http.StatusForbidden)
		} else {
			b.Post(t, path, desk.ConfirmedForm(), http.StatusForbidden)
		}
	}
	if !d.Reader(t, door.ID).Disabled.IsZero() {
		t.Error("a viewer disabled a reader")
	}
}

func TestReaderQuarantinePage(t *testing.T) {
	d := newDesk(t)
	p := store.NewReaderPresence(d.Store)
	p.Quarantine(core.ProtocolVguang, "STRANGER", d.Mine.Doors[0].Secret, "192.0.2.7")
	p.Quarantine(core.ProtocolVguang, "ELSEWHERE", d.Others.Doors[0].Secret, "192.0.2.8")
	p.Quarantine(core.ProtocolVguang, "NOBODY", strings.Repeat("7", 26), "192.0.2.9")
	p.Close()
	page := d.Manager(t).Get(t, frame.ReaderPath+"/quarantine", http.StatusOK)
	rows := page.Find("tbody tr")
	if rows.Length() != 1 || rows.Find("td code").First().Text() != "STRANGER" || rows.Find(
		`a[href="`+frame.ReaderURL(d.Mine.Doors[0].ID)+`"]`,
	).Length() != 1 {
		t.Errorf("%d rows: %q", rows.Length(), rows.Text())
	}
	if n := d.SignIn(t, core.Everywhere, core.PermReaderView).Get(
		t, frame.ReaderPath+"/quarantine", http.StatusOK,
	).Find("tbody tr").Length(); n != 3 {
		t.Errorf("%d rows for who sees all", n)
	}
}
