package h5

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/chromedp/chromedp"

	"tongxing/core"
	"tongxing/store"
	"tongxing/testkit/estate"
)

// A resident invites, the visitor opens the link in any browser and shows the code, the door opens once, and both
// sides see it.
func TestInvitedVisitor(t *testing.T) {
	w := newSite(t, estate.Plan{})
	host := w.resident(t, w.Residents[0])
	page := host.get("/h5/visitorpass/new", http.StatusOK)
	until := w.store.Now().Add(2 * time.Hour).In(w.store.Zone())
	form := url.Values{
		"house": {w.Residents[0].House.String()}, "key": {page.Find(`[name="key"]`).AttrOr("value", "")}, "name": {"来<客>"},
		"plate": {"京A12345"}, "people": {"1"}, "until": {core.DayOf(until, w.store.Zone()).String()}, "clock": {until.Format("15:04")},
	}
	wrong := url.Values{"house": form["house"], "name": {""}, "until": {"2020-01-01"}, "clock": {"10:00"}, "reason": {"看望"}}
	again := host.post(page, "/h5/visitorpass/new", wrong, http.StatusUnprocessableEntity)
	if again.Find(`[name="reason"]`).AttrOr("value", "") != "看望" || again.Find(".invalid-feedback, .is-invalid").Length() == 0 {
		t.Errorf("what was typed is lost: %s", again.Find("main").Text())
	}
	form.Set("people", "0")
	if again = host.post(page, "/h5/visitorpass/new", form, http.StatusUnprocessableEntity); again.Find("#f-people-error").Length() != 1 {
		t.Errorf("nobody comes: %s", again.Find("main").Text())
	}
	form.Set("people", "1")
	for range 2 { // sent twice, it invites once
		host.post(page, "/h5/visitorpass/new", form, http.StatusSeeOther)
	}
	list, _, err := w.store.OwnVisitors(t.Context(), w.userOf(t, "o-"+w.Residents[0].Phone).ID, store.Page{})
	if err != nil || len(list) != 1 {
		t.Fatalf("%d visitors, %v", len(list), err)
	}
	show := host.get("/h5/visitorpass/"+list[0].ID.String(), http.StatusOK)
	link := show.Find("#visit-link").AttrOr("value", "")
	at := strings.Index(link, "/h5/visit/")
	if at < 0 || !strings.Contains(show.Text(), "来<客>") {
		t.Fatalf("no link: %q", link)
	}

	guest := w.phone(t)
	visit := guest.get(link[at:], http.StatusOK)
	if !strings.Contains(visit.Text(), "现在可以进门") || visit.Find("[data-qr]").Length() != 1 {
		t.Errorf("the visitor sees %s", visit.Find("main").Text())
	}
	if shown := guest.post(visit, link[at:]+"/token", url.Values{}, http.StatusOK); shown.Find("[data-qr] img").Length() != 1 {
		t.Error("no code")
	}
	guest.get("/h5/visit/none", http.StatusNotFound)
	guest.get("/h5/visitorpass/"+list[0].ID.String(), http.StatusSeeOther)

	issued, err := w.gate.Issue(t.Context(), list[0].Pass)
	if err != nil {
		t.Fatal(err)
	}
	in := w.AddDoor(core.Reader{
		Name: "南门入口", Protocol: core.ProtocolVguang, Direction: core.In, Kinds: core.PassKinds(),
	}).ID
	if d := w.gate.Scan(t.Context(), in, issued.Text).Decision; !d.Allowed {
		t.Fatalf("%+v", d)
	}
	if issued, err = w.gate.Issue(t.Context(), list[0].Pass); err != nil {
		t.Fatal(err)
	}
	if d := w.gate.Scan(t.Context(), in, issued.Text).Decision; d.Reason != core.ReasonPassUsed {
		t.Errorf("a second time: %+v", d)
	}
	if seen := guest.get(link[at:], http.StatusOK).Find("main").Text(); !strings.Contains(seen, "已进门") {
		t.Errorf("afterwards the visitor sees %s", seen)
	}
	if seen := host.get("/h5/visitorpass", http.StatusOK).Find("main").Text(); !strings.Contains(seen, "已访问") {
		t.Errorf("the host sees %s", seen)
	}
	used := "/h5/visitorpass/" + list[0].ID.String()
	if host.get(used, http.StatusOK).Find("#visit-link").Length() != 0 {
		t.Error("a link that lets nobody in is offered")
	}
	host.post(show, used+"/revoke", url.Values{}, http.StatusSeeOther)
	if seen := host.get(used, http.StatusOK).Text(); !strings.Contains(seen, "访客已经到访，不能撤销") {
		t.Errorf("revoked after use: %s", seen)
	}
}

