package h5

import (
	"bytes"
	"image"
	"image/jpeg"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/chromedp/chromedp"

	"tongxing/core"
	"tongxing/store"
	"tongxing/testkit/desk"
	"tongxing/testkit/estate"
)

// moverForm is the application that a page shows, filled in: for today, whatever the time.
func (w *site) moverForm(page *goquery.Document) url.Values {
	form := desk.FilledIn(page)
	form.Set("planned", core.DayOf(w.store.Now(), w.store.Zone()).String())
	form.Set("clock", "23:59")
	form.Set("item_1", "冰<箱>")
	form.Set("item_2", "沙发")
	form.Set("count_2", "2")
	form.Set("reason", "搬家")
	return form
}

// approved lets an office that was made for it approve the only slip of the site.
func (w *site) approved(t *testing.T) core.ExitSlip {
	t.Helper()
	by, err := w.store.CreateAccount(t.Context(), core.SystemGranter, core.Account{
		Login: "office", Name: "物业", Role: core.RoleClerk, Scope: core.ScopeOf(w.Community),
		Permissions: []core.Permission{core.PermExitSlipView, core.PermExitSlipReview},
	}, "correct-horse-7")
	if err != nil {
		t.Fatal(err)
	}
	slips, _, err := w.store.ExitSlips(t.Context(), core.Everywhere, store.ExitSlipFilter{Page: store.Page{Limit: 2}})
	if err != nil || len(slips) != 1 {
		t.Fatalf("%d slips, %v", len(slips), err)
	}
	if _, err := w.store.DecideReview(t.Context(), core.Actor{Kind: core.ActorAccount, ID: by, Name: "物业"}, core.Everywhere,
		core.ReviewDecision{ID: slips[0].ID, Approve: true, Version: 1}); err != nil {
		t.Fatal(err)
	}
	return slips[0]
}

