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

	"tongxing/core"
	"tongxing/store"
	"tongxing/testkit/desk"
	"tongxing/testkit/estate"
)

// photoSite is a site whose visitors must send a picture, and a picture.
func photoSite(t *testing.T) (w *site, picture []byte) {
	t.Helper()
	w = newSite(t, estate.Plan{})
	rule, err := w.store.VisitorRule(t.Context(), core.Everywhere, w.Community)
	if err != nil {
		t.Fatal(err)
	}
	for i := range rule.Form {
		if rule.Form[i].Key == "photo" {
			rule.Form[i].Use = core.FormRequired
		}
	}
	if _, err := w.store.UpdateVisitorRule(t.Context(), core.System, core.Everywhere, rule); err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	if err := jpeg.Encode(&file, image.NewGray(image.Rect(0, 0, 64, 48)), nil); err != nil {
		t.Fatal(err)
	}
	return w, file.Bytes()
}

// A host sends the visitor's picture with the invitation: what is no picture is refused at its field, and one that came with a form that is
// wrong otherwise need not be sent again. The guard sees it.
func TestAHostSendsThePictureOfAVisitor(t *testing.T) {
	w, picture := photoSite(t)
	host := w.resident(t, w.Residents[0])
	const path = visitorPassPath + "/new"
	page := host.get(path, http.StatusOK)
	until := w.store.Now().Add(2 * time.Hour).In(w.store.Zone())
	form := desk.FilledIn(page)
	form.Set("until", core.DayOf(until, w.store.Zone()).String())
	form.Set("clock", until.Format("15:04"))
	wrong := host.sendsIn("photo", page, path, form, []byte("no picture"), http.StatusUnprocessableEntity)
	if wrong.Find("#f-photo-error").Text() == "" || wrong.Find("[name=kept_photo]").Length() != 0 {
		t.Errorf("what is no picture: %s", wrong.Find("main").Text())
	}
	kept := host.sendsIn("photo", page, path, form, picture, http.StatusUnprocessableEntity) // without a name
	if kept.Find("[name=kept_photo]").Length() != 1 || !strings.Contains(kept.Text(), "照片已收到") {
		t.Fatalf("the picture is lost: %s", kept.Find("main").Text())
	}
	form = desk.FilledIn(kept)
	form.Set("name", "来<客>")
	for range 2 { // sent twice, it invites once
		host.post(kept, path, form, http.StatusSeeOther)
	}
	visits, _, err := w.store.OwnVisitors(t.Context(), w.userOf(t, "o-"+w.Residents[0].Phone).ID, store.Page{})
	if err != nil || len(visits) != 1 {
		t.Fatalf("%d visits, %v", len(visits), err)
	}
	guard := w.staff(t, core.BindGuard, w.Guard, "guard")
	post := "/h5/guard/" + w.Post.String()
	look := guard.post(guard.get(post, http.StatusOK), post+"/look", url.Values{"pass": {visits[0].Pass.String()}}, http.StatusOK)
	guard.get(look.Find(".p-face").AttrOr("src", ""), http.StatusOK)
}