// invited invites a visitor of the first resident, and returns the visit as that host has it.
func (w *site) invited(t *testing.T) store.OwnVisitor {
	t.Helper()
	user := w.userOf(t, "o-"+w.Residents[0].Phone)
	own, err := w.store.CreateVisitorPass(t.Context(), core.System, user.ID, core.VisitorPass{
		House: w.Residents[0].House, Name: "来客", Until: w.store.Now().Add(time.Hour),
	}, store.RequestKey{})
	if err != nil {
		t.Fatal(err)
	}
	return own
}

// An invitation that is revoked before it is used says so to the visitor, has no code any more, and opens nothing, not even by a
// code that was issued before.
func TestInvitationIsRevokedBeforeUse(t *testing.T) {
	w := newSite(t, estate.Plan{})
	host, guest := w.resident(t, w.Residents[0]), w.phone(t)
	own := w.invited(t)
	issued, err := w.gate.Issue(t.Context(), own.Pass)
	host.must(err)
	page := "/h5/visitorpass/" + own.ID.String()
	asked := host.get(host.get(page, http.StatusOK).Find(`a[href$="/revoke"]`).AttrOr("href", ""), http.StatusOK)
	host.post(asked, page+"/revoke", url.Values{}, http.StatusSeeOther)
	after := host.get(page, http.StatusOK)
	if text := after.Text(); !strings.Contains(text, "已撤销来客的邀请") || after.Find("#visit-link").Length() != 0 {
		t.Errorf("the host sees %s", after.Find("main").Text())
	}
	visit := guest.get("/h5/visit/"+own.Code, http.StatusOK)
	if !strings.Contains(visit.Find("main").Text(), "通行证已撤销") || visit.Find("[data-qr]").Length() != 0 {
		t.Errorf("the visitor sees %s", visit.Find("main").Text())
	}
	in := w.AddDoor(core.Reader{Name: "南门入口", Protocol: core.ProtocolVguang, Direction: core.In, Kinds: core.PassKinds()}).ID
	if d := w.gate.Scan(t.Context(), in, issued.Text).Decision; d.Reason != core.ReasonPassDisabled {
		t.Errorf("at the door: %+v", d)
	}
}

// In WeChat the host's page is forwarded as a card that leads to the visitor's page, and is signed for no other page and nobody
// else; of the visitor's page, others show where and until when.
func TestInvitationIsForwardedAsACard(t *testing.T) {
	w := newSite(t, estate.Plan{})
	host := w.resident(t, w.Residents[0])
	own := w.invited(t)
	at, link := "/h5/visitorpass/"+own.ID.String(), "https://pass.example.com/h5/visit/"+own.Code
	if host.get(at, http.StatusOK).Find("[data-card]").Length() != 0 {
		t.Error("a browser outside WeChat is sent for the JS-SDK")
	}
	host.agent = "Mozilla/5.0 MicroMessenger/8.0"
	card := host.get(at, http.StatusOK).Find("[data-card]")
	if got := card.AttrOr("data-card-link", ""); got != link || !strings.Contains(card.AttrOr("data-card", ""), own.Community) ||
		!strings.Contains(card.AttrOr("data-card-text", ""), "有效至") || card.AttrOr("data-card-script", "") != "/sdk.js" ||
		!strings.HasPrefix(card.AttrOr("data-card-picture", ""), "https://pass.example.com/") {
		t.Errorf("the card: %s leads to %q", card.AttrOr("data-card", ""), got)
	}
	sign := card.AttrOr("data-card-sign", "") + "?page=" + url.QueryEscape("https://pass.example.com"+at)
	if text := host.get(sign, http.StatusOK).Text(); !strings.Contains(text, `"signature":"of https://pass.example.com`+at) {
		t.Errorf("signed as %s", text)
	}
	for _, page := range []string{"https://evil.example" + at, "https://pass.example.com/h5/pass", link} {
		host.get(at+"/sign?page="+url.QueryEscape(page), http.StatusUnprocessableEntity)
	}
	w.resident(t, w.Residents[1]).get(sign, http.StatusNotFound)

	visit := w.phone(t).get("/h5/visit/"+own.Code, http.StatusOK)
	for property, want := range map[string]string{
		"og:title": own.Community, "og:description": "有效至", "og:url": link, "og:image": "https://pass.example.com/",
	} {
		if got := visit.Find(`meta[property="`+property+`"]`).AttrOr("content", ""); !strings.Contains(got, want) {
			t.Errorf("%s is %q", property, got)
		}
	}
}

