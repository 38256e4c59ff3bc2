package api

import (
	"bytes"
	"image"
	"image/jpeg"
	"mime/multipart"
	"strings"
	"testing"

	"tongxing/core"
	"tongxing/photo"
)

const (
	pictureBoundary = "tongxing-test-boundary"
	pictureFormKind = "multipart/form-data; boundary=" + pictureBoundary
)

func pictureFile(t *testing.T, w, h int) []byte {
	t.Helper()
	var file bytes.Buffer
	if err := jpeg.Encode(&file, image.NewGray(image.Rect(0, 0, w, h)), nil); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

// pictureForm is the body of a form with a picture.
func pictureForm(t *testing.T, w, h int) string {
	return fileForm(t, "photo.jpg", pictureFile(t, w, h))
}

func fileForm(t *testing.T, name string, content []byte) string {
	t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	if err := form.SetBoundary(pictureBoundary); err != nil {
		t.Fatal(err)
	}
	part, err := form.CreateFormFile("file", name)
	if err == nil {
		_, err = part.Write(content)
	}
	if err == nil {
		err = form.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return body.String()
}

// tooManyPhotos is a call by somebody who has sent as many pictures as one may keep for later.
func (s *site) tooManyPhotos() call {
	s.t.Helper()
	token := s.signIn("stranger")
	user, err := s.api.store.SignInWechat(s.t.Context(), core.WechatIdentity{AppID: miniApp, OpenID: s.sim.OpenID("stranger", miniApp)})
	if err != nil {
		s.t.Fatal(err)
	}
	made, err := photo.Make(s.t.Context(), core.PhotoPersonal, pictureFile(s.t, 8, 8))
	if err != nil {
		s.t.Fatal(err)
	}
	for range core.MaxIdlePhotos {
		if _, err := s.api.store.CreatePhoto(s.t.Context(), user.ID, made); err != nil {
			s.t.Fatal(err)
		}
	}
	return call{method: "POST", path: "/photos", token: token, body: pictureForm(s.t, 8, 8), contentType: pictureFormKind}
}

func TestPhotosAreKeptAsPixelsOnly(t *testing.T) {
	s := newSite(t)
	token := s.signIn("one")
	made := read[photoBody](s.ok(call{
		method: "POST", path: "/photos", token: token, body: pictureForm(t, 3000, 1500), contentType: pictureFormKind,
	}))
	if made.ID == 0 || made.Width != core.MaxPhotoSide || made.Height != core.MaxPhotoSide/2 {
		t.Errorf("kept as %+v", made)
	}
	for name, content := range map[string][]byte{
		"page.jpg": []byte("<html><script>alert(1)</script>"), "empty.jpg": nil, "huge.jpg": make([]byte, core.MaxPhotoBytes+1),
	} {
		refused := s.fails(422, "invalid", call{
			method: "POST", path: "/photos", token: token, body: fileForm(t, name, content), contentType: pictureFormKind,
		})
		if refused.Fields["file"] == "" || strings.Contains(refused.Message, "photo:") {
			t.Errorf("%s: %+v", name, refused)
		}
	}
}
