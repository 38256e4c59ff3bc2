package h5

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"tongxing/core"
	"tongxing/store"
	"tongxing/testkit/desk"
	"tongxing/testkit/estate"
)

// restrict lets nobody of the first resident's house pass, until the end of a day; 0 = until it is lifted.
func (w *site) restrict(t *testing.T, last core.Day) {
	t.Helper()
	if _, err := w.store.CreateRestrictions(t.Context(), core.System, core.Everywhere, store.RestrictionChange{
		Community: w.Community, Houses: []core.ID{w.Residents[0].House},
		Restriction: core.Restriction{Exits: -1, Reason: "欠缴物业费，请到物业办理", LastDay: last},
	}); err != nil {
		t.Fatal(err)
	}
}

// Who lives in a restricted house reads on the pass why and until when, also before an emergency is over.
func TestPassSaysWhyItsHouseIsRestricted(t *testing.T) {
	w := newSite(t, estate.Plan{})
	p, at := w.resident(t, w.Residents[0]), "/h5/pass/"+w.Residents[0].Pass.String()
	if text := p.get(at, http.StatusOK).Find("main").Text(); strings.Contains(text, "单独限制") {
		t.Errorf("nothing is restricted: %s", text)
	}
	last := core.DayOf(w.store.Now(), w.store.Zone()) + 30
	w.restrict(t, last)
	why := "到 " + last.String() + " 为止，原因：欠缴物业费，请到物业办理"
	page := p.get(at, http.StatusOK)
	if verdict := page.Find(".p-net-on .p-verdict").Text(); !strings.Contains(verdict, "您的房屋已被限制出入，"+why) {
		t.Errorf("the verdict: %s", verdict)
	}
	if rule := page.Find("#rule-title").Parent().Text(); !strings.Contains(rule, "本房屋单独限制，"+why) {
		t.Errorf("the rule: %s", rule)
	}
}

// An invitation to a restricted house can be made, and a slip applied for, but nothing says that the guard lets anybody or anything
// pass before the restriction is over.
func TestARestrictedHousePromisesNothing(t *testing.T) {
	w := newSite(t, estate.Plan{})
	host := w.resident(t, w.Residents[0])
	visit := w.invited(t)
	user := w.userOf(t, "o-"+w.Residents[0].Phone)
	slip, err := w.store.ApplyExitSlip(t.Context(), core.System, user.ID, core.ExitSlip{
		House: w.Residents[0].House, Planned: w.store.Now().Add(time.Minute), Items: []core.ExitItem{{Name: "冰箱", Count: 1}},
	}, store.RequestKey{})
	host.must(err)
	w.approved(t)
	paths := map[string]string{ // what is said there
		"/h5/visitorpass/new":                  "门岗不放行访客。可以先邀请",
		"/h5/visitorpass":                      "房屋已被限制出入",
		"/h5/visitorpass/" + visit.ID.String(): "门岗不放行访客。请告诉访客",
		"/h5/exitslip/new":                     "门岗不放行物品。可以先申请",
		"/h5/exitslip":                         "房屋已被限制出入",
		"/h5/exitslip/" + slip.String():        "门岗不放行物品。需要时请联系物业",
	}
	for path, words := range paths {
		if text := host.get(path, http.StatusOK).Find("main").Text(); strings.Contains(text, words) {
			t.Errorf("%s: nothing is restricted: %s", path, text)
		}
	}
	w.restrict(t, 0)
	for path, words := range paths {
		text := host.get(path, http.StatusOK).Find("main").Text()
		if !strings.Contains(text, words) || strings.Contains(text, "进门一次") || strings.Contains(text, "请出示给门岗") {
			t.Errorf("%s: %s", path, text)
		}
	}
	page := host.get("/h5/visitorpass/new", http.StatusOK)
	until := w.store.Now().Add(2 * time.Hour).In(w.store.Zone())
	form := desk.FilledIn(page)
	form.Set("name", "受限来客")
	form.Set("until", core.DayOf(until, w.store.Zone()).String())
	form.Set("clock", until.Format("15:04"))
	host.post(page, "/h5/visitorpass/new", form, http.StatusSeeOther)
	if text := host.get("/h5/visitorpass", http.StatusOK).Text(); !strings.Contains(text, "已邀请受限来客，但房屋已被限制出入") {
		t.Errorf("invited: %s", text)
	}
	guest := w.phone(t).get("/h5/visit/"+visit.Code, http.StatusOK).Find("main").Text()
	if !strings.Contains(guest, "现在不能进门") || strings.Contains(guest, "请出示给门岗") || strings.Contains(guest, "欠缴") {
		t.Errorf("the visitor reads %s", guest)
	}
}