// Who scans a poster outside WeChat sends the picture with the form that is right, and the reviewer sees it; a picture of theirs never
// waits, nor does anybody else's.
func TestAPictureComesFromOutsideWeChat(t *testing.T) {
	w, picture := photoSite(t)
	guest, at := w.phone(t), w.poster(t)
	page := guest.get(at+"?house="+w.Residents[0].House.String(), http.StatusOK)
	form := w.applyForm(page)
	if none := guest.post(page, at, form, http.StatusUnprocessableEntity); none.Find("#f-photo-error").Text() == "" {
		t.Errorf("without a picture: %s", none.Find("main").Text())
	}
	other, err := w.store.CreatePhoto(t.Context(), w.userOf(t, "o-"+w.Residents[0].Phone).ID, core.NewPhoto{
		Class: core.PhotoPersonal, Whole: picture, Thumb: picture, Width: 64, Height: 48,
	})
	if err != nil {
		t.Fatal(err)
	}
	form.Set("kept_photo", other.ID.String())
	guest.post(page, at, form, http.StatusUnprocessableEntity)
	form.Set("name", "")
	again := guest.sendsIn("photo", page, at, form, picture, http.StatusUnprocessableEntity)
	if again.Find("[name=kept_photo]").Length() != 0 || !strings.Contains(again.Text(), "请重新选择") {
		t.Errorf("a picture that came with a wrong form: %s", again.Find("main").Text())
	}
	form.Set("name", "来<客>")
	guest.sendsIn("photo", again, at, form, picture, http.StatusSeeOther)
	list, _, err := w.store.Reviews(t.Context(), core.Everywhere, store.ReviewFilter{Kinds: []core.ReviewKind{core.ReviewVisit}})
	if err != nil || len(list) != 1 {
		t.Fatalf("%d applications, %v", len(list), err)
	}
	office := &inspection{site: w, t: t, permission: []core.Permission{core.PermVisitorPassView, core.PermVisitorPassReview}}
	reviewer, _ := office.reviewer("office", "物业")
	show := reviewer.get("/h5/review/"+list[0].ID.String(), http.StatusOK)
	reviewer.get(show.Find(".p-photos a").AttrOr("href", ""), http.StatusOK)
}

// A host who is asked for an appointment sees the visitor's picture, small and whole, until the answer; the link is the host's own.
func TestAHostWhoIsAskedSeesThePicture(t *testing.T) {
	w, picture := photoSite(t)
	guest, at := w.phone(t), w.poster(t)
	page := guest.get(at+"?book=yes", http.StatusOK)
	form := w.applyForm(page)
	form.Set("host", w.Residents[0].Phone)
	guest.sendsIn("photo", page, at, form, picture, http.StatusSeeOther)
	host, neighbour := w.resident(t, w.Residents[0]), w.resident(t, w.Residents[1])
	list, _, err := w.store.OwnVisitors(t.Context(), w.userOf(t, "o-"+w.Residents[0].Phone).ID, store.Page{})
	if err != nil || len(list) != 1 {
		t.Fatalf("%d visitors, %v", len(list), err)
	}
	own := visitorPassURL(list[0].ID)
	question := host.get(own, http.StatusOK)
	thumb, whole := question.Find(".p-photos img").AttrOr("src", ""), question.Find(".p-photos a").AttrOr("href", "")
	for _, link := range []string{thumb, whole} {
		host.get(link, http.StatusOK)
		neighbour.get(link, http.StatusNotFound)
		host.get(strings.Replace(link, "until=", "until=1", 1), http.StatusNotFound)
	}
	host.post(question, own+"/answer", url.Values{"approve": {"yes"}}, http.StatusSeeOther)
	host.get(thumb, http.StatusNotFound)
	if after := host.get(own, http.StatusOK); after.Find(".p-photos").Length() != 0 {
		t.Errorf("after the answer: %s", after.Find("main").Text())
	}
}

// Who asks for a code outside WeChat has it without the picture being looked at, which is asked for again.
func TestACodeDoesNotWaitForThePicture(t *testing.T) {
	w, _ := photoSite(t)
	sent := &sentCodes{}
	for _, server := range w.phones {
		server.codes = sent
	}
	guest, at := w.phone(t), w.poster(t)
	page := guest.get(at+"?house="+w.Residents[0].House.String(), http.StatusOK)
	form := w.applyForm(page)
	form.Set("act", "code")
	again := guest.sendsIn("photo", page, at, form, []byte("no picture"), http.StatusOK)
	if sent.phone != form.Get("phone") || !strings.Contains(again.Text(), "请重新选择") {
		t.Errorf("sent to %q: %s", sent.phone, again.Find("main").Text())
	}
}