// A mover fills in what leaves, line by line with a picture; a form that fails keeps all of it. Once it is approved the guard scans
// the slip, sees pictures, lets a part out, finds the slip by its item, and lets out the rest; then nothing more leaves.
func TestAMoverLeavesByParts(t *testing.T) {
	w := newSite(t, estate.Plan{})
	mover := w.resident(t, w.Residents[0])
	var picture bytes.Buffer
	if err := jpeg.Encode(&picture, image.NewGray(image.Rect(0, 0, 640, 480)), nil); err != nil {
		t.Fatal(err)
	}
	const path = "/h5/exitslip/new"
	page := mover.get(path, http.StatusOK)
	form := w.moverForm(page)
	more := url.Values{}
	for name, values := range form {
		more[name] = values
	}
	more.Set("act", "more")
	if longer := mover.post(page, path, more, http.StatusOK); longer.Find(".tx-item-line").Length() != 6 ||
		longer.Find("[name=item_1]").AttrOr("value", "") != "冰<箱>" {
		t.Errorf("more lines: %s", longer.Find("main").Text())
	}
	wrong := mover.sendsIn("photo_1", page, path, form, []byte("no picture"), http.StatusUnprocessableEntity)
	if wrong.Find("#f-item_1-error").Text() == "" || wrong.Find("[name=kept_1]").Length() != 0 {
		t.Errorf("what is no picture: %s", wrong.Find("main").Text())
	}
	form.Set("count_2", "0")
	again := mover.sendsIn("photo_1", page, path, form, picture.Bytes(), http.StatusUnprocessableEntity)
	if again.Find("#f-item_2-error").Length() != 1 || again.Find("[name=item_1]").AttrOr("value", "") != "冰<箱>" ||
		again.Find("[name=kept_1]").Length() != 1 || again.Find("[name=reason]").AttrOr("value", "") != "搬家" {
		t.Fatalf("none of it: %s", again.Find("main").Text())
	}
	mover.get(again.Find(".tx-item-photo img").AttrOr("src", ""), http.StatusOK)
	form = desk.FilledIn(again)
	form.Set("count_2", "2")
	for range 2 { // sent twice, it applies once
		mover.post(again, path, form, http.StatusSeeOther)
	}
	slip := w.approved(t)
	show := mover.get("/h5/exitslip/"+slip.ID.String(), http.StatusOK)
	if show.Find(".p-qr-frame img").Length() != 1 || !strings.Contains(show.Text(), "冰<箱> 1 件") ||
		show.Find(".tx-items img").Length() != 1 {
		t.Fatalf("the mover sees %s", show.Find("main").Text())
	}
	own, err := w.store.OwnExitSlip(t.Context(), w.userOf(t, "o-"+w.Residents[0].Phone).ID, slip.ID)
	mover.must(err)

	guard := w.staff(t, core.BindGuard, w.Guard, "guard")
	post := "/h5/guard/" + w.Post.String()
	at := guard.get(post, http.StatusOK)
	look := guard.post(at, post+"/look", url.Values{"text": {strings.ToLower(own.Code)}}, http.StatusOK)
	if look.Find(".tx-items input[type=checkbox]").Length() != 2 || !strings.Contains(look.Text(), "核对物品后放行") {
		t.Fatalf("the guard sees %s", look.Find("main").Text())
	}
	guard.get(look.Find(".tx-items img").AttrOr("src", ""), http.StatusOK)
	ticked := func(look *goquery.Document, items ...string) url.Values {
		form := desk.FilledIn(look)
		form.Set("act", "release")
		form["item"] = items
		return form
	}
	for _, items := range [][]string{nil, {"99"}} {
		if none := guard.post(look, post+"/release", ticked(look, items...), http.StatusUnprocessableEntity); !strings.Contains(
			none.Find("main").Text(), "请勾选要放行的物品") {
			t.Errorf("nothing of it is ticked: %s", none.Find("main").Text())
		}
	}
	if all, _, err := w.store.AccessRecords(t.Context(), core.Everywhere, core.RecordFilter{}, store.Page{Limit: 5}); err != nil ||
		len(all) != 0 {
		t.Errorf("nobody was refused: %+v, %v", all, err)
	}
	part := ticked(look, "2")
	for range 2 { // sent twice, it is one release
		if done := guard.post(look, post+"/release", part, http.StatusOK).Find("main").Text(); !strings.Contains(
			done, "沙发 2 件。还有 1 项没有出门") {
			t.Errorf("released a part: %s", done)
		}
	}
	late := guard.post(look, post+"/release", ticked(look, "1", "2"), http.StatusConflict) // of the page before
	if text := late.Find("main").Text(); !strings.Contains(text, "刚已放行") || late.Find(".tx-items input").Length() != 1 {
		t.Errorf("ticked again: %s", text)
	}
	response, _ := guard.do(http.MethodPost, post+"/search", url.Values{
		"q": {"冰<箱>"}, "csrf": {at.Find(`meta[name="csrf-token"]`).AttrOr("content", "")},
	})
	found := guard.get(response.Header.Get("Location"), http.StatusOK)
	pass := found.Find(".p-found [name=pass]").AttrOr("value", "")
	look = guard.post(found, post+"/look", url.Values{"pass": {pass}}, http.StatusOK)
	if done := guard.post(look, post+"/release", ticked(look, "1"), http.StatusOK).Find("main").Text(); !strings.Contains(
		done, "冰<箱> 1 件") || strings.Contains(done, "没有出门") {
		t.Errorf("released the rest: %s", done)
	}
	look = guard.post(at, post+"/look", url.Values{"text": {own.Code}}, http.StatusOK)
	if text := look.Find("main").Text(); !strings.Contains(text, "物品已全部放行") || look.Find("[value=release]").Length() != 0 {
		t.Errorf("afterwards: %s", text)
	}
	if text := mover.get("/h5/exitslip", http.StatusOK).Find("main").Text(); !strings.Contains(text, "已放行") {
		t.Errorf("the mover's list: %s", text)
	}
	records, _, err := w.store.AccessRecords(t.Context(), core.Everywhere, core.RecordFilter{
		Kind: core.PassExitSlip, Result: "allowed",
	}, store.Page{Limit: 5})
	if err != nil || len(records) != 2 || records[0].Note != "冰<箱> 1 件" {
		t.Errorf("%+v, %v", records, err)
	}
}