// A visitor sees at once whether they may come in, and the code, on a small phone too; nothing scrolls sideways.
func TestVisitorsCodeIsInSight(t *testing.T) {
	w := newSite(t, estate.Plan{})
	host := w.resident(t, w.Residents[0])
	user := w.userOf(t, "o-"+w.Residents[0].Phone)
	own, err := w.store.CreateVisitorPass(t.Context(), core.System, user.ID, core.VisitorPass{
		House: w.Residents[0].House, Name: "来客", Plate: "京A12345", People: 2, Until: w.store.Now().Add(time.Hour),
	}, store.RequestKey{})
	host.must(err)
	ctx, address := host.screen(small)
	host.must(chromedp.Do(ctx, chromedp.Navigate(address+"/h5/visit/"+own.Code)))
	host.await(ctx, `(() => {
		const verdict = document.querySelector(".p-net-on .p-verdict"), code = document.querySelector("[data-qr] img");
		return verdict?.innerText.includes("现在可以进门") && code?.complete && code.getBoundingClientRect().bottom <= innerHeight &&
			verdict.getBoundingClientRect().top >= 0 && document.documentElement.scrollWidth <= innerWidth })()`)
	host.picture(ctx, "visit")
	host.must(chromedp.Do(ctx, chromedp.Navigate(address+"/h5/visitorpass/"+own.ID.String())))
	host.await(ctx, `document.querySelector("#visit-link")?.value.includes("/h5/visit/") &&
		document.documentElement.scrollWidth <= innerWidth`)
	host.picture(ctx, "visitorpass")
}

// A visitor who is nobody of the register has the pass and its visit in the lists, and may state a name still.
func TestAVisitorMayStateAName(t *testing.T) {
	w := newSite(t, estate.Plan{})
	guest := w.resident(t, w.Residents[0])
	host := w.userOf(t, "o-"+w.Residents[0].Phone)
	_, err := w.store.CreateVisitorPass(t.Context(), core.System, host.ID, core.VisitorPass{
		House: w.Residents[0].House, Name: "来客", Phone: "13700000009", Until: w.store.Now().Add(time.Hour),
	}, store.RequestKey{})
	guest.must(err)
	guest = w.resident(t, estate.Resident{Phone: "13700000009"})
	list := guest.get("/h5/pass", http.StatusOK)
	if list.Find(".p-list a").Length() != 1 || list.Find(`form [name="name"]`).Length() != 1 {
		t.Errorf("the visitor's passes: %s", list.Find("main").Text())
	}
	if seen := guest.get("/h5/visit", http.StatusOK); seen.Find(`.p-list a[href^="/h5/pass/"]`).Length() != 1 {
		t.Errorf("the visitor's visits: %s", seen.Find("main").Text())
	}
}

// poster makes a poster of the site's community, and returns where it leads.
func (w *site) poster(t *testing.T) string {
	t.Helper()
	poster := core.VisitorPoster{Community: w.Community, Post: w.Post}
	id, err := w.store.CreateVisitorPoster(t.Context(), core.System, core.Everywhere, poster)
	if err != nil {
		t.Fatal(err)
	}
	poster, err = w.store.VisitorPoster(t.Context(), core.Everywhere, id)
	if err != nil {
		t.Fatal(err)
	}
	return visitPosterPath + "/" + poster.Code
}

