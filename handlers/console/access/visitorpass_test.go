package access

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/store"
	"tongxing/templates"
	"tongxing/testkit/desk"
	"tongxing/testkit/estate"
)

// invited invites a visitor of a hostile name to an estate's first house.
func invited(t *testing.T, d *desk.Desk, e *estate.Estate) core.VisitorPass {
	t.Helper()
	host := e.Residents[0]
	user, err := d.Store.SignInWechat(t.Context(), core.WechatIdentity{AppID: "wx", OpenID: "host-" + host.Phone})
	if err == nil {
		_, err = d.Store.BindPhone(t.Context(), user.ID, host.Phone, host.Name)
	}
	var id core.ID
	if err == nil {
		id, err = d.Store.CreateVisitorPass(t.Context(), core.System, user.ID, core.VisitorPass{
			House: host.House, Name: desk.Hostile[:30], Phone: "13700000001", Plate: "京A12345", People: 3,
			Until: d.Store.Now().Add(time.Hour),
		}, store.RequestKey{})
	}
	var v core.VisitorPass
	if err == nil {
		v, err = d.Store.VisitorPass(t.Context(), core.Everywhere, id)
	}
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// The office sees who is invited, masked, finds them by number and plate, and takes a pass back after it was asked; another
// community's is not there.
func TestVisitorsAreListedAndRevoked(t *testing.T) {
	d := newDesk(t)
	mine, others := invited(t, d, d.Mine), invited(t, d, d.Others)
	b := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermVisitorPassView, core.PermVisitorPassEdit)
	list := b.Get(t, frame.VisitorPassPath, http.StatusOK)
	desk.Literally(t, list, desk.Hostile[:30])
	if rows := list.Find("tbody tr"); rows.Length() != 1 || !strings.Contains(rows.Text(), "已通过") || !strings.Contains(rows.Text(), "3 人") {
		t.Errorf("rows %q", rows.Text())
	}
	for state, n := range map[core.VisitorState]int{core.VisitGranted: 1, core.VisitMade: 0, core.VisitExpired: 0, core.VisitRevoked: 0} {
		if got := b.Get(t, frame.VisitorPassPath+"?state="+string(state), http.StatusOK).Find("tbody tr").Length(); got != n {
			t.Errorf("%s: %d rows, want %d", state, got, n)
		}
	}
	b.Get(t, frame.VisitorPassPath+"?state=other", http.StatusUnprocessableEntity)
	show := b.Get(t, frame.VisitorPassURL(mine.ID), http.StatusOK)
	desk.Literally(t, show, desk.Hostile[:30])
	text := show.Text()
	if strings.Contains(text, "13700000001") || strings.Contains(text, "京A12345") || !strings.Contains(text, "京A***45") {
		t.Errorf("not masked: %s", text)
	}
	b.Get(t, frame.VisitorPassURL(others.ID), http.StatusNotFound)
	b.Post(t, frame.VisitorPassURL(others.ID)+"/revoke", desk.ConfirmedForm(), http.StatusNotFound)

	path := frame.VisitorPassURL(mine.ID)
	b.Post(t, path+"/revoke", nil, http.StatusOK)
	if v, err := d.Store.VisitorPass(t.Context(), core.Everywhere, mine.ID); err != nil || !v.Revoked.IsZero() {
		t.Errorf("revoked unasked: %v", err)
	}
	b.Post(t, path+"/revoke", desk.ConfirmedForm(), http.StatusSeeOther)
	if v, err := d.Store.VisitorPass(t.Context(), core.Everywhere, mine.ID); err != nil || v.Revoked.IsZero() {
		t.Errorf("not revoked: %v", err)
	}
	if after := b.Get(t, path, http.StatusOK); strings.Contains(after.Find("form").Text(), "撤销通行证") {
		t.Error("a revoked pass can be revoked")
	} else if strings.Contains(after.Find("main").Text(), "0 次") || strings.Contains(after.Find("main").Text(), "–") {
		t.Error("its page has parts without a value")
	}
	row := b.Get(t, frame.VisitorPassPath, http.StatusOK).Find("tbody tr")
	if !strings.Contains(row.Text(), "已撤销 刚刚") || strings.Contains(row.Text(), "有效至") || row.Find("time[title]").Length() != 1 {
		t.Errorf("the row of a revoked pass: %q", row.Text())
	}
	reader := d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermVisitorPassView)
	reader.Post(t, path+"/revoke", desk.ConfirmedForm(), http.StatusForbidden)
}

func TestVisitorPages(t *testing.T) {
	shell := templates.Shell{Title: "访客", CSRF: "token"}
	rows := []visitorPassRow{
		{Name: "来<客>", URL: "/console/visitorpass/1", Community: "翠湖<花园>", House: "1栋101", HouseURL: "/console/house/1", People: "2 人"},
		{Name: "来客", URL: "/console/visitorpass/2", House: "1栋102", State: visitorBadge(core.VisitMade)},
	}
	table := visitorPassTable()
	templates.CheckAll(t, "console/visitorpass/", map[string]any{
		"console/visitorpass/list":       visitorPassListPage{Shell: shell, List: table, Rows: rows},
		"console/visitorpass/list#empty": visitorPassListPage{Shell: shell, List: table},
		"console/visitorpass/show": visitorPassShowPage{
			Shell: shell, Detail: templates.Detail{Path: "/console/visitorpass/1", Facts: []templates.Fact{{Label: "手机", Value: "137"}}},
			Facts: []templates.Fact{{Label: "进门", Value: "<–>"}},
		},
	})
}