// Another community's slip is no code here, a guard's own refusal is recorded as that, and a restricted house lets nothing out unless
// the post may be urgent, and then only what is ticked.
func TestSlipsAtAGate(t *testing.T) {
	w := newSite(t, estate.Plan{})
	others := estate.New(t, w.store, estate.Plan{})
	id, err := w.store.CreateExitSlip(t.Context(), core.System, core.Everywhere, core.ExitSlip{
		House: others.Houses[0], Name: "别处", Planned: w.store.Now().Add(time.Minute), Items: []core.ExitItem{{Name: "床", Count: 1}},
	})
	guard := w.staff(t, core.BindGuard, w.Guard, "guard")
	guard.must(err)
	code, err := w.store.ExitSlipCode(t.Context(), core.Everywhere, id)
	guard.must(err)
	post := "/h5/guard/" + w.Post.String()
	at := guard.get(post, http.StatusOK)
	if text := guard.post(at, post+"/look", url.Values{"text": {code}}, http.StatusOK).Find("main").Text(); strings.Contains(text, "别处") {
		t.Errorf("another community's slip: %s", text)
	}
	theirs, err := w.store.ExitSlip(t.Context(), core.Everywhere, id)
	guard.must(err)
	looked := guard.post(at, post+"/look", url.Values{"pass": {theirs.Pass.String()}}, http.StatusOK)
	if text := looked.Find("main").Text(); strings.Contains(text, "别处") {
		t.Errorf("another community's pass: %s", text)
	}
	mine, err := w.store.CreateExitSlip(t.Context(), core.System, core.Everywhere, core.ExitSlip{
		House: w.Houses[0], Name: "王师傅", Planned: w.store.Now().Add(time.Minute), Items: []core.ExitItem{{Name: "床", Count: 1}},
	})
	guard.must(err)
	if code, err = w.store.ExitSlipCode(t.Context(), core.Everywhere, mine); err != nil {
		t.Fatal(err)
	}
	look := guard.post(at, post+"/look", url.Values{"text": {code}}, http.StatusOK)
	form := desk.FilledIn(look)
	form.Set("act", "refuse")
	form.Set("reason", "件数不符")
	guard.post(look, post+"/release", form, http.StatusOK)
	records, _, err := w.store.AccessRecords(t.Context(), core.ScopeOf(w.Community), core.RecordFilter{
		Kind: core.PassExitSlip,
	}, store.Page{Limit: 5})
	if err != nil || len(records) != 1 || records[0].Reason != core.ReasonGuard || records[0].Note != "件数不符" {
		t.Errorf("refused: %+v, %v", records, err)
	}
	if e, err := w.store.ExitSlip(t.Context(), core.Everywhere, mine); err != nil || e.Gone() != 0 {
		t.Errorf("refused, and gone: %+v, %v", e, err)
	}
}

// The mover's form and slip fit a small phone, and so does the guard's page.
func TestSlipsOnASmallPhone(t *testing.T) {
	w := newSite(t, estate.Plan{})
	mover := w.resident(t, w.Residents[0])
	user := w.userOf(t, "o-"+w.Residents[0].Phone)
	id, err := w.store.ApplyExitSlip(t.Context(), core.System, user.ID, core.ExitSlip{
		House: w.Residents[0].House, Plate: "京A12345", Planned: w.store.Now().Add(time.Minute),
		Items: []core.ExitItem{{Name: "一台很长很长很长名字的双开门冰箱", Count: 1}, {Name: "床", Count: 2}},
	}, store.RequestKey{})
	mover.must(err)
	w.approved(t)
	ctx, address := mover.screen(small)
	for path, ready := range map[string]string{
		"/h5/exitslip/new": ".tx-item-line", "/h5/exitslip/" + id.String(): ".p-qr-frame img", "/h5/exitslip": ".p-card-link",
	} {
		mover.must(chromedp.Do(ctx, chromedp.Navigate(address+path)))
		mover.await(ctx, `document.querySelector("`+ready+`") && document.documentElement.scrollWidth <= innerWidth`)
		mover.picture(ctx, "exitslip"+strings.ReplaceAll(strings.TrimPrefix(path, "/h5/exitslip"), "/", "-"))
	}
}