// applyForm fills in a visitor's form.
func (w *site) applyForm(page *goquery.Document) url.Values {
	at := w.store.Now().Add(3 * time.Hour).In(w.store.Zone())
	form := url.Values{
		"key": {page.Find(`[name="key"]`).AttrOr("value", "")}, "name": {"来<客>"}, "phone": {"13700000009"}, "people": {"2"},
		"until": {core.DayOf(at, w.store.Zone()).String()}, "clock": {at.Format("15:04")},
	}
	for _, name := range []string{"house", "book"} {
		if value, ok := page.Find(`[name="` + name + `"]`).Attr("value"); ok {
			form.Set(name, value)
		}
	}
	return form
}

// Somebody without WeChat scans the poster, chooses a house and applies; the house's residents decide where the office lets them;
// the same page then has the code. What is wrong keeps what was typed.
func TestAVisitorAppliesByThePoster(t *testing.T) {
	w := newSite(t, estate.Plan{})
	rule, err := w.store.VisitorRule(t.Context(), core.Everywhere, w.Community)
	if err != nil {
		t.Fatal(err)
	}
	rule.Hosts = true
	if _, err := w.store.UpdateVisitorRule(t.Context(), core.System, core.Everywhere, rule); err != nil {
		t.Fatal(err)
	}
	host, guest, at := w.resident(t, w.Residents[0]), w.phone(t), w.poster(t)
	first := guest.get(at, http.StatusOK)
	if first.Find(".p-list a").Length() == 0 || first.Find(`a[href$="book=yes"]`).Length() != 1 {
		t.Fatalf("the way to a house: %s", first.Find("main").Text())
	}
	page := guest.get(at+"?house="+w.Residents[0].House.String(), http.StatusOK)
	form := w.applyForm(page)
	wrong := url.Values{"house": form["house"], "name": {"来客"}, "reason": {"看望"}, "until": {"2020-01-01"}, "clock": {"10:00"}}
	again := guest.post(page, at, wrong, http.StatusUnprocessableEntity)
	if again.Find(`[name="reason"]`).AttrOr("value", "") != "看望" || again.Find("#f-phone-error, #f-until-error").Length() != 2 {
		t.Errorf("what was typed is lost: %s", again.Find("main").Text())
	}
	response, _ := guest.do(http.MethodPost, at, withCSRF(page, form))
	visit := response.Header.Get("Location")
	if response.StatusCode != http.StatusSeeOther || !strings.HasPrefix(visit, visitPath+"/") {
		t.Fatalf("%d to %q", response.StatusCode, visit)
	}
	if text := guest.get(visit, http.StatusOK).Find("main").Text(); !strings.Contains(text, "等待审核") {
		t.Errorf("the visitor sees %s", text)
	}
	guest.post(guest.get(visit, http.StatusOK), visit+"/token", url.Values{}, http.StatusOK) // no code yet
	list, _, err := w.store.OwnVisitors(t.Context(), w.userOf(t, "o-"+w.Residents[0].Phone).ID, store.Page{})
	if err != nil || len(list) != 1 {
		t.Fatalf("%d visitors, %v", len(list), err)
	}
	own := visitorPassURL(list[0].ID)
	question := host.get(own, http.StatusOK)
	host.post(question, own+"/answer", url.Values{}, http.StatusUnprocessableEntity) // why not?
	host.post(question, own+"/answer", url.Values{"approve": {"yes"}}, http.StatusSeeOther)
	host.post(question, own+"/answer", url.Values{"preset": {"不认识"}}, http.StatusSeeOther)
	if text := host.get(own, http.StatusOK).Text(); !strings.Contains(text, "审核：通过") || !strings.Contains(text, "已通过") {
		t.Errorf("declined too late: %s", text)
	}
	if page := guest.get(visit, http.StatusOK); page.Find("[data-qr]").Length() != 1 || !strings.Contains(page.Text(), "现在可以进门") {
		t.Errorf("approved, the visitor sees %s", page.Find("main").Text())
	}
	late := guest.get(visit+"/withdraw", http.StatusOK)
	guest.post(late, visit+"/withdraw", url.Values{}, http.StatusSeeOther)
	if text := guest.get(visit, http.StatusOK).Text(); !strings.Contains(text, "不能撤回") || !strings.Contains(text, "现在可以进门") {
		t.Errorf("taken back too late: %s", text)
	}
	form.Set("key", "another")
	response, _ = guest.do(http.MethodPost, at, withCSRF(page, form))
	visit = response.Header.Get("Location")
	guest.post(guest.get(visit+"/withdraw", http.StatusOK), visit+"/withdraw", url.Values{}, http.StatusSeeOther)
	if seen := guest.get(visit, http.StatusOK); !strings.Contains(seen.Text(), "已撤回") || seen.Find(`a[href$="/withdraw"]`).Length() != 0 {
		t.Errorf("taken back: %s", seen.Find("main").Text())
	}
	guest.get(visitPosterPath+"/none", http.StatusNotFound)
	guest.get(at+"?house=77", http.StatusNotFound)
}

