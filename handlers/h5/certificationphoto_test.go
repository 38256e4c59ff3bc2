package h5

import (
	"bytes"
	"image"
	"image/jpeg"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"tongxing/core"
)

// sends posts a form with a picture, as its page does.
func (p *phone) sends(page *goquery.Document, path string, form url.Values, file []byte, want int) *goquery.Document {
	p.t.Helper()
	return p.sendsIn(photoField, page, path, form, file, want)
}

// sendsIn is sends with the file in another field.
func (p *phone) sendsIn(
	field string, page *goquery.Document, path string, form url.Values, file []byte, want int,
) *goquery.Document {
	p.t.Helper()
	var body bytes.Buffer
	parts := multipart.NewWriter(&body)
	form.Set("csrf", page.Find(`meta[name="csrf-token"]`).AttrOr("content", ""))
	for name, values := range form {
		for _, value := range values {
			if err := parts.WriteField(name, value); err != nil {
				p.t.Fatal(err)
			}
		}
	}
	part, err := parts.CreateFormFile(field, "photo.jpg")
	if err == nil {
		_, err = part.Write(file)
	}
	if err == nil {
		err = parts.Close()
	}
	if err != nil {
		p.t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, p.address+path, &body)
	if err != nil {
		p.t.Fatal(err)
	}
	request.Header.Set("Content-Type", parts.FormDataContentType())
	response, err := p.client.Do(request)
	if err != nil {
		p.t.Fatal(err)
	}
	defer response.Body.Close()
	next, err := goquery.NewDocumentFromReader(response.Body)
	if err != nil || response.StatusCode != want {
		p.t.Fatalf("POST %s: %d, want %d: %s, %v", path, response.StatusCode, want, next.Find("main").Text(), err)
	}
	return next
}

// hiddenOf returns what the form of a page sends besides what is filled in.
func hiddenOf(page *goquery.Document) url.Values {
	form := url.Values{}
	page.Find("main form input[type=hidden][name]").Each(func(_ int, field *goquery.Selection) {
		form.Add(field.AttrOr("name", ""), field.AttrOr("value", ""))
	})
	return form
}

func keptPhotos(page *goquery.Document) []string {
	return page.Find(`#photos input[name=photos]`).Map(func(_ int, s *goquery.Selection) string { return s.AttrOr("value", "") })
}

// Pictures are sent one by one while the form is filled in, and seen and removed there; a refused form keeps them, and what is
// typed. The reviewer sees them, the owner of the house does not.
func TestPicturesOfAnApplication(t *testing.T) {
	w := newHome(t)
	var file bytes.Buffer
	if err := jpeg.Encode(&file, image.NewGray(image.Rect(0, 0, 640, 480)), nil); err != nil {
		t.Fatal(err)
	}
	page := w.stranger.get(certificationNewPath+"?house="+w.Houses[0].String(), http.StatusOK)
	form := hiddenOf(page)
	form.Set("name", "王<小明>")
	keep := page.Find("[data-photos-keep]").AttrOr("value", "")
	wrong := w.stranger.sends(page, keep, form, []byte("no picture"), http.StatusUnprocessableEntity)
	if wrong.Find("#f-photo-error").Text() == "" || len(keptPhotos(wrong)) != 0 {
		t.Errorf("what is no picture: %s", wrong.Find("#photos").Text())
	}
	for n := 1; n <= 3; n++ {
		page = w.stranger.sends(page, keep, form, file.Bytes(), http.StatusOK)
		form["photos"] = keptPhotos(page)
		if len(form["photos"]) != n || page.Find("[name=name]").AttrOr("value", "") != "王<小明>" {
			t.Fatalf("%d pictures: %s", n, page.Find("main").Text())
		}
	}
	w.stranger.get(page.Find("#photos img").First().AttrOr("src", ""), http.StatusOK)
	remove := page.Find("[data-photo-remove]").First().AttrOr("formaction", "")
	page = w.stranger.post(page, remove, form, http.StatusOK)
	form["photos"] = keptPhotos(page)
	page = w.stranger.post(page, certificationNewPath, form, http.StatusUnprocessableEntity) // without an identity
	if got := keptPhotos(page); len(got) != 2 || strings.Join(got, " ") != strings.Join(form["photos"], " ") {
		t.Fatalf("the refused form has %q, want %q", got, form["photos"])
	}
	form.Set("identity", "tenant")
	form.Set("key", page.Find("[name=key]").AttrOr("value", ""))
	w.stranger.sends(page, certificationNewPath, form, file.Bytes(), http.StatusSeeOther) // one more that was only chosen
	own, err := w.store.OwnCertifications(t.Context(), w.user.ID)
	if err != nil || len(own) != 1 || len(own[0].Photos) != 3 {
		t.Fatalf("%+v, %v", own, err)
	}
	photos, err := w.store.Photos(t.Context(), string(core.ReviewCertification), own[0].Review.ID)
	if err != nil || len(photos) != 3 || photos[0].Class != core.PhotoPersonal {
		t.Errorf("kept: %+v, %v", photos, err)
	}
	if seen := w.owner.get(householdURL(own[0].Review.ID), http.StatusOK); seen.Find("main img").Length() != 0 {
		t.Error("the owner sees pictures")
	}
}