// A reviewer decides on the phone, with the pictures and what the house owes before them; the second is told who was first, and a
// resident of another house sees nothing.
func TestASlipIsReviewedOnThePhone(t *testing.T) {
	w := newSite(t, estate.Plan{})
	rule, err := w.store.ExitRule(t.Context(), core.Everywhere, w.Community)
	if err != nil {
		t.Fatal(err)
	}
	rule.Arrears = core.ExitArrearsReview
	mover := w.resident(t, w.Residents[0])
	mover.must(w.store.UpdateExitRule(t.Context(), core.System, core.Everywhere, rule))
	house, err := w.store.House(t.Context(), core.Everywhere, w.Residents[0].House)
	mover.must(err)
	_, _, err = w.store.UpdateArrears(t.Context(), core.System, core.Everywhere, store.HouseArrears{
		Community: w.Community, House: house.Label, Fen: 128050,
	})
	mover.must(err)
	page := mover.get("/h5/exitslip/new", http.StatusOK)
	mover.post(page, "/h5/exitslip/new", w.moverForm(page), http.StatusSeeOther)
	slips, _, err := w.store.ExitSlips(t.Context(), core.Everywhere, store.ExitSlipFilter{Page: store.Page{Limit: 1}})
	mover.must(err)
	neighbour := w.resident(t, w.Residents[1])
	neighbour.get("/h5/exitslip/"+slips[0].ID.String(), http.StatusNotFound)
	neighbour.get("/h5/exitslip/"+slips[0].ID.String()+"/withdraw", http.StatusNotFound)
	office := &inspection{site: w, t: t, permission: []core.Permission{core.PermExitSlipView, core.PermExitSlipReview}}
	reviewer, _ := office.reviewer("office", "物业")
	other, _ := office.reviewer("other", "另一位")
	show := reviewer.get("/h5/review/"+slips[0].ID.String(), http.StatusOK)
	if text := show.Find("main").Text(); !strings.Contains(text, "1,280.50") || !strings.Contains(text, "沙发 2 件") {
		t.Errorf("the reviewer sees %s", text)
	}
	seen := other.get("/h5/review/"+slips[0].ID.String(), http.StatusOK)
	reviewer.post(show, "/h5/review/"+slips[0].ID.String(), url.Values{"approve": {"yes"}}, http.StatusSeeOther)
	late := other.post(seen, "/h5/review/"+slips[0].ID.String(), url.Values{"preset": {"请先缴清欠费"}}, http.StatusConflict)
	if !strings.Contains(late.Find("main").Text(), "没有生效") {
		t.Errorf("too late: %s", late.Find("main").Text())
	}
	mover.post(page, "/h5/exitslip/"+slips[0].ID.String()+"/withdraw", url.Values{}, http.StatusSeeOther)
	if text := mover.get("/h5/exitslip/"+slips[0].ID.String(), http.StatusOK).Text(); !strings.Contains(text, "不能撤回") {
		t.Errorf("withdrawn after all: %s", text)
	}
}

// An owner of the house decides on the phone where the community lets them, and sees no pictures.
func TestAnOwnerDecidesASlip(t *testing.T) {
	w := newSite(t, estate.Plan{})
	rule, err := w.store.ExitRule(t.Context(), core.Everywhere, w.Community)
	if err != nil {
		t.Fatal(err)
	}
	rule.Reviewer = core.ExitByOwner
	owner := w.resident(t, w.Residents[0])
	owner.must(w.store.UpdateExitRule(t.Context(), core.System, core.Everywhere, rule))
	_, err = w.store.CreateResident(t.Context(), core.System, core.Everywhere, core.Resident{
		Community: w.Community, House: w.Residents[0].House, Name: "租客甲", Identity: core.Tenant, Phone: "13711110000",
	})
	owner.must(err)
	tenant := w.resident(t, estate.Resident{Name: "租客甲", Phone: "13711110000"})
	page := tenant.get("/h5/exitslip/new", http.StatusOK)
	tenant.post(page, "/h5/exitslip/new", w.moverForm(page), http.StatusSeeOther)
	slips, _, err := w.store.ExitSlips(t.Context(), core.Everywhere, store.ExitSlipFilter{Page: store.Page{Limit: 1}})
	owner.must(err)
	at := "/h5/exitslip/" + slips[0].ID.String()
	show := owner.get(at, http.StatusOK)
	if show.Find(`form[action="`+at+`/answer"]`).Length() != 1 || show.Find(`a[href="`+at+`/withdraw"]`).Length() != 0 {
		t.Fatalf("the owner sees %s", show.Find("main").Text())
	}
	owner.post(show, at+"/answer", url.Values{}, http.StatusUnprocessableEntity) // without a reason
	owner.post(show, at+"/answer", url.Values{"approve": {"yes"}}, http.StatusSeeOther)
	if text := tenant.get(at, http.StatusOK).Find("main").Text(); !strings.Contains(text, "待出门") {
		t.Errorf("the tenant sees %s", text)
	}
	if owner.get(at, http.StatusOK).Find(".p-qr-frame").Length() != 0 {
		t.Error("the owner has the tenant's code")
	}
}