// A visitor asks a resident by their number, and sees no house before it is accepted.
func TestAVisitorAsksForAnAppointment(t *testing.T) {
	w := newSite(t, estate.Plan{})
	host, at := w.resident(t, w.Residents[0]), w.poster(t)
	guest := w.resident(t, estate.Resident{Phone: "13700000009"})
	page := guest.get(at+"?book=yes", http.StatusOK)
	form := w.applyForm(page)
	form.Set("host", "123")
	form.Del("phone") // their own, which WeChat has verified
	guest.post(page, at, form, http.StatusUnprocessableEntity)
	form.Set("host", w.Residents[0].Phone)
	response, _ := guest.do(http.MethodPost, at, withCSRF(page, form))
	visit := response.Header.Get("Location")
	if text := guest.get(visit, http.StatusOK).Text(); !strings.Contains(text, "等住户处理") || strings.Contains(text, "单元") {
		t.Errorf("before: %s", text)
	}
	list, _, err := w.store.OwnVisitors(t.Context(), w.userOf(t, "o-"+w.Residents[0].Phone).ID, store.Page{})
	if err != nil || len(list) != 1 || !list[0].Proven {
		t.Fatalf("%+v, %v", list, err)
	}
	own := visitorPassURL(list[0].ID)
	host.post(host.get(own, http.StatusOK), own+"/answer", url.Values{"approve": {"yes"}}, http.StatusSeeOther)
	if text := host.get(own, http.StatusOK).Find(".tx-flash").Text(); !strings.Contains(text, "会告诉申请人") {
		t.Errorf("the host reads %q", text)
	}
	if text := guest.get("/h5/visit/own/"+list[0].ID.String(), http.StatusOK).Text(); !strings.Contains(text, "现在不能进门") ||
		!strings.Contains(text, "未到来访时间") {
		t.Errorf("accepted: %s", text)
	}
	if rows := guest.get("/h5/visit", http.StatusOK).Find(".p-list a").Length(); rows != 1 {
		t.Errorf("%d visits of their own", rows)
	}
	host.get("/h5/visit/own/"+list[0].ID.String(), http.StatusNotFound)
}

// withCSRF adds the proof of the page to a form.
func withCSRF(page *goquery.Document, form url.Values) url.Values {
	form.Set("csrf", page.Find(`[name="csrf"]`).AttrOr("value", ""))
	return form
}

