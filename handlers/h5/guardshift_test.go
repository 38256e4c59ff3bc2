package h5

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"tongxing/core"
	"tongxing/testkit/estate"
)

// A guard takes the post over and hands it over; the next one reads the note, and takes over from what they have read.
func TestGuardsHandThePostOver(t *testing.T) {
	w := newSite(t, estate.Plan{})
	p := w.staff(t, core.BindGuard, w.Guard, "guard")
	at := "/h5/guard/" + w.Post.String()
	link := func(p *phone) string {
		t.Helper()
		return strings.TrimSpace(p.get(at, http.StatusOK).Find(`a[href="` + at + `/shift"]`).Text())
	}
	if link(p) != "开始值班" {
		t.Errorf("without shifts: %q", link(p))
	}
	take := func(p *phone, page string) string {
		t.Helper()
		shown := p.get(at+"/shift", http.StatusOK)
		if page != "" && !strings.Contains(shown.Find("main").Text(), page) {
			t.Errorf("no %q: %s", page, shown.Find("main").Text())
		}
		seen := shown.Find(`[name="seen"]`).AttrOr("value", "")
		p.post(shown, at+"/shift", url.Values{"seen": {seen}}, http.StatusSeeOther)
		return seen
	}
	seen := take(p, "现在要留意的")
	if !strings.Contains(link(p), "交班") {
		t.Errorf("in charge: %q", link(p))
	}
	own := p.get(at+"/shift", http.StatusOK)
	p.post(own, at+"/shift", url.Values{"seen": {seen}}, http.StatusSeeOther) // the answer was lost
	id := own.Find(`[name="id"]`).AttrOr("value", "")
	long := p.post(own, at+"/shift/handover", url.Values{"id": {id}, "note": {strings.Repeat("灯", core.MaxShiftNote+1)}},
		http.StatusUnprocessableEntity)
	if !strings.HasPrefix(strings.TrimSpace(long.Find("textarea").Text()), "灯灯") {
		t.Error("a note that is too long is not kept")
	}

	second, err := w.store.CreateGuard(t.Context(), core.System, core.Everywhere, core.Guard{
		Community: w.Community, Name: "周师傅", Phone: "13800000077", Posts: []core.ID{w.Post},
	})
	if err != nil {
		t.Fatal(err)
	}
	user, err := w.store.SignInWechat(t.Context(), core.WechatIdentity{AppID: "wx", OpenID: "o-second"})
	if err != nil {
		t.Fatal(err)
	}
	w.bind(t, core.BindGuard, second, user.ID)
	q := w.phone(t)
	q.signIn("guard", "o-second")
	stale := q.get(at+"/shift", http.StatusOK)
	if !strings.Contains(stale.Find("main").Text(), "还没有交班") {
		t.Errorf("the one before is not named: %s", stale.Find("main").Text())
	}
	p.post(own, at+"/shift/handover", url.Values{"id": {id}, "note": {"快递柜锁坏了"}}, http.StatusSeeOther)
	q.post(stale, at+"/shift", url.Values{"seen": {stale.Find(`[name="seen"]`).AttrOr("value", "")}}, http.StatusSeeOther)
	if shown := q.get(at+"/shift", http.StatusOK).Find("main").Text(); !strings.Contains(shown, "刚刚有变化") {
		t.Errorf("the note was not read, and nothing says so: %s", shown)
	}
	take(q, "快递柜锁坏了")
	if shown := q.get(at+"/shift", http.StatusOK).Find("main").Text(); !strings.Contains(shown, "快递柜锁坏了") {
		t.Error("the note is gone once the post is taken over")
	}
	// Who forgot to hand over is relieved; their note is kept all the same.
	late := q.get(at+"/shift", http.StatusOK)
	take(p, "周师傅 从")
	q.post(late, at+"/shift/handover", url.Values{"id": {late.Find(`[name="id"]`).AttrOr("value", "")}, "note": {"钥匙在抽屉"}},
		http.StatusSeeOther)
	if shown := p.get(at+"/shift", http.StatusOK).Find("main").Text(); !strings.Contains(shown, "没有交班") ||
		!strings.Contains(shown, "钥匙在抽屉") {
		t.Errorf("relieved: %s", shown)
	}
	q.post(late, at+"/shift/handover", url.Values{"id": {id}}, http.StatusNotFound)
}