// A guard sees who is inside, finds visitors by name, house, plate and number, notes one as left and takes that back; another post's
// guard cannot. The poster's code is on the phone.
func TestGuardKeepsWhoIsInside(t *testing.T) {
	w := newSite(t, estate.Plan{})
	w.resident(t, w.Residents[0])
	host, at := w.userOf(t, "o-"+w.Residents[0].Phone), "/h5/guard/"+w.Post.String()
	guard := w.staff(t, core.BindGuard, w.Guard, "guard")
	if none := guard.get(at+"/inside", http.StatusOK).Find("main").Text(); !strings.Contains(none, "没有访客在场") {
		t.Errorf("nobody inside: %s", none)
	}
	if none := guard.get(at+"/poster", http.StatusOK).Find("main").Text(); !strings.Contains(none, "还没有访客海报") {
		t.Errorf("no poster: %s", none)
	}
	own, err := w.store.CreateVisitorPass(t.Context(), core.System, host.ID, core.VisitorPass{
		House: w.Residents[0].House, Name: "来<客>", Phone: "13700001234", Plate: "京A12345", People: 2, Until: w.store.Now().Add(time.Hour),
	}, store.RequestKey{})
	guard.must(err)
	for _, keyword := range []string{"来<客>", "1234", "京A12345"} {
		page := guard.get(at+"/search", http.StatusOK)
		asked := url.Values{"q": {keyword}, "csrf": {page.Find(`meta[name="csrf-token"]`).AttrOr("content", "")}}
		response, _ := guard.do(http.MethodPost, at+"/search", asked)
		if found := guard.get(response.Header.Get("Location"), http.StatusOK).Find(".p-found"); found.Length() != 1 ||
			!strings.Contains(found.Text(), "来<客>") {
			t.Errorf("%q finds %q", keyword, found.Text())
		}
	}
	visit, err := w.store.VisitorPass(t.Context(), core.Everywhere, own.ID)
	guard.must(err)
	page := guard.get(at, http.StatusOK)
	look := guard.post(page, at+"/look", url.Values{"pass": {visit.Pass.String()}}, http.StatusOK)
	form := url.Values{"pass": {visit.Pass.String()}, "direction": {"in"}, "act": {"release"}}
	form.Set("key", look.Find(`[name="key"]`).AttrOr("value", ""))
	guard.post(look, at+"/release", form, http.StatusOK)

	list := guard.get(at+"/inside", http.StatusOK)
	if text := list.Find(".p-found").Text(); !strings.Contains(text, "来<客>") || !strings.Contains(text, "2 人") {
		t.Fatalf("inside: %s", text)
	}
	if count := guard.get(at, http.StatusOK).Find(`a[href$="/inside"]`).Text(); count != "在场访客 1" {
		t.Errorf("the post says %q", count)
	}
	guard.post(list, at+"/inside/leave", url.Values{"id": {own.ID.String()}}, http.StatusSeeOther)
	batches, _, err := w.store.Batches(t.Context(), core.Everywhere, store.BatchFilter{
		Communities: core.Everywhere, Kinds: []core.BatchKind{core.BatchVisitLeave}, Page: store.Page{Limit: 2},
	})
	if err != nil || len(batches) != 1 {
		t.Fatalf("%d batches, %v", len(batches), err)
	}
	batch := batches[0].ID.String()
	done := guard.get(at+"/inside?batch="+batch, http.StatusOK)
	if text := done.Find("main").Text(); !strings.Contains(text, "已登记 1 位访客离开") || !strings.Contains(text, "没有访客在场") {
		t.Errorf("noted: %s", text)
	}
	guard.post(done, at+"/inside/leave", url.Values{"id": {own.ID.String()}}, http.StatusSeeOther) // twice
	guard.post(done, at+"/inside/undo", url.Values{"batch": {batch}}, http.StatusSeeOther)
	if text := guard.get(at+"/inside", http.StatusOK).Find("main").Text(); !strings.Contains(text, "来<客>") {
		t.Errorf("taken back: %s", text)
	}
	guard.post(done, at+"/inside/undo", url.Values{"batch": {batch}}, http.StatusSeeOther)
	if text := guard.get(at+"/inside", http.StatusOK).Text(); !strings.Contains(text, "不能撤销") {
		t.Errorf("taken back twice: %s", text)
	}
	w.poster(t)
	if shown := guard.get(at+"/poster", http.StatusOK); shown.Find(`img[alt="访客申请的二维码"]`).Length() != 1 {
		t.Errorf("no code: %s", shown.Find("main").Text())
	}
}

// sentCodes keeps the codes that would have been sent.
type sentCodes struct{ phone, code string }

func (s *sentCodes) SendCode(_ context.Context, phone, code string) error {
	s.phone, s.code = phone, code
	return nil
}

// Where text messages are set up, a visitor outside WeChat gets a code, and what was typed stays; without it the form is refused.
func TestAVisitorProvesTheNumberByCode(t *testing.T) {
	w := newSite(t, estate.Plan{})
	sent := &sentCodes{}
	for _, server := range w.phones {
		server.codes = sent
	}
	guest, at := w.phone(t), w.poster(t)
	page := guest.get(at+"?house="+w.Residents[0].House.String(), http.StatusOK)
	form := w.applyForm(page)
	if page.Find(`button[name="act"][value="code"]`).Length() != 1 || page.Find(`[name="code"]`).Length() != 1 {
		t.Fatalf("no code can be asked for: %s", page.Find("main").Text())
	}
	if first := page.Find(".tx-form button").First(); first.AttrOr("name", "") != "" {
		t.Error("Enter does not send the application")
	}
	guest.post(page, at, form, http.StatusUnprocessableEntity)
	form.Set("act", "code")
	again := guest.post(page, at, form, http.StatusOK)
	if sent.phone != form.Get("phone") || again.Find(`[name="name"]`).AttrOr("value", "") != "来<客>" {
		t.Fatalf("sent to %q: %s", sent.phone, again.Find("main").Text())
	}
	guest.post(page, at, form, http.StatusConflict) // at once again
	form.Del("act")
	form.Set("code", "x"+sent.code)
	guest.post(page, at, form, http.StatusUnprocessableEntity)
	form.Set("code", sent.code)
	guest.post(page, at, form, http.StatusSeeOther)
	list, _, err := w.store.VisitorPasses(t.Context(), core.Everywhere, store.VisitorPassFilter{
		State: core.VisitWaiting, Now: w.store.Now(), Page: store.Page{Limit: 2},
	})
	if err != nil || len(list) != 1 || !list[0].Proven {
		t.Errorf("%+v, %v", list, err)
	}
}

// The office moves the house in the form: who invites and who applies reads it there, and who makes an appointment is asked there for the
// resident's number.
func TestTheHouseOfAVisitIsInItsPlace(t *testing.T) {
	w := newSite(t, estate.Plan{})
	rule, err := w.store.VisitorRule(t.Context(), core.Everywhere, w.Community)
	if err != nil {
		t.Fatal(err)
	}
	rule.Form = append(rule.Form[1:], rule.Form[0]) // it is the first by default
	if _, err := w.store.UpdateVisitorRule(t.Context(), core.System, core.Everywhere, rule); err != nil {
		t.Fatal(err)
	}
	at, house := w.poster(t), w.Residents[0].House
	guest := w.phone(t)
	for name, c := range map[string]struct {
		page        *goquery.Document
		label, want string
	}{
		"an invitation":  {w.resident(t, w.Residents[0]).get(visitorPassPath+"/new", http.StatusOK), "来访房屋", "单元"},
		"an application": {guest.get(at+"?house="+house.String(), http.StatusOK), "来访房屋", "单元"},
		"an appointment": {guest.get(at+"?book=yes", http.StatusOK), "住户手机号", ""},
	} {
		last := c.page.Find("form .tx-field").Last()
		if text := last.Text(); !strings.Contains(text, c.label) || !strings.Contains(text, c.want) {
			t.Errorf("%s: the last field is %s", name, text)
		}
		if n := c.page.Find(`form input[name="host"]`).Length(); (n == 1) != (c.want == "") {
			t.Errorf("%s: %d inputs for the resident's number", name, n)
		}
	}
}

// A host who has several appointments of unproven numbers declines them at once, after a question, and is told how many.
func TestAHostDeclinesUnprovenAppointments(t *testing.T) {
	w := newSite(t, estate.Plan{})
	host, at := w.resident(t, w.Residents[0]), w.poster(t)
	none := host.get(visitorUnprovenPath, http.StatusSeeOther)
	if none.Find("form").Length() != 0 {
		t.Error("asked about nothing")
	}
	guest := w.phone(t)
	for _, number := range []string{"13700000011", "13700000012"} {
		if host.get(visitorPassPath, http.StatusOK).Find(`a[href="`+visitorUnprovenPath+`"]`).Length() != 0 {
			t.Error("it is offered for less than two")
		}
		page := guest.get(at+"?book=yes", http.StatusOK)
		form := w.applyForm(page)
		form.Set("host", w.Residents[0].Phone)
		form.Set("phone", number)
		guest.post(page, at, form, http.StatusSeeOther)
	}
	ask := host.get(visitorPassPath, http.StatusOK).Find(`a[href="` + visitorUnprovenPath + `"]`)
	asked := host.get(ask.AttrOr("href", "/none"), http.StatusOK)
	for _, words := range []string{"已拒绝 2 份号码未验证的预约", "已经处理过了"} { // sent twice, it declines once
		host.post(asked, visitorUnprovenPath, url.Values{}, http.StatusSeeOther)
		if text := host.get(visitorPassPath, http.StatusOK).Text(); !strings.Contains(text, words) {
			t.Errorf("declined: %s", text)
		}
	}
}
